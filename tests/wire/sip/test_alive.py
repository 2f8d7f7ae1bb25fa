"""Whether a PBX is alive, seen on real ones: up, stopped, started again; and on listeners that are no PBX."""
from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks.model.call import Transport
from tasks.wire.sip.alive import Alive, Change, ask_options, connect_tcp, wait_alive, watch
from tests.wire.sip.conftest import Pbx

NOBODY = "127.21.9.250"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize("transport", Transport)
async def test_a_running_pbx_is_alive_and_says_so_fast(pbx: Pbx, transport: Transport) -> None:
    seen = await ask_options(pbx.record.address, transport=transport)
    assert seen.up and seen.status in (200, 401, 404) and seen.elapsed_ms < 1000


@pytest.mark.parametrize("transport", Transport)
async def test_where_nobody_listens_nothing_is_alive(transport: Transport) -> None:
    seen = await ask_options(NOBODY, transport=transport, limit_s=0.3)
    assert not seen.up and seen.status is None and seen.elapsed_ms < 1000


async def test_a_name_that_does_not_exist_is_not_alive() -> None:
    assert not (await ask_options("no-such-host.invalid", limit_s=1.0)).up


async def test_tcp_tells_who_takes_connections(pbx: Pbx) -> None:
    assert (await connect_tcp(pbx.record.address, 5038)).up
    assert not (await connect_tcp(NOBODY, 5038)).up


@pytest.mark.parametrize(("said", "up"), [
    ("SIP/2.0 200 OK", True), ("SIP/2.0 401 Unauthorized", True), ("SIP/2.0 404 Not Found", True),
    ("SIP/2.0 503 Service Unavailable", False), ("SIP/2.0 500 Server Error", False), ("HTTP/1.1 200 OK", False),
    ("SIP/2.0 100 Trying", False),
])
async def test_only_the_answers_of_a_working_pbx_mean_alive(said: str, up: bool) -> None:
    assert (await _asked_of(lambda request: [_answer(said, request)])).up == up


async def test_an_answer_to_another_question_is_not_taken_for_ours() -> None:
    def answer(request: str) -> list[str]:
        return ["\0\xff rubbish", _answer("SIP/2.0 200 OK", request).replace("Call-ID: ", "Call-ID: other")]

    assert not (await _asked_of(answer)).up


async def test_a_lost_packet_is_sent_again() -> None:
    asked: list[str] = []

    def answer(request: str) -> list[str]:
        asked.append(request)
        return [_answer("SIP/2.0 200 OK", request)] if len(asked) == 2 else []

    assert (await _asked_of(answer, limit_s=2.0)).up
    assert asked[0] == asked[1]


async def test_the_downtime_of_a_restart_is_measured(sip22: Pbx) -> None:
    changes: list[Change] = []

    async def follow() -> None:
        async with aclosing(watch(sip22.record.address, interval_s=0.1)) as seen:
            async for change in seen:
                changes.append(change)

    watching = asyncio.create_task(follow())
    try:
        await asyncio.sleep(0.5)
        down_at = time.monotonic()
        await asyncio.to_thread(sip22.box.run, "/opt/pbxware/sh/pbxware", "stop")
        await asyncio.sleep(1.5)
        await asyncio.to_thread(sip22.box.run, "/opt/pbxware/sh/pbxware", "start")
        up_after_s = time.monotonic() - down_at
        await asyncio.sleep(1.0)
    finally:
        watching.cancel()
    assert [change.up for change in changes] == [True, False, True]
    measured_s = changes[2].lasted_s
    assert measured_s is not None and 1.2 < measured_s < up_after_s + 0.7
    assert changes[2].at - changes[1].at == timedelta(seconds=measured_s)


async def test_waiting_for_a_pbx_that_never_comes_ends(sip22: Pbx) -> None:
    assert await wait_alive(NOBODY, limit_s=0.5, interval_s=0.1) is None
    found = await wait_alive(sip22.record.address, limit_s=5)
    assert found is not None and found.up


async def test_a_single_lost_look_is_no_downtime_and_two_are_since_the_first() -> None:
    looks = iter([True, False, True, False, False, False, True, True])
    second = iter(range(100))

    async def look() -> Alive:
        return Alive(next(looks), NOON + timedelta(seconds=next(second)), 0.0)

    changes = []
    async with aclosing(watch("unused", interval_s=0.0, look=look)) as seen:
        async for change in seen:
            changes.append((change.up, (change.at - NOON).seconds, change.lasted_s))
            if len(changes) == 3:
                break
    assert changes == [(True, 0, None), (False, 3, 3.0), (True, 6, 3.0)]


class _Server(asyncio.DatagramProtocol):
    def __init__(self, answer: object) -> None:
        self.answer = answer

    def connection_made(self, transport: Any) -> None:
        self.channel = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert callable(self.answer)
        for each in self.answer(data.decode()):
            self.channel.sendto(each.encode("latin-1"), addr)


async def _asked_of(answer: object, limit_s: float = 0.4) -> Alive:
    """Ask a server on loopback that answers as ``answer`` says."""
    loop = asyncio.get_running_loop()
    channel, _ = await loop.create_datagram_endpoint(lambda: _Server(answer), local_addr=("127.0.0.1", 0))
    try:
        return await ask_options("127.0.0.1", channel.get_extra_info("sockname")[1], limit_s=limit_s)
    finally:
        channel.close()


def _answer(first_line: str, request: str) -> str:
    kept = [line for line in request.split("\r\n") if line.startswith(("Via", "From", "To", "Call-ID", "CSeq"))]
    return "\r\n".join([first_line, *kept, "Content-Length: 0", "", ""])
