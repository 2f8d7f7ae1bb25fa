"""The real client visits the swarm: a healthy one is whole, and each fault shows its own symptom and no other."""
from __future__ import annotations

import asyncio
import time
from pathlib import Path

import asyncssh
import pytest

from deployments.lab.swarm.draw import draw
from tasks.facts import all_facts, shell_facts, sql_facts
from tasks.model.answer import Answer, ContactState, Recording, Rows, Silence, Why
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.fleet import System
from tasks.model.sweep import Limits

LIMITS = Limits(connect_s=2.0, login_s=3.0, shell_s=12.0, sql_s=4.0, total_s=20.0, max_bytes=1_000_000)


def silent(recording: Recording) -> dict[str, Why]:
    """The questions without an answer, and why."""
    answers = {**recording.shell, **recording.sql}
    found = {name: answer for name, answer in answers.items() if isinstance(answer, Silence)}
    print(recording.system_id, recording.elapsed_s, {answer.detail for answer in found.values()})
    return {name: answer.why for name, answer in found.items()}


async def test_two_hundred_systems_are_whole(start_swarm) -> None:
    swarm = start_swarm(200)
    turn = asyncio.Semaphore(50)

    async def visit(number: int) -> Recording:
        async with turn:
            return await swarm.visit(number)

    begin = time.perf_counter()
    recordings = await asyncio.gather(*(visit(number) for number in range(1, 201)))
    elapsed_s = time.perf_counter() - begin
    print(f"\n200 visits with database in {elapsed_s:.1f} s: {200 / elapsed_s:.0f} a second")
    for number, recording in enumerate(recordings, 1):
        assert recording.contact.state is ContactState.REACHED
        assert silent(recording) == {}
        assert set(recording.shell) | set(recording.sql) == {fact.name for fact in all_facts()}
        for fact in all_facts():
            if isinstance(fact, ShellFact):
                answer = recording.shell[fact.name]
                assert isinstance(answer, Answer)
                assert isinstance(fact.parse(answer), fact.of)
            else:
                rows = recording.sql[fact.name]
                assert isinstance(rows, Rows)
                assert isinstance(fact.parse(rows), fact.of)
        assert draw(1, number).machine_id in recording.shell["identity"].stdout
    assert len({recording.shell["identity"].stdout.splitlines()[1] for recording in recordings}) == 200


def test_the_neighbours_of_faulty_systems_are_whole(faulty: dict[str, Recording]) -> None:
    healthy = [recording for name, recording in faulty.items() if name.startswith("healthy")]
    assert len(healthy) == len(faulty) // 2
    assert all(silent(recording) == {} for recording in healthy)


@pytest.mark.parametrize(("fault", "state"), [
    ("hang:banner", ContactState.TIMED_OUT),
    ("hang:kex", ContactState.TIMED_OUT),
    ("hang:auth", ContactState.TIMED_OUT),
    ("refuse", ContactState.REFUSED),
    ("changed_key", ContactState.KEY_CHANGED),
    ("deny", ContactState.AUTH_FAILED),
])
def test_a_system_that_is_not_logged_in_to_says_why(
    faulty: dict[str, Recording], fault: str, state: ContactState
) -> None:
    recording = faulty[fault]
    assert recording.contact.state is state
    assert recording.shell == recording.sql == {}
    assert recording.elapsed_s < LIMITS.connect_s + LIMITS.login_s + 2


def test_a_system_that_opens_no_channel_tells_nothing(faulty: dict[str, Recording]) -> None:
    recording = faulty["hang:channel"]
    assert recording.contact.state is ContactState.REACHED
    assert set(silent(recording)) == {fact.name for fact in all_facts()}


@pytest.mark.parametrize(("fault", "question"), [("hang:question:mounts", "mounts"), ("slow:platform", "platform")])
def test_a_question_that_stalls_costs_only_itself(faulty: dict[str, Recording], fault: str, question: str) -> None:
    assert silent(faulty[fault]) == {question: Why.TIMED_OUT}


def test_a_system_that_falls_silent_keeps_what_it_told(faulty: dict[str, Recording]) -> None:
    recording = faulty["hang:all:mounts"]
    assert isinstance(recording.shell["identity"], Answer)
    assert isinstance(recording.shell["mounts"], Silence)
    assert set(recording.sql) <= set(silent(recording))
    assert recording.elapsed_s < LIMITS.total_s + 1


def test_a_connection_that_drops_keeps_what_came_before(faulty: dict[str, Recording]) -> None:
    recording = faulty["drop:mounts"]
    assert recording.contact.state is ContactState.REACHED
    assert isinstance(recording.shell["identity"], Answer)
    assert silent(recording)["mounts"] is Why.NOT_ASKED
    told = [answer.detail for answer in recording.sql.values() if isinstance(answer, Silence)]
    assert set(told) == {"the connection ended before the database's turn"}


