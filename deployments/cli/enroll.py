"""``uplift fleet enroll``: show which host keys systems have, and record them on the operator's word alone."""
from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import asyncssh
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deployments.cli.errors import ExitCode
from deployments.cli.output import AsJson, print_json, print_table, progress_console
from reports.text import visible
from tasks.model.fleet import System
from tasks.rules.enrolment import Key, State, Word, judge_key, read_fingerprints
from tasks.rules.select import select
from tasks.wire.fleet_file import load_fleet
from tasks.wire.home import Home, find_home
from tasks.wire.host_key_scan import Scanned, scan
from tasks.wire.known_hosts import KnownHosts, record_all
from tasks.wire.marked_yaml import read_text
from tasks.wire.names import look_up_at_once

COLUMNS = ("system", "address", "type", "fingerprint", "state", "detail")
ENROLLED = (State.KNOWN, State.CONFIRMED, State.REPLACED)


@dataclass
class Answer:
    """What one system showed, and what became of it."""

    system: System
    scanned: Scanned
    recorded: tuple[str, ...]
    state: State = State.SILENT
    detail: str = field(default="")

    @property
    def row(self) -> tuple[str, ...]:
        key = self.scanned.key
        kind = str(key.get_algorithm()) if key is not None else ""
        address = f"{self.scanned.host}:{self.scanned.port}"
        return (self.system.id, address, kind, self.scanned.fingerprint or "", self.state.value, self.detail)


def enroll(
    fleet: Annotated[Path, typer.Argument(metavar="FLEET", help="fleet.yaml, a CSV file, or a folder of either.")],
    chosen: Annotated[str | None, typer.Option("--select", help="Which systems, e.g. 'id=swarm-*'.")] = None,
    accept: Annotated[list[str] | None, typer.Option(help="A fingerprint that you verified; may be repeated.")] = None,
    fingerprints: Annotated[Path | None, typer.Option(help="A file of lines `host:port SHA256:…`.")] = None,
    replace: Annotated[list[str] | None, typer.Option(help="The id of a system whose key was changed.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=1000, help="Scans at once.")] = 50,
    limit_s: Annotated[float, typer.Option(min=0.1, max=300, help="Seconds that one system may take.")] = 10.0,
    as_json: AsJson = False,
) -> None:
    """Show each new host key and record it once you have verified its fingerprint.

    Your word is --accept, --fingerprints, or a yes at the terminal. A key that differs from the recorded one is only
    replaced with --replace ID and the new fingerprint spelled out in --accept or --fingerprints.
    """
    home = find_home()
    loaded = load_fleet(fleet, home=home)
    systems = select(loaded, chosen) if chosen else loaded.systems
    listed = read_fingerprints(read_text(fingerprints), str(fingerprints)) if fingerprints else {}
    word = Word(frozenset(accept or ()), listed, frozenset(replace or ()))
    word.check({system.id for system in systems})
    path = Home(home).known_hosts
    answers = asyncio.run(_scan_all(systems, KnownHosts.load(path), concurrency, limit_s))
    for answer in answers:
        key = Key(answer.system.id, answer.scanned.host, answer.scanned.port, answer.scanned.fingerprint)
        answer.state, answer.detail = judge_key(key, answer.recorded, word)
        answer.detail = answer.scanned.detail or answer.detail
    _ask(answers, as_json=as_json)
    record_all(path, _keys(answers, State.CONFIRMED))
    record_all(path, _keys(answers, State.REPLACED), replace=True)
    _show(answers, as_json=as_json)
    if any(answer.state not in ENROLLED for answer in answers):
        raise typer.Exit(ExitCode.INCOMPLETE)


def _show(answers: list[Answer], *, as_json: bool) -> None:
    """All systems for a program; for people those that were not known before, and in a sentence what they ask for."""
    if as_json:
        print_json([dict(zip(COLUMNS, answer.row, strict=True)) for answer in answers])
        return
    told = [answer for answer in answers if answer.state is not State.KNOWN]
    if told:
        print_table([COLUMNS[0], COLUMNS[1], *COLUMNS[3:5]],
                    [(answer.row[0], answer.row[1], *answer.row[3:5]) for answer in told])
    for answer in told:
        if answer.state not in ENROLLED:
            print(visible(f"{answer.system.id}: {answer.detail}"), file=sys.stderr)
    counts = Counter(answer.state.value for answer in answers)
    print(f"{len(answers)} systems: " + ", ".join(f"{count} {state}" for state, count in counts.items()))


def _keys(answers: list[Answer], state: State) -> list[tuple[str, int, asyncssh.SSHKey]]:
    shown = [answer.scanned for answer in answers if answer.state is state]
    return [(scanned.host, scanned.port, scanned.key) for scanned in shown if scanned.key is not None]


async def _scan_all(
    systems: Sequence[System], known: KnownHosts, concurrency: int, limit_s: float
) -> list[Answer]:
    gate = asyncio.Semaphore(concurrency)
    look_up_at_once(concurrency)
    columns = (TextColumn("reading host keys"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=progress_console(), transient=True) as progress:
        bar = progress.add_task("scan", total=len(systems))

        async def one(system: System) -> Answer:
            async with gate:
                answer = await _scan_one(system, known, limit_s)
            progress.advance(bar)
            return answer

        return list(await asyncio.gather(*map(one, systems)))


async def _scan_one(system: System, known: KnownHosts, limit_s: float) -> Answer:
    """Ask for a key of the recorded type first: a server has several, and another type is not a changed key."""
    host, port = system.ssh.host, system.ssh.port
    trusted = known.trusted_keys(host, port)
    types = tuple(dict.fromkeys(alg.decode() for key in trusted for alg in key.sig_algorithms))
    scanned = await scan(host, port, limit_s=limit_s, algorithms=types)
    if types and scanned.key is None:
        scanned = await scan(host, port, limit_s=limit_s)
    return Answer(system, scanned, known.fingerprints(host, port))


def _ask(answers: list[Answer], *, as_json: bool) -> None:
    """Ask for each new key at the terminal; where nobody can answer, the answer is no."""
    waiting = [answer for answer in answers if answer.state is State.NEW]
    if not waiting or as_json or sys.stdin is None or not sys.stdin.isatty():
        return
    for answer in waiting:
        question = f"{answer.system.id} ({answer.system.client}) shows {answer.scanned.fingerprint}. Did you verify it?"
        if typer.confirm(visible(question), err=True):
            answer.state, answer.detail = State.CONFIRMED, "recorded on your word"
