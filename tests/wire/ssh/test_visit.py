"""A visit brings home what a system told, however it ends."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tasks.facts import shell_facts, sql_facts
from tasks.model.answer import Answer, ContactState, Recording, Silence, Why
from tasks.model.fact import Unknown
from tasks.model.facts import AsteriskVersion, Identity, Mounts
from tasks.model.fleet import System
from tasks.model.profile import Profile
from tasks.model.sweep import Limits
from tasks.rules.known import known_from
from tasks.wire.shell import Question, asked, done, framed
from tasks.wire.shell_channel import MOST_CHANNELS
from tasks.wire.visit import visit

HOST = "127.0.77.3"
QUICK = Limits(connect_s=2.0, login_s=2.0, shell_s=20.0, sql_s=5.0, total_s=30.0)
Now = Callable[[], datetime]
Make = Callable[..., System]


async def questions_of(process: Any) -> tuple[str, list[str]]:
    script = (await process.stdin.read()).decode()
    nonce, questions = asked(script)
    return nonce, [question.name for question in questions]


def say(process: Any, nonce: str, name: str, output: bytes = b"told\n") -> None:
    process.stdout.write(framed(nonce, name, 0, output))
    process.stderr.write(framed(nonce, name, 0, b""))


def finish(process: Any, nonce: str) -> None:
    process.stdout.write(done(nonce))
    process.stderr.write(done(nonce))
    process.exit(0)


async def visited(servers: Any, make_system: Make, now: Now, handler: Any, limits: Limits = QUICK) -> Recording:
    began = time.monotonic()
    system = make_system(HOST, await servers.ssh(handler))
    recording = await visit(system, Profile(name="lab"), servers.login, limits=limits, mysql=False, now=now)
    assert time.monotonic() - began < limits.total_s + 1
    assert set(recording.sql) <= {fact.name for fact in sql_facts()}
    return recording


def whys(recording: Recording) -> dict[str, Why | None]:
    return {name: answer.why if isinstance(answer, Silence) else None for name, answer in recording.shell.items()}


async def test_a_real_system_answers_every_question(real_sshd: Any, make_system: Make, now: Now) -> None:
    system = make_system(real_sshd.host, real_sshd.port, real_sshd.user)
    recording = await visit(system, Profile(name="lab"), real_sshd.login, limits=QUICK, mysql=False, now=now)
    assert recording.contact.state is ContactState.REACHED
    assert recording.started_at == now() and 0 < recording.elapsed_s < 20
    assert set(recording.shell) == {fact.name for fact in shell_facts()}
    assert all(isinstance(answer, Answer) for answer in recording.shell.values())
    known = known_from(recording)
    identity, mounts = known.get(Identity), known.get(Mounts)
    assert isinstance(identity, Identity) and identity.kernel.startswith("Linux")
    assert isinstance(mounts, Mounts) and mounts.holding("/opt/pbxware") is not None
    asterisk = known.get(AsteriskVersion)       # none runs on this machine, or one does
    assert isinstance(asterisk, AsteriskVersion | Unknown)


async def test_a_sweep_without_the_database_says_so(real_sshd: Any, make_system: Make, now: Now) -> None:
    system = make_system(real_sshd.host, real_sshd.port, real_sshd.user)
    recording = await visit(system, Profile(name="lab"), real_sshd.login, limits=QUICK, mysql=False, now=now)
    assert {name: answer.why for name, answer in recording.sql.items() if isinstance(answer, Silence)} == {
        fact.name: Why.EXCLUDED for fact in sql_facts()
    }
    assert "database_credentials" not in recording.shell


async def test_a_question_that_no_signal_ends_costs_only_itself(servers: Any, make_system: Make, now: Now) -> None:
    """It answers two questions on a channel and then stands still, as a process in uninterruptible sleep does."""
    async def handler(process: Any) -> None:
        nonce, names = await questions_of(process)
        for name in names:
            if name == "mounts":
                process.stdout.write(f"\n{nonce} begin mounts\n".encode())
                await asyncio.sleep(60)
            say(process, nonce, name)
        finish(process, nonce)

    recording = await visited(servers, make_system, now, handler)
    told = whys(recording)
    assert told.pop("mounts") is Why.TIMED_OUT
    assert set(told.values()) == {None}


async def test_a_system_where_everything_hangs_is_given_up(
    servers: Any, make_system: Make, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Question, "patience_s", 0.3)
    channels = 0

    async def handler(process: Any) -> None:
        nonlocal channels
        channels += 1
        nonce, names = await questions_of(process)
        process.stdout.write(f"\n{nonce} begin {names[0]}\n".encode())
        await asyncio.sleep(60)

    recording = await visited(servers, make_system, now, handler)
    told = whys(recording)
    assert channels == MOST_CHANNELS
    assert list(told.values()).count(Why.TIMED_OUT) == MOST_CHANNELS
    assert list(told.values()).count(Why.NOT_ASKED) == len(shell_facts()) - MOST_CHANNELS


async def test_the_time_for_a_system_is_kept_and_what_was_told_too(servers: Any, make_system: Make, now: Now) -> None:
    async def handler(process: Any) -> None:
        nonce, names = await questions_of(process)
        say(process, nonce, names[0])
        await asyncio.sleep(60)

    began = time.monotonic()
    recording = await visited(servers, make_system, now, handler, QUICK.model_copy(update={"shell_s": 1.0}))
    assert time.monotonic() - began < 2.5
    told = whys(recording)
    assert told.pop("identity") is None
    assert set(told.values()) == {Why.NOT_ASKED}


async def test_the_total_holds_whatever_the_stages_allow(servers: Any, make_system: Make, now: Now) -> None:
    async def handler(process: Any) -> None:
        nonce, names = await questions_of(process)
        say(process, nonce, names[0])
        await asyncio.sleep(60)

    recording = await visited(servers, make_system, now, handler, QUICK.model_copy(update={"total_s": 1.0}))
    assert recording.elapsed_s < 1.5
    assert recording.contact.state is ContactState.REACHED
    assert whys(recording)["identity"] is None


@pytest.mark.parametrize("after", [0, 1, 5])
async def test_a_connection_that_drops_in_the_middle_of_an_answer(
    servers: Any, make_system: Make, now: Now, after: int
) -> None:
    async def handler(process: Any) -> None:
        nonce, names = await questions_of(process)
        for name in names[:after]:
            say(process, nonce, name)
        process.stdout.write(f"\n{nonce} begin {names[after]}\nhalf an answ".encode())
        await asyncio.sleep(0.05)
        process.channel.get_connection().abort()

    recording = await visited(servers, make_system, now, handler)
    told = whys(recording)
    assert list(told.values()).count(None) == after
    assert list(told.values()).count(Why.NOT_ASKED) == len(told) - after
    assert recording.contact.state is (ContactState.REACHED if after else ContactState.DROPPED)


async def test_output_without_end_is_cut_and_costs_the_rest_at_most(servers: Any, make_system: Make, now: Now) -> None:
    async def handler(process: Any) -> None:
        nonce, names = await questions_of(process)
        say(process, nonce, names[0])
        process.stdout.write(f"\n{nonce} begin {names[1]}\n".encode())
        while True:
            process.stdout.write(b"no end " * 5000)
            await process.stdout.drain()

    began = time.monotonic()
    recording = await visited(servers, make_system, now, handler, QUICK.model_copy(update={"max_bytes": 1_000_000}))
    assert time.monotonic() - began < 5
    told = list(whys(recording).values())
    assert (told.count(None), told.count(Why.REFUSED), told.count(Why.NOT_ASKED)) == (1, 1, len(told) - 2)


async def test_bytes_that_are_not_utf8_are_replaced(servers: Any, make_system: Make, now: Now) -> None:
    async def handler(process: Any) -> None:
        nonce, names = await questions_of(process)
        for name in names:
            say(process, nonce, name, b"caf\xe9 \xff\x00\n")
        finish(process, nonce)

    recording = await visited(servers, make_system, now, handler)
    assert recording.shell["identity"] == Answer(exit_code=0, stdout="caf\ufffd \ufffd\0\n")
    assert Recording.model_validate_json(recording.model_dump_json()) == recording
    known = known_from(recording)
    assert all(isinstance(known.get(fact.of), Unknown) for fact in shell_facts())


async def test_a_login_without_a_shell(servers: Any, make_system: Make, now: Now) -> None:
    async def handler(process: Any) -> None:
        process.stdout.write(b"This account is currently not available.\n")
        process.exit(1)

    recording = await visited(servers, make_system, now, handler)
    assert recording.contact.state is ContactState.REACHED
    assert set(whys(recording).values()) == {Why.NOT_ASKED}


async def test_a_visit_that_is_cancelled_is_cancelled(servers: Any, make_system: Make, now: Now) -> None:
    async def handler(process: Any) -> None:
        await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await visited(servers, make_system, now, handler)


async def test_two_hundred_visits_at_once(servers: Any, make_system: Make, now: Now) -> None:
    async def handler(process: Any) -> None:
        nonce, names = await questions_of(process)
        for name in names:
            say(process, nonce, name)
        finish(process, nonce)

    system = make_system(HOST, await servers.ssh(handler))
    profile = Profile(name="lab")
    patient = Limits()
    recordings = await asyncio.gather(
        *(visit(system, profile, servers.login, limits=patient, mysql=False, now=now) for _ in range(200))
    )
    assert {answer for recording in recordings for answer in whys(recording).values()} == {None}
