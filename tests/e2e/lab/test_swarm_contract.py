"""The contract between swarm and appliances: the same client asks both, the same parsers read both."""
from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from deployments.lab.layout import Layout
from deployments.lab.spec import SwarmDatabase
from deployments.lab.swarm import control
from deployments.lab.up import Lab
from tasks.facts import all_facts, shell_facts
from tasks.model.answer import Answer, ContactState, Recording, Rows, Silence, Why
from tasks.model.fact import ShellFact
from tasks.model.fleet import Fleet, System
from tasks.model.profile import Profile
from tasks.model.sweep import Limits
from tasks.wire.credentials import Credentials
from tasks.wire.known_hosts import KnownHosts
from tasks.wire.ssh import Login
from tasks.wire.visit import visit

pytestmark = pytest.mark.lab
REACHABLE = ("healthy", "laden", "tenants", "full")
SWARM = 40


@pytest.fixture(scope="module")
def visited(lab: Lab) -> Iterator[dict[str, Recording]]:
    """Every appliance that can be logged in to, and a swarm whose databases are those of the first one."""
    record = next(record for record in lab.appliances if record.name == "healthy")
    database = SwarmDatabase("small", record.address, 3306, "pbxware", record.database_password)
    entries = control.start(lab.directory, SWARM, [database], network="127.37")
    try:
        appliances = Fleet.model_validate(yaml.safe_load(lab.fleet.read_text())).systems
        systems = [system for system in appliances if system.id in REACHABLE]
        profile = Profile.model_validate(yaml.safe_load(Path("deployments/profiles/lab.yaml").read_text()))
        yield asyncio.run(visit_all(lab, profile, [*systems, *map(System.model_validate, entries)]))
    finally:
        control.stop(lab.directory)


async def visit_all(lab: Lab, profile: Profile, systems: list[System]) -> dict[str, Recording]:
    home = Layout.of(lab.directory).home
    known, credential = KnownHosts.load(home / "known_hosts"), Credentials.load(home / "credentials.yaml")

    async def one(system: System) -> Recording:
        login = Login.of(credential.resolve("inspect"), known.trusted_keys(system.ssh.host, system.ssh.port))
        return await visit(system, profile, login, limits=Limits(), now=lambda: datetime.now(UTC))

    return {recording.system_id: recording for recording in await asyncio.gather(*map(one, systems))}


def of_appliances(visited: dict[str, Recording]) -> list[Recording]:
    return [visited[name] for name in REACHABLE]


def of_swarm(visited: dict[str, Recording]) -> list[Recording]:
    return [recording for name, recording in visited.items() if name.startswith("swarm-")]


def test_all_of_both_kinds_were_visited(visited: dict[str, Recording]) -> None:
    assert len(of_swarm(visited)) == SWARM
    assert {recording.contact.state for recording in visited.values()} == {ContactState.REACHED}


@pytest.mark.parametrize("fact", all_facts(), ids=lambda fact: fact.name)
def test_one_parser_reads_both(visited: dict[str, Recording], fact: object) -> None:
    for recording in visited.values():
        if isinstance(fact, ShellFact):
            answer = recording.shell[fact.name]
            assert isinstance(answer, Answer), (recording.system_id, answer)
            assert isinstance(fact.parse(answer), fact.of)
        else:
            rows = recording.sql[fact.name]  # type: ignore[attr-defined]
            if recording.system_id == "laden" and fact.name in ("cdr_rhythm", "cdr_daily"):  # type: ignore[attr-defined]
                assert isinstance(rows, Silence) and rows.why is Why.DECLINED       # big, and without an index
                continue
            assert isinstance(rows, Rows), (recording.system_id, rows)
            assert isinstance(fact.parse(rows), fact.of)  # type: ignore[attr-defined]


def said(recording: Recording, fact: str) -> Answer:
    answer = recording.shell[fact]
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize("fact", [fact.name for fact in shell_facts()])
def test_sections_and_labels_are_the_same(visited: dict[str, Recording], fact: str) -> None:
    """Those of the appliances here, or of appliances with other traits, as they were recorded."""
    def skeleton(answer: Answer) -> tuple[str, ...]:
        return tuple(re.findall(r"^(?:--[a-z]+--|[a-z_]+=|folder$)", answer.stdout, re.MULTILINE))

    real = [said(recording, fact) for recording in of_appliances(visited)]
    real += [Answer.model_validate(yaml.safe_load(path.read_text())["answer"])
             for path in Path("tests/facts", fact).glob("appliance_*.yaml")]
    assert {skeleton(said(recording, fact)) for recording in of_swarm(visited)} <= {*map(skeleton, real)}


@pytest.mark.parametrize("fact", [fact.name for fact in shell_facts()])
def test_exit_codes_are_the_same(visited: dict[str, Recording], fact: str) -> None:
    ours = {said(recording, fact).exit_code for recording in of_swarm(visited)}
    assert ours <= {said(recording, fact).exit_code for recording in of_appliances(visited)}


@pytest.mark.parametrize("fact", ["asterisk_version", "modules"])
def test_what_asterisk_says_of_itself_is_the_same_to_the_letter(visited: dict[str, Recording], fact: str) -> None:
    assert said(visited["healthy"], fact) in [said(recording, fact) for recording in of_swarm(visited)]
