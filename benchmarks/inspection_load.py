"""What a phone system does while it is inspected: calls over its trunk, a new CDR row every few milliseconds."""
from __future__ import annotations

import asyncio
import contextlib
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import pymysql

from deployments.lab.layout import Layout
from deployments.lab.record import Record

CALL_S = 20                                # extension 601 of the lab plays a tone so long
_ANSWER_WITHIN_S = 120                      # the checksum of 5,000,000 rows takes some 10 s
_INSERT = "INSERT INTO cdr (calldate, src, dst, uniqueid, userfield) VALUES (NOW(), '101', '102', %s, 'load')"
_SECRET = re.compile(r"^secret = (\S+)$", re.MULTILINE)


@asynccontextmanager
async def calls(record: Record, layout: Layout, at_once: int) -> AsyncIterator[None]:
    """Hold ``at_once`` calls up: each a SIP call over the trunk to the carrier's echo, with a tone as RTP."""
    path = record.rootfs(layout) / "opt/pbxware/pw/etc/asterisk/manager.conf"
    secret = _SECRET.search(path.read_text())
    assert secret, f"{path} has no secret"
    reader, writer = await asyncio.open_connection(record.address, 5038)
    _say(writer, Action="Login", Username="pbxware", Secret=secret[1], Events="off")
    drain = asyncio.create_task(reader.read(-1))
    begin = asyncio.create_task(_originate(writer, at_once))
    try:
        await asyncio.sleep(CALL_S)        # until as many calls end as begin
        yield
    finally:
        begin.cancel()
        _say(writer, Action="Logoff")
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.wait_for(drain, 5)
        writer.close()


async def _originate(writer: asyncio.StreamWriter, at_once: int) -> None:
    number = 0
    while True:
        number += 1
        _say(writer, Action="Originate", ActionID=str(number), Channel="Local/9600@from-internal", Exten="601",
             Context="from-internal", Priority="1", Timeout="10000", Async="true")
        await writer.drain()
        await asyncio.sleep(CALL_S / at_once)


def _say(writer: asyncio.StreamWriter, **fields: str) -> None:
    writer.write("".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n")


@dataclass
class Inserts:
    """Moments (monotonic, s) and durations (ms) of the INSERTs so far."""

    took: list[tuple[float, float]] = field(default_factory=list)

    def slowest_ms(self, begin_s: float, end_s: float) -> float:
        """Of those that were under way at any time in between."""
        return max((ms for at, ms in self.took if at + ms / 1000 >= begin_s and at <= end_s), default=0.0)

    def count(self, begin_s: float, end_s: float) -> int:
        return sum(begin_s <= at <= end_s for at, _ in self.took)


def connect(record: Record) -> pymysql.Connection[pymysql.cursors.Cursor]:
    return pymysql.connect(
        host=record.address, user="pbxware", password=record.database_password, database="pbxware", autocommit=True,
        read_timeout=_ANSWER_WITHIN_S, write_timeout=_ANSWER_WITHIN_S,
    )


@contextmanager
def inserting(record: Record, every_s: float = 0.02) -> Iterator[Inserts]:
    """A row into ``cdr`` every ``every_s`` from a thread of its own; what was written is deleted by nobody."""
    told, stop = Inserts(), threading.Event()

    def work() -> None:
        with connect(record) as connection, connection.cursor() as cursor:
            while not stop.wait(every_s):
                began = time.monotonic()
                cursor.execute(_INSERT, (f"{began:.6f}",))
                told.took.append((began, (time.monotonic() - began) * 1000))

    thread = threading.Thread(target=work, name="inserting")
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join()
