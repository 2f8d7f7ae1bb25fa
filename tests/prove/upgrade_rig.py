"""A real appliance with a case whose upgrade is due, put back to that moment as often as it is wanted."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import update

from deployments.lab import snapshots
from deployments.lab.container import Container
from deployments.lab.layout import Layout
from deployments.lab.record import records, write_private
from deployments.lab.spec import ApplianceSpec
from deployments.lab.trouble import LabError
from deployments.lab.up import up
from tasks.model import event as e
from tasks.model.case import Case, How, State, Step
from tasks.model.fleet import Serverware
from tasks.model.ledger import JournalEntry
from tasks.model.window import Window
from tasks.rules.lifecycle import Refused
from tasks.wire.store import Store
from tasks.wire.store.engine import Database, connect, database_url, now
from tasks.wire.store.tables import leases
from tests.operator_site import UPLIFT

NETWORK, NAME, READY, TARGET = 42, "pbx1", "ready-for-upgrade", "7.2.0"
ZONE = "Asia/Singapore"                 # its clocks never change
STAGES = ("unpack", "stop", "migrate", "convert", "swap", "start", "version")
SPEC = ApplianceSpec(
    name=NAME, rows=60_000, timezone=ZONE, country="SG", serverware=Serverware(host="lab", vps_id="101"),
)


@dataclass(frozen=True)
class Seen:
    """What stands on the appliance, read past Uplift. ``asterisk_major`` is 0 where none answers."""

    launches: int
    stages: tuple[str, ...]
    runner_exit: str
    upgrader_exit: str
    asterisk_major: int
    release: str


class Rig:
    """``url`` is where the case of the present point is kept: another database may take the place of the file."""

    def __init__(self, directory: Path) -> None:
        lab = up(directory, [SPEC], network=NETWORK)
        self.layout = Layout.of(lab.directory)
        self.home, self.kept = lab.home, directory / "kept"
        self.url = self.file = f"sqlite:///{self.home / 'uplift.db'}"
        secret = records(self.layout)[NAME].extensions["101"]
        echo = {"systems": {NAME: {"user": "101", "secret": secret, "number": "600"}}}
        write_private(self.home / "echo_calls.yaml", yaml.safe_dump(echo))
        told = json.loads(self.uplift("ticket", "open", "--fleet", str(lab.fleet), "--system", NAME, "--target", TARGET,
                                      "--order", "SO-1", "--json").stdout)
        self.case_id = str(told["case_id"])
        self._prepare()
        snapshots.snapshot(self.layout, NAME, READY)
        self.story = self.journal()
        shutil.copytree(self.home, self.kept)

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "UPLIFT_HOME": str(self.home), "UPLIFT_DATABASE_URL": self.url}

    @property
    def box(self) -> Container:
        return Container(self.layout, NAME, self.layout.systems / NAME)

    @property
    def fence(self) -> str:
        return f"{self.case_id}-1"

    def uplift(self, *words: str, limit_s: float = 300.0) -> subprocess.CompletedProcess[str]:
        return subprocess.run([UPLIFT, *words], env=self.env, capture_output=True, text=True, timeout=limit_s)

    def tending(self) -> subprocess.Popen[bytes]:
        """The reconciler, which works on the step in its own process."""
        words = [str(UPLIFT), "tend", "--once"]
        return subprocess.Popen(words, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def again(self, url: str | None = None) -> None:
        """System, case folder and database as they were when the upgrade became due; ``url`` is an empty database."""
        snapshots.restore(self.layout, NAME, READY)
        for old in self.home.glob("uplift.db*"):
            old.unlink()
        shutil.rmtree(self.home / "cases")
        shutil.copytree(self.kept / "cases", self.home / "cases")
        self.url = url or self.file
        if url is None:
            for kept in self.kept.glob("uplift.db*"):
                shutil.copy2(kept, self.home)
        else:
            self._told_anew()
        snapshots.boot(self.layout, NAME)

    @contextmanager
    def store(self) -> Iterator[Store]:
        with Store.open(self.url) as store:
            yield store

    def case(self) -> Case:
        with self.store() as store:
            return store.case(self.case_id)

    def journal(self) -> tuple[JournalEntry, ...]:
        with self.store() as store:
            return store.journal(self.case_id)

    def pass_lease(self) -> None:
        """What a minute does to the lease of a run that is dead, without waiting for it."""
        engine = connect(database_url(self.url))
        try:
            Database(engine).write(
                lambda c: c.execute(update(leases).values(expires_at=now(c) - timedelta(seconds=1)))
            )
        finally:
            engine.dispose()

    def stages(self) -> tuple[str, ...]:
        """As the upgrader's own journal has them, in order."""
        path = self.box.rootfs / f"opt/pbxware/upgrade/{self.fence}/stages"
        try:
            return tuple(line.split()[-1] for line in path.read_text().splitlines() if line.strip())
        except FileNotFoundError:
            return ()

    def ended(self) -> bool:
        return (self.box.rootfs / f"opt/pbxware/upgrade/{self.fence}/exit").exists()

    def seen(self) -> Seen:
        run = self.box.rootfs / "var/lib/uplift/runs" / self.fence
        header = (self.box.rootfs / "opt/pbxware/pw/home/sitemanager/admin/index.php").read_text(errors="replace")
        return Seen(
            launches=int(_text(run / "launches") or 0), stages=self.stages(), runner_exit=_text(run / "exit"),
            upgrader_exit=_text(self.box.rootfs / f"opt/pbxware/upgrade/{self.fence}/exit"),
            asterisk_major=self._asterisk(),
            release=header.split("PBXware v", 1)[1].split()[0],
        )

    def _asterisk(self) -> int:
        try:
            said = self.box.run("/opt/pbxware/sh/asterisk", "-rx", "core show version")
        except LabError:
            return 0                    # none answers
        return int(said.split()[1].split(".")[0])

    def cut_connections(self) -> int:
        """kill -9 of each SSH session's process on the appliance, its listener apart; how many there were."""
        inside = (
            "n=0; for p in /proc/[0-9]*; do t=$(tr '\\0' ' ' <$p/cmdline 2>/dev/null); "
            'case $t in *listener*) ;; "sshd: "*|"sshd-session: "*) kill -9 ${p#/proc/} 2>/dev/null && n=$((n+1)) ;; '
            "esac; done; echo $n"
        )
        return int(self.box.run("sh", "-c", inside))

    def _prepare(self) -> None:
        """To the moment at which the backup is made and the window is open."""
        for state in (State.ASSIGNED, State.INSPECTED, State.NOTIFIED):
            self._tended(state)
        with self.store() as store:
            case = store.case(self.case_id)
            at = store.now()
            local = (at + timedelta(seconds=4)).astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)
            window = Window.at_local(local, ZONE, duration_s=8 * 3600, needs_s=case.needed().total_seconds())
            words = (
                e.Delivered(at=at, by="mail"), e.Proposed(at=at, by="eva", slots=(window,)),
                e.Confirmed(at=at, by="Mei", digest=case.plan_digest or "", window=window, how=How.TELEPHONE),
            )
            for word in words:
                moved = store.record(self.case_id, word)
                assert not isinstance(moved, Refused), moved
        time.sleep(5)
        self._tended(State.BACKED_UP)

    def _tended(self, state: State) -> None:
        ran = self.uplift("tend", "--once")
        case = self.case()
        assert case.state is state, f"{case.state} {case.trouble} {ran.stdout}{ran.stderr}"

    def _told_anew(self) -> None:
        """The same case in another database: each entry of its journal happens again."""
        first, *rest = (
            e.EVENTS.validate_python({**entry.body, "at": entry.at, "by": entry.by, "kind": entry.kind})
            for entry in self.story
        )
        with self.store() as store:
            case, _ = store.open_case(first)
            for event in rest:
                moved = store.record(case.id, event)
                assert not isinstance(moved, Refused), moved
        assert self.case().attempts == _attempts(self.story)


def _attempts(story: tuple[JournalEntry, ...]) -> dict[Step, int]:
    begun = [Step(str(entry.body["step"])) for entry in story if entry.kind == "step_started"]
    return {step: begun.count(step) for step in dict.fromkeys(begun)}


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""


def told(ran: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(ran.stdout)
    return rows
