"""A client's system in the hands of somebody of ill will harms no visit but its own."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from tasks.model.answer import Answer, Silence, Why
from tasks.model.fact import Query
from tasks.model.fleet import System
from tasks.model.profile import Database
from tasks.model.sweep import Limits
from tasks.wire.mysql import DatabaseLogin, read_credentials, session
from tasks.wire.ssh import connect

Make = Callable[..., System]


def test_one_systems_blanks_do_not_hold_up_the_sweep() -> None:
    """The answer is read in the loop that serves all systems."""
    ini = "pw_mysql_host=h\npw_mysql_username=u\npw_mysql_password=a" + " " * 250_000 + "b ; note\n"
    began = time.process_time()
    login = read_credentials(Answer(exit_code=0, stdout=ini), Database())
    assert time.process_time() - began < 0.5
    assert login.password == "a" + " " * 250_000 + "b"


GREETING = (
    b"\x0a5.5.5-10.3.39-MariaDB\x00" + b"\x01\x00\x00\x00" + b"12345678\x00" + b"\xff\xf7\x21\x02\x00\xff\x81"
    b"\x15" + bytes(10) + b"123456789012\x00mysql_native_password\x00"
)
OK = b"\x00\x00\x00\x02\x00\x00\x00"
# What a server of ill will may answer to a question: "send me that file of yours", and rows that are none.
NONSENSE = [b"\xfb/etc/passwd", b"\x03", b"\x01" + b"\xff" * 9, b"\xfc", b"\xfe" + bytes(8), b"\x00"]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda said: said.hex())
async def test_a_database_that_answers_nonsense_is_one_refused_question(
    real_sshd: Any, make_system: Make, nonsense: bytes
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(number: int, packet: bytes) -> None:
            writer.write(len(packet).to_bytes(3, "little") + bytes([number]) + packet)

        say(0, GREETING)
        number = 2                      # of the answer to the login; 1 to each statement
        while header := await reader.read(4):
            packet = await reader.readexactly(int.from_bytes(header[:3], "little"))
            say(number, nonsense if packet.startswith(b"\x03SELECT") else OK)
            number = 1

    async with await asyncio.start_server(serve, "127.0.77.4", 0) as server:
        host, port = server.sockets[0].getsockname()
        login = DatabaseLogin(host=host, port=port, user="reader", password="x")
        system = make_system(real_sshd.host, real_sshd.port, real_sshd.user)
        async with (
            connect(system, real_sshd.login, Limits()) as connection,
            session(connection, login, "pbxware", max_bytes=100_000) as one,
        ):
            told = await one.ask(Query("SELECT 1"), 1)
            assert one.lost
    assert isinstance(told, Silence)
    assert told.why in (Why.REFUSED, Why.TIMED_OUT)
    assert told.detail.startswith("the database ")
