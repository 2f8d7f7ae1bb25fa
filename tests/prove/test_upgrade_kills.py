"""The matrix of kills of an upgrade: whatever dies, it is launched at most once, never killed, and told truly.

Each cell is one kind of kill at one moment of the upgrade. A whole run visits every cell once and writes
docs/reliability.md; SEED draws where in the moment the kill falls, and which cells a sample has.
"""
from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import product
from pathlib import Path

import pytest

from deployments.lab.down import down
from tasks.model.case import LaunchEnd, State, Step
from tasks.model.release import Release
from tasks.rules.lifecycle import Awaited, Due, Wait, next_step
from tests.prove.database_servers import MariaDb, Postgres, Server
from tests.prove.prefect_site import PrefectSite
from tests.prove.reliability_page import Row, write_page
from tests.prove.upgrade_rig import STAGES, Rig, Seen, told

pytestmark = [pytest.mark.prove, pytest.mark.lab]
SEED = int(os.environ.get("UPLIFT_PROVE_SEED", "1"))


class Kill(StrEnum):
    PROCESS = "the process that runs the step"
    RECONCILER = "a reconciler while it starts"
    CONNECTION = "the SSH connection"
    DATABASE = "the database server"
    PREFECT = "Prefect's server and worker"


class Moment(StrEnum):
    """After this had begun, the kill falls; the stages of the upgrader are named by their own words."""

    GUARDS = "guards"
    LAUNCH = "launch"
    UNPACK = "unpack"
    STOP = "stop"
    MIGRATE = "migrate"
    CONVERT = "convert"
    SWAP = "swap"
    START = "start"
    VERSION = "version"
    ENDED = "ended"


SPAN_S = {              # about as long as the moment lasts: measured, 2 cores
    Moment.GUARDS: 6.0, Moment.LAUNCH: 0.6, Moment.UNPACK: 1.2, Moment.STOP: 0.4, Moment.MIGRATE: 1.0,
    Moment.CONVERT: 0.3, Moment.SWAP: 1.0, Moment.START: 0.5, Moment.VERSION: 0.3, Moment.ENDED: 2.0,
}
CELLS = list(product(Kill, Moment))
ASKED = int(os.environ.get("UPLIFT_PROVE_POINTS", "40"))
POINTS = ASKED if ASKED < 40 else len(CELLS)        # a sample, or all of it
ROUNDS = 10
ALONE_S = 60.0          # how long a run whose worker and server are gone may go on


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    directory = Path(tempfile.mkdtemp(prefix="uplift-prove-", dir="/var/tmp"))
    try:
        yield Rig(directory / "lab")
    finally:
        down(directory / "lab")
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def servers() -> Iterator[Callable[[type[Server]], Server]]:
    """Each kind of database server is started when it is wanted first."""
    folder = Path(tempfile.mkdtemp(prefix="uplift-cases-", dir="/var/tmp"))
    folder.chmod(0o711)
    running: dict[type[Server], Server] = {}

    def server(kind: type[Server]) -> Server:
        if kind not in running:
            running[kind] = kind(folder / kind.__name__)
        return running[kind]

    yield server
    for each in running.values():
        each.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def prefect(rig: Rig) -> Iterator[Callable[[], PrefectSite]]:
    """Started when it is wanted first; it looks for cases where the rig has them in a file."""
    running: list[PrefectSite] = []

    def site() -> PrefectSite:
        if not running:
            running.append(PrefectSite(rig.layout.root.parent / "prefect", rig.env))
        running[0].start()
        return running[0]

    yield site
    for each in running:
        each.stop()


@pytest.fixture(scope="module")
def table() -> Iterator[list[Row]]:
    """What was done and how it ended; a page of it only where nothing was left out."""
    rows: list[Row] = []
    began = time.monotonic()
    yield rows
    if len(rows) == len(CELLS):
        write_page(rows, SEED, time.monotonic() - began)


@pytest.mark.parametrize("point", range(POINTS))
def test_whatever_is_killed_the_upgrade_is_launched_at_most_once_and_told_truly(
    rig: Rig, servers: Callable[[type[Server]], Server], prefect: Callable[[], PrefectSite], table: list[Row],
    point: int,
):
    kill, moment = random.Random(SEED).sample(CELLS, len(CELLS))[point]
    chance = random.Random(f"{SEED}/{point}")
    kind = (MariaDb, Postgres)[(list(Moment).index(moment) + SEED) % 2]
    server = servers(kind) if kill is Kill.DATABASE else None
    rig.again(server.emptied() if server else None)
    kept_in = kind.__name__ if server else "SQLite"
    fell, ended, fault = "it did not fall", "unknown", ""
    try:
        if kill is Kill.PREFECT:
            fell = prefect_killed(rig, prefect(), moment, chance)
        else:
            fell = killed(rig, kill, moment, chance, server)
        tended(rig)
        ended = judged(rig)
    except Exception as error:
        fault = " ".join(str(error).split())[:120] or type(error).__name__
        raise
    finally:
        table.append(Row(point + 1, kill, moment, kept_in, fell, ended, fault))


