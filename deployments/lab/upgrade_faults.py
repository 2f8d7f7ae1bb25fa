"""What the upgrader of an appliance is told to do wrong, and when: a host's knob for tests and demonstrations.

Read by the upgrader at each stage from /etc/lab/upgrade-faults, so it can be changed while an upgrade runs.
"""
from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from deployments.lab.command import run
from deployments.lab.layout import Layout
from deployments.lab.record import records
from deployments.lab.trouble import LabError


class Stage(StrEnum):
    UNPACK = "unpack"
    STOP = "stop"
    MIGRATE = "migrate"
    CONVERT = "convert"
    SWAP = "swap"
    START = "start"
    VERSION = "version"


class Trouble(StrEnum):
    FAIL = "fail"                           # ends with exit code 1
    DIE = "die"                             # kill -9 of the upgrader, so that it leaves no exit code of its own
    HANG = "hang"                           # until the fault is taken back
    FILL_DISK = "fill_disk"                 # of the whole lab's pool; ``clear`` makes room again
    HALF = "half"                           # migrate: hangs between the two halves of the ALTER
    INDEX_MISSING = "index_missing"         # migrate: half the new schema
    ROWS_LOST = "rows_lost"                 # migrate: so many calls
    MODULE_MISSING = "module_missing"       # unpack: a module of the new tree, e.g. res_rtp_asterisk
    NO_TRUNK = "no_trunk"                   # convert: the name of the trunk
    EXTENSION_MISSING = "extension_missing"
    CODEC_DROPPED = "codec_dropped"
    WRONG_CONTEXT = "wrong_context"         # convert: calls of all extensions arrive there
    STOPPED = "stopped"                     # start: Asterisk ends after its check
    HEADER_STALE = "header_stale"           # version: the web admin's files name the old release


S, T = Stage, Trouble
_ANY = frozenset({T.FAIL, T.DIE, T.HANG, T.FILL_DISK})
_ONLY_IN = {
    T.HALF: S.MIGRATE, T.INDEX_MISSING: S.MIGRATE, T.ROWS_LOST: S.MIGRATE, T.MODULE_MISSING: S.UNPACK,
    T.NO_TRUNK: S.CONVERT, T.EXTENSION_MISSING: S.CONVERT, T.CODEC_DROPPED: S.CONVERT, T.WRONG_CONTEXT: S.CONVERT,
    T.STOPPED: S.START, T.HEADER_STALE: S.VERSION,
}
_WHAT = {
    T.ROWS_LOST: "100", T.MODULE_MISSING: "res_rtp_asterisk", T.NO_TRUNK: "trunk", T.EXTENSION_MISSING: "103",
    T.CODEC_DROPPED: "alaw", T.WRONG_CONTEXT: "nowhere",
}


@dataclass(frozen=True)
class Fault:
    """``what`` is the extension, codec, module, context or number of calls; empty takes the usual one."""

    stage: Stage
    trouble: Trouble
    what: str = ""

    def __post_init__(self) -> None:
        if self.trouble not in _ANY and _ONLY_IN[self.trouble] is not self.stage:
            raise LabError(f"{self.trouble} can only be had in {_ONLY_IN[self.trouble]}; choose that stage")
        if self.what and (self.trouble not in _WHAT or not self.what.replace("_", "").isalnum()):
            raise LabError(f"{self.what!r} means nothing to {self.trouble}; leave it out")

    @property
    def line(self) -> str:
        return f"{self.stage} {self.trouble} {self.what or _WHAT.get(self.trouble, '')}".rstrip()


def leave_broken() -> tuple[Fault, ...]:
    """Each fault that lets an upgrade end well and leaves something broken."""
    return tuple(Fault(stage, trouble) for trouble, stage in _ONLY_IN.items() if trouble is not T.HALF)


def put(layout: Layout, name: str, *faults: Fault) -> None:
    """Let the upgrader of ``name`` have exactly these faults from now on."""
    fresh = _file(layout, name).with_suffix(".new")
    fresh.write_text("".join(f"{fault.line}\n" for fault in faults))
    fresh.replace(_file(layout, name))


def clear(layout: Layout, name: str) -> None:
    """Take all faults back: what hangs goes on, and a full disk has room again."""
    ballast = list(_rootfs(layout, name).glob("opt/pbxware/ballast.*"))
    for file in ballast:
        file.unlink()
    if ballast:
        run("sync", "-f", _rootfs(layout, name))        # before that, btrfs gives nothing of it out again
    _file(layout, name).unlink(missing_ok=True)


def _file(layout: Layout, name: str) -> Path:
    return _rootfs(layout, name) / "etc/lab/upgrade-faults"


def _rootfs(layout: Layout, name: str) -> Path:
    record = records(layout).get(name)
    return record.rootfs(layout) if record else layout.systems / name       # a clone has no record