def test_an_endless_answer_is_cut_off(faulty: dict[str, Recording]) -> None:
    recording = faulty["flood:modules"]
    assert isinstance(recording.shell["modules"], Silence)
    assert isinstance(recording.shell["identity"], Answer)


def test_bytes_that_are_not_utf8_are_read_around(faulty: dict[str, Recording]) -> None:
    recording = faulty["non_utf8:mounts"]
    assert silent(recording) == {}
    answer = recording.shell["mounts"]
    assert isinstance(answer, Answer)
    assert "\N{REPLACEMENT CHARACTER}" in answer.stdout


def test_a_database_that_never_greets_costs_the_database_only(faulty: dict[str, Recording]) -> None:
    assert set(silent(faulty["hang:mysql"])) == {fact.name for fact in sql_facts()}


@pytest.mark.parametrize(("fault", "said"), [
    ("mysql_gone", "no tunnel to the database at 127.0.0.1:3306: nothing answers there on the system"),
    ("mysql_lost", "the database ended the session, or said more than is read of one system"),
    ("wrong_login", "the database refused the login that pbxware.ini holds (error 1045)"),
    ("no_permission:database_credentials", "pbxware.ini cannot be read where the profile says it is"),
])
def test_a_database_that_cannot_be_asked_says_why(faulty: dict[str, Recording], fault: str, said: str) -> None:
    told = faulty[fault].sql
    assert set(silent(faulty[fault])) == {fact.name for fact in sql_facts()}
    assert {answer.detail for answer in told.values() if isinstance(answer, Silence)} == {said}


def test_a_slow_database_answers_what_fits_into_its_time(faulty: dict[str, Recording]) -> None:
    quiet = silent(faulty["mysql_slow:600"])
    assert set(quiet) <= {fact.name for fact in sql_facts()}
    assert set(quiet.values()) <= {Why.TIMED_OUT, Why.NOT_ASKED}
    assert quiet


@pytest.mark.parametrize("fault", ["no_permission:mounts", "gzip_bomb:configuration_errors"])
def test_what_cannot_be_read_is_unreadable_and_never_empty(faulty: dict[str, Recording], fault: str) -> None:
    recording, name = faulty[fault], fault.partition(":")[2]
    assert silent(recording) == {}
    answer, fact = recording.shell[name], next(fact for fact in shell_facts() if fact.name == name)
    assert isinstance(answer, Answer)
    with pytest.raises(Unreadable):
        fact.parse(answer)


def test_latency_is_felt_and_harmless(faulty: dict[str, Recording]) -> None:
    assert silent(faulty["latency:300"]) == {}
    assert faulty["latency:300"].elapsed_s > 1.2     # before the banner, at two channels, before the answers


async def test_a_question_that_is_new_to_the_swarm_shows(start_swarm, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fact that the swarm cannot answer must fail the contract, not fall silent."""
    fact = shell_facts()[0]
    new = ShellFact("phase_of_the_moon", fact.of, fact.ask, fact.parse)
    monkeypatch.setattr("tasks.wire.visit.shell_facts", lambda: (*shell_facts(), new))
    recording = await start_swarm(1).visit(1)
    answer = recording.shell["phase_of_the_moon"]
    assert isinstance(answer, Answer)
    assert answer.exit_code == 127
    assert "not found" in answer.stderr


async def test_only_a_systems_own_database_is_tunnelled_to(start_swarm, database) -> None:
    swarm = start_swarm(1)
    ssh = System.model_validate(swarm.entries[0]).ssh
    async with asyncssh.connect(
        ssh.host, ssh.port, username="root", known_hosts=str(swarm.layout.home / "known_hosts"), config=None,
        client_keys=[str(swarm.layout.home / "keys/inspect")], agent_path=None,
    ) as connection:
        for host, port in ((database.address, database.port), ("127.0.0.1", 22), ("192.0.2.1", 3306)):
            with pytest.raises(asyncssh.ChannelOpenError, match="not this system's database"):
                await connection.open_connection(host, port)
        reader, writer = await connection.open_connection("127.0.0.1", 3306)
        assert b"MariaDB" in await reader.read(100)
        writer.close()
        assert (await connection.run("echo one")).stdout == "one\n"
        assert (await connection.run("true")).exit_status == 0
        assert (await connection.run("reboot")).exit_status == 127


async def test_a_stranger_is_not_let_in(start_swarm, tmp_path: Path) -> None:
    ssh = System.model_validate(start_swarm(1).entries[0]).ssh
    with pytest.raises(asyncssh.PermissionDenied):
        await asyncssh.connect(
            ssh.host, ssh.port, username="root", known_hosts=None, config=None, agent_path=None,
            client_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        )
