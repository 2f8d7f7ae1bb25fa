"""The client of the proof, as a process of its own that can be killed: archives the calls of one server.

`python -m tests.prove.cdr_archiver PORT CUTOFF [undo]`; the last line that it prints is what it has done.
"""
from __future__ import annotations

import asyncio
import sys

import pymysql

from tasks.model.profile_archive import CdrArchive
from tasks.wire.cdr_archive.archiving import archive
from tasks.wire.cdr_archive.restoring import drop, restore
from tasks.wire.cdr_archive.run import Hooks, Run
from tasks.wire.cdr_archive.session import Database
from tasks.wire.mysql_write import Writer

ARCHIVE = "cdr_archive_c_prove_1"


async def nothing() -> None:
    return None


async def told(line: str) -> None:
    print(line, flush=True)


async def main(port: int, cutoff: str, undo: bool) -> None:
    connection = pymysql.connect(host="127.0.0.1", port=port, user="root", database="uplift", autocommit=True)
    hooks = Hooks(nothing, nothing, told)
    run = await Run.of(Database(Writer(connection)), CdrArchive(), hooks, table="cdr", archive=ARCHIVE)
    if undo:
        restored = await restore(run)
        await drop(run)
        print(restored.rows)
    else:
        print((await archive(run, cutoff)).rows)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], "undo" in sys.argv[3:]))
