"""A run is followed to its end over lost connections, and its story is the same whoever tells it."""
from __future__ import annotations

import asyncio
import base64
from contextlib import aclosing, asynccontextmanager

import pytest

from tasks.model.answer import Answer
from tasks.wire.upgrader import follow
from tasks.wire.upgrader.following import RETRY_MOST_S
from tasks.wire.upgrader.journal import PIECE_BYTES, log_of

RUN = "C-1:upgrade:1:1"
STORY = ["== unpack of C-1:upgrade:1:1", "== migrate of C-1:upgrade:1:1", "== swap of C-1:upgrade:1:1",
         "the last words"]


async def told(site, connect=None, **more):
    found = []
    async with aclosing(follow(connect or site.connect, site.profile, RUN, every_s=0.05, **more)) as following:
        async for progress in following:
            found.append(progress)
    return found


async def test_a_run_is_followed_from_its_launch_to_its_exit(site) -> None:
    await site.launch()
    following = asyncio.create_task(told(site))
    await site.until("running", stage="unpack")
    for stage in ("unpack", "migrate", "swap"):
        site.go(stage)
        await asyncio.sleep(0.2)
    story = await following
    assert [line for progress in story for line in progress.lines] == STORY
    assert story[-1].status.state.kind == "exited"
    assert [mark.stage for mark in story[-1].stages] == ["unpack", "migrate", "swap"]
    seen = {progress.status.state.stage for progress in story if progress.status.state.kind == "running"}
    assert seen and seen <= {"unpack", "migrate", "swap"}       # which ones hangs on how busy the machine is
    assert [line for progress in await told(site) for line in progress.lines] == STORY


async def test_a_follower_comes_back_over_every_lost_connection_and_misses_no_line(site) -> None:
    open_now = []

    @asynccontextmanager
    async def connect():
        async with site.connect() as connection:
            open_now.append(connection)
            yield connection

    await site.launch()
    lines, cuts, loop = [], 0, asyncio.get_running_loop()
    async with aclosing(follow(connect, site.profile, RUN, every_s=0.02, sleep=quick)) as following:
        async for progress in following:
            lines += progress.lines
            match progress.status.state.kind:
                case "untold":
                    assert progress.status.migration_running is None
                case "running":
                    loop.call_later(0.04 * (cuts % 3), open_now[-1].abort)       # at rest, or in the middle of a look
                    cuts += 1
                    site.go(progress.status.state.stage or "none")
    assert lines == STORY
    assert cuts >= 3
    assert len(open_now) >= 3
    assert progress.status.state.kind == "exited"


async def quick(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.02))


async def test_a_system_that_is_away_is_asked_again_ever_more_seldom_and_for_ever(site) -> None:
    slept, tries = [], 0

    async def note(seconds: float) -> None:
        slept.append(seconds)

    @asynccontextmanager
    async def connect():
        nonlocal tries
        tries += 1
        if tries <= 12:
            raise ConnectionRefusedError("nobody is there")
        async with site.connect() as connection:
            yield connection

    site.go()
    await site.launch()
    await site.until("exited")
    story = await told(site, connect, sleep=note)
    assert [progress.lost for progress in story[:12]] == ["nobody is there"] * 12
    assert slept[:6] == [1, 2, 4, 8, 16, RETRY_MOST_S]
    assert set(slept[5:12]) == {RETRY_MOST_S}
    assert story[-1].status.state.kind == "exited"


async def test_a_following_begun_in_the_middle_tells_only_what_is_new(site) -> None:
    site.go()
    await site.launch()
    await site.until("exited")
    whole = await told(site)
    assert whole[-1].offset == len("\n".join(STORY).encode()) + 1
    rest = await told(site, offset=len(STORY[0]) + 1)
    assert [line for progress in rest for line in progress.lines] == STORY[1:]


async def test_a_run_that_died_ends_the_following(site) -> None:
    await site.launch()
    await site.until("running", stage="unpack")
    site.end()
    await site.until("died")
    assert (await told(site))[-1].status.state.kind == "died"


async def test_a_run_that_is_not_on_the_system_any_more_ends_the_following(site) -> None:
    assert (await told(site))[-1].status.state.kind == "not_started"


def answer(text: str) -> Answer:
    return Answer(exit_code=0, stdout=text)


@pytest.mark.parametrize(("sent", "over", "lines", "offset"), [
    (b"", False, (), 10),
    (b"one\ntwo\n", False, ("one", "two"), 18),
    (b"one\ntw", False, ("one",), 14),
    (b"one\ntw", True, ("one", "tw"), 16),
    (b"half", False, (), 10),
    ("grüße\n".encode()[:4], False, (), 10),
    (b"\xff\xfe\n", False, ("\ufffd\ufffd",), 13),
    (b"x" * PIECE_BYTES, False, ("x" * PIECE_BYTES,), 10 + PIECE_BYTES),
])
def test_a_log_is_read_in_whole_lines(sent: bytes, over: bool, lines: tuple[str, ...], offset: int) -> None:
    assert log_of(answer(base64.encodebytes(sent).decode()), 10, over=over) == (lines, offset)


def test_a_piece_that_was_cut_on_its_way_is_asked_again() -> None:
    assert log_of(answer("abc"), 10, over=True) == ((), 10)
    assert log_of(None, 10, over=True) == ((), 10)