def killed(rig: Rig, kill: Kill, moment: Moment, chance: random.Random, server: Server | None) -> str:
    """One reconciler at work, and the kill at its moment; where it fell, in words."""
    first = rig.tending()
    try:
        if kill is Kill.RECONCILER and moment is Moment.GUARDS:     # alone, before it has begun the step
            time.sleep(chance.uniform(0.1, 2.5))
        else:
            reached(rig, moment, lambda: first.poll() is None)
            time.sleep(chance.uniform(0, SPAN_S[moment]))
        fell = where(rig) if kill is not Kill.DATABASE else ""
        if kill is Kill.PROCESS or (kill is Kill.RECONCILER and moment is Moment.GUARDS):
            first.kill()
        elif kill is Kill.RECONCILER:
            second = rig.tending()
            time.sleep(chance.uniform(0.1, 3.0))
            second.kill()
            second.wait()
        elif kill is Kill.CONNECTION:
            fell += f", {rig.cut_connections()} sessions"
        elif server is not None:
            server.kill()
            time.sleep(chance.uniform(0.2, 4.0))
            server.start()
            fell = where(rig)
        first.wait(240)
        return fell
    finally:
        first.kill()
        first.wait()


def prefect_killed(rig: Rig, site: PrefectSite, moment: Moment, chance: random.Random) -> str:
    """The step as a run of its deployment; server and worker die, and in half of the cells the run's process too."""
    with_flow = chance.random() < 0.5
    try:
        site.upgrade(rig.case_id)
        reached(rig, moment, lambda: True)
        time.sleep(chance.uniform(0, SPAN_S[moment]))
        fell = where(rig)
        site.kill(with_flow=with_flow)
        until = time.monotonic() + ALONE_S
        while not with_flow and rig.case().running is not None and time.monotonic() < until:
            time.sleep(0.5)
    finally:
        site.end_flow()
    return f"{fell}, {'with' if with_flow else 'without'} the run's process"


def reached(rig: Rig, moment: Moment, alive: Callable[[], bool]) -> None:
    """Wait for a moment of the upgrade to begin; a database that is asked is the one of the case."""
    until = time.monotonic() + 120
    with rig.store() as store:
        while True:
            match moment:
                case Moment.GUARDS:
                    running = store.case(rig.case_id).running
                    there = running is not None and running.step is Step.UPGRADE
                case Moment.LAUNCH:
                    there = store.case(rig.case_id).launch is not None
                case Moment.ENDED:
                    there = rig.ended()
                case _:
                    there = moment.value in rig.stages()
            if there:
                return
            assert alive() and time.monotonic() < until, f"{moment} never came"
            time.sleep(0.02)


def where(rig: Rig) -> str:
    if rig.ended():
        return "after its exit"
    return f"in {rig.stages()[-1]}" if rig.stages() else "before its first stage"


def tended(rig: Rig) -> None:
    """Rounds of the reconciler until nothing is due; the lease of what was killed is let pass before each."""
    for _ in range(ROUNDS):
        rig.pass_lease()
        ran = rig.uplift("tend", "--once", "--json")
        assert ran.returncode in (0, 1) and ran.stdout, ran.stderr
        if not told(ran):
            return
    raise AssertionError(f"something is due after {ROUNDS} rounds: {ran.stdout}")


def judged(rig: Rig) -> str:
    """What must be true after every kill; how the case ended, in words."""
    seen = rig.seen()
    launched_once_and_never_killed(seen)
    with rig.store() as store:
        case, found = store.case(rig.case_id), store.verify_journal(rig.case_id)
        what = next_step(case, store.now(), store.hold())
    assert not found, found
    told_stages = tuple(
        str(entry.body["text"]).split()[1] for entry in rig.journal()
        if entry.kind == "noted" and str(entry.body["text"]).startswith("stage ")
    )
    assert told_stages == seen.stages, f"the case tells {told_stages}, the system {seen.stages}"
    if seen.launches:
        assert case.launch is not None and case.launch.end is LaunchEnd.FINISHED, case.launch
        assert case.running_release == Release.parse(seen.release), f"{case.running_release}, not {seen.release}"
        bad_call = case.state is State.NEEDS_ENGINEER and case.trouble and case.trouble.resume is State.TESTING
        assert case.state is State.WATCHING or bad_call, f"{case.state}: {case.trouble}"
        assert (seen.asterisk_major, seen.release) == (22, "7.2.0.0")
    else:
        assert case.launch is None or case.launch.launched_at is None, "a launch is told that the system does not know"
        assert case.state is State.NEEDS_ENGINEER and case.trouble and case.trouble.remedy, case.state
        assert (seen.asterisk_major, seen.release) == (16, "6.7.1.0")
    assert not isinstance(what, Due) and not (isinstance(what, Wait) and what.awaited is Awaited.NOTHING), what
    deaths = sum(entry.kind == "step_died" for entry in rig.journal())
    runs = f", after {deaths} dead run{'s' * (deaths > 1)}" if deaths else ""
    return f"{case.state}; {seen.release} with Asterisk {seen.asterisk_major}; {seen.launches} launch{runs}"


def launched_once_and_never_killed(seen: Seen) -> None:
    assert seen.launches in (0, 1), f"launched {seen.launches} times"
    assert seen.stages == (STAGES if seen.launches else ()), seen.stages
    ends = (seen.runner_exit, seen.upgrader_exit)
    assert ends == (("0", "0") if seen.launches else ("", "")), f"exit codes {ends}"
