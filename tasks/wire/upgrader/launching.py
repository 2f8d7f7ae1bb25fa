"""Launching the platform's upgrader on a client's system: fence and start as one step, at most one start for a run."""
from __future__ import annotations

import shlex
from enum import StrEnum
from importlib.resources import files

import asyncssh
from pydantic import TypeAdapter

from tasks.model.errors import UserError
from tasks.model.profile import Profile
from tasks.model.profile_upgrader import Upgrader
from tasks.model.release import Release
from tasks.model.upgrade import Launch, RunId
from tasks.wire.fenced import REFUSALS, Fence, Unclear, composed, converse

_RUN_ID: TypeAdapter[str] = TypeAdapter(RunId)
_REFUSALS = REFUSALS | {
    "missing": ("the system lacks {}", "install it there; a launch needs flock, setsid and awk"),
    "unwritable": ("{} cannot be written on the system", "make room, or log in as root, and launch again"),
    "busy": ("another change is at work on the system", "wait for its end and launch again"),
    "fenced": ("the system is fenced by another run ({})", "see what became of that one, and lift its fence"),
    "platform_busy": ("the platform's own upgrader runs already, and not by this run", "wait for its end"),
    "never_started": ("this run never began on the system", "launch it"),
    "ended": ("this run has ended with exit code {}", "revert, or start another run"),
    "running": ("this run is still at work", "wait for its end"),
}


class LaunchRefused(UserError):
    """The system was left as it was. ``code`` is ``launch_`` and one of the words above."""


class LaunchUnclear(UserError):
    """Whether anything began is not known; the same call again with the same run id tells, and starts nothing twice."""


class Mode(StrEnum):
    LAUNCH = "launch"
    RESUME = "resume"
    LIFT = "lift"


def upgrader_of(profile: Profile) -> Upgrader:
    """Raises UserError where the platform's upgrader is not known."""
    if profile.upgrader is None:
        raise UserError(
            "upgrader_unknown", f"the profile {profile.name!r} does not say how its systems are upgraded",
            "write its section upgrader: (docs/profiles.md), and ask the client again, as the plan has changed",
        )
    return profile.upgrader


async def launch(
    connection: asyncssh.SSHClientConnection,
    profile: Profile,
    run_id: str,
    fencing_token: int,
    release: Release,
    *,
    case_id: str = "",
    machine_id: str | None = None,
) -> Launch:
    """Lay the fence and start the upgrade, or find the launch that this run had before.

    ``fencing_token`` is the lease's: a system that has seen a higher one refuses. With ``machine_id`` another machine
    refuses. Raises LaunchRefused, LaunchUnclear, and UserError for a profile without an upgrader.
    """
    script = launch_script(profile, run_id, fencing_token, release, case_id=case_id, machine_id=machine_id)
    word, rest = await _converse(connection, script)
    return Launch(run_id=run_id, launches=int(rest), found=word == "found")


async def resume(
    connection: asyncssh.SSHClientConnection,
    profile: Profile,
    run_id: str,
    fencing_token: int,
    release: Release,
    *,
    case_id: str = "",
    machine_id: str | None = None,
) -> Launch:
    """Have an upgrade that died finished by the platform's own means: an engineer's decision, never a retry."""
    if upgrader_of(profile).resume is None:
        raise LaunchRefused("launch_no_resume", "the platform cannot finish an upgrade that died", "revert it")
    script = launch_script(
        profile, run_id, fencing_token, release, case_id=case_id, machine_id=machine_id, mode=Mode.RESUME
    )
    _, rest = await _converse(connection, script)
    return Launch(run_id=run_id, launches=int(rest), found=False)


async def lift(
    connection: asyncssh.SSHClientConnection, profile: Profile, run_id: str, fencing_token: int,
    *, machine_id: str | None = None,
) -> None:
    """Take the fence of a run away that failed or died and was dealt with; its journal stays. Refused while it runs."""
    release = Release((0, 0, 0, 0))
    script = launch_script(profile, run_id, fencing_token, release, machine_id=machine_id, mode=Mode.LIFT)
    await _converse(connection, script)


def launch_script(
    profile: Profile,
    run_id: str,
    fencing_token: int,
    release: Release,
    *,
    case_id: str = "",
    machine_id: str | None = None,
    mode: Mode = Mode.LAUNCH,
) -> str:
    """What is sent to the system's shell: the values, quoted, and then the script itself."""
    upgrader = upgrader_of(profile)
    _RUN_ID.validate_python(run_id)
    if any(c in case_id for c in "\n\0"):
        raise ValueError("a case id is one line")
    command = upgrader.resume if mode is Mode.RESUME and upgrader.resume else upgrader.launch
    values = {
        "run": run_id, "case": case_id, "mode": mode.value, "platform_lock": upgrader.path(upgrader.lock, run_id),
        "stages_log": upgrader.path(upgrader.stages_log, run_id), "runner": _text("runner.sh"),
    }
    words = shlex.join(upgrader.words(command, run_id, release))
    fence = Fence(upgrader.state_folder, fencing_token, machine_id)
    return composed(fence, values, f"set -- {words}", _text("launch.sh"))


async def _converse(connection: asyncssh.SSHClientConnection, script: str) -> tuple[str, str]:
    """The script's last word and what came with it."""
    again = "ask for its status, and launch again with the same run id"
    try:
        *said, complaint = await converse(connection, script)
    except Unclear as error:
        raise LaunchUnclear("launch_unclear", f"the launch was not confirmed: {error}", again) from None
    word, _, rest = said[-1].partition(" ") if said else ("", "", "")
    if word in _REFUSALS:
        message, remedy = _REFUSALS[word]
        raise LaunchRefused(f"launch_{word}", message.format(rest.strip() or "?"), remedy)
    if word not in ("launched", "found", "lifted") or (word != "lifted" and not rest.strip().isdigit()):
        heard = rest or complaint.removeprefix("! ")
        raise LaunchUnclear("launch_unclear", f"the launch was not confirmed (the system said: {heard})", again)
    return word, rest


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text()
