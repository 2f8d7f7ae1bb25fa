"""The rig of test_cdr_archive_*.py: calls archived while new ones come in, the client and the server killed.

Taken up again each time: no row is lost or doubled, by count and checksum over every column, and no new call waits a
second for its record. POINTS below 40 makes the table of five million smaller in proportion.
"""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pymysql
import pytest

from deployments.lab.render import render
from tests.prove.cdr_archiver import ARCHIVE
from tests.prove.database_servers import MariaDb

POINTS = min(40, int(os.environ.get("UPLIFT_PROVE_POINTS", "40")))
OLD_ROWS, NEW_ROWS = 5_000_000 * POINTS // 40, 250_000 * POINTS // 40
CUTOFF = "2026-01-01 00:00:00"
SLOWEST_S = 1.0
FEWEST = max(10, 100 * POINTS // 40)        # live calls: a small table is archived in a few seconds
_FILL = (
    "INSERT INTO cdr (tenant, clid, src, dst, dcontext, channel, dstchannel, lastapp, lastdata, calldate, duration, "
    "billsec, billamount, disposition, amaflags, uniqueid) SELECT IF(seq MOD 3, '201', NULL), "
    "CONCAT('\"Caller Ä', seq MOD 977, '\" <', seq, '>'), 2000 + seq MOD 977, 3000 + seq MOD 613, 'default', "
    "CONCAT('SIP/', 2000 + seq MOD 977, '-', LPAD(HEX(seq), 8, '0')), CONCAT('SIP/', 3000 + seq MOD 613, '-', "
    "LPAD(HEX(seq + 1), 8, '0')), 'Dial', 'SIP/trunk/00441234567890,60,tT', "
    "CAST('{cutoff}' AS DATETIME) + INTERVAL (CAST(seq AS SIGNED) - {old} - 1) * 6 SECOND - INTERVAL seq MOD 50 "
    "SECOND, seq MOD 700, seq MOD 650, seq MOD 97 / 10, 'ANSWERED', 3, CONCAT(1700000000 + seq, '.', seq) "
    "FROM seq_1_to_{all}"
)
_COLUMNS = (
    "AcctId, tenant, clid, src, dst, dcontext, channel, dstchannel, lastapp, lastdata, calldate, duration, billsec, "
    "billamount, disposition, amaflags, accountcode, uniqueid, userfield, did"
)


class Serving(MariaDb):
    """As a small PBX has it: MariaDB's defaults but for the sizes."""

    def _words(self) -> list[str]:
        ours = ("--innodb-buffer-pool-size=", "--innodb-log-file-size=")
        plain = [word for word in super()._words() if not word.startswith(ours)]
        return [*plain, "--innodb-buffer-pool-size=256M", "--innodb-log-file-size=96M", "--key-buffer-size=128M",
                "--myisam-sort-buffer-size=128M", f"--tmpdir={self.folder}"]

    def connected(self) -> pymysql.Connection[Any]:
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", database="uplift", autocommit=True)

    def rows(self, sql: str) -> tuple[tuple[Any, ...], ...]:
        with self.connected() as connection, connection.cursor() as cursor:
            for statement in sql.split(";"):
                cursor.execute(statement)
            return tuple(cursor.fetchall())


class LiveCalls:
    """Somebody telephones: a call is recorded every twentieth of a second, and how long that took is noted."""

    def __init__(self, server: Serving) -> None:
        self._server, self._ended, self._paused = server, threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._go)
        self.known: set[int] = set()            # keys of the calls that the server has confirmed
        self.waits_s: list[float] = []

    def __enter__(self) -> LiveCalls:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(60)

    def pause(self) -> None:
        self._paused.set()

    def go_on(self) -> None:
        self._paused.clear()

    def _go(self) -> None:
        while not self._ended.is_set():
            with suppress(pymysql.Error, OSError), self._server.connected() as connection:
                self._insert(connection)
            time.sleep(0.05)

    def _insert(self, connection: pymysql.Connection[Any]) -> None:
        sql = "INSERT INTO cdr (clid, src, dst, calldate, uniqueid) VALUES ('live', '1', '2', NOW(), UUID_SHORT())"
        with connection.cursor() as cursor:
            while not self._ended.is_set() and not self._paused.is_set():
                began = time.monotonic()
                cursor.execute(sql)
                self.waits_s.append(time.monotonic() - began)
                self.known.add(int(cursor.lastrowid))
                time.sleep(0.05)


@contextmanager
def served() -> Iterator[Serving]:
    folder = Path(tempfile.mkdtemp(prefix="uplift-archive-", dir="/var/tmp"))
    folder.chmod(0o711)
    serving = Serving(folder / "db")
    try:
        yield serving
    finally:
        serving.kill()
        shutil.rmtree(folder, ignore_errors=True)


def filled(server: Serving, engine: str, *, indexed: bool) -> None:
    server.emptied()
    table = render("cdr.sql.j2", engine=engine, calldate_index=indexed, did_column=True)
    # Filled as MyISAM with its indexes built at the end: several times faster than row by row.
    server.rows(table.replace(f"ENGINE={engine}", "ENGINE=MyISAM").rstrip().rstrip(";"))
    fill = _FILL.format(cutoff=CUTOFF, old=OLD_ROWS, all=OLD_ROWS + NEW_ROWS)
    server.rows(f"ALTER TABLE cdr DISABLE KEYS;{fill};ALTER TABLE cdr ENABLE KEYS")
    if engine != "MyISAM":
        server.rows(f"SET GLOBAL innodb_flush_log_at_trx_commit = 0;ALTER TABLE cdr ENGINE={engine};"
                    "SET GLOBAL innodb_flush_log_at_trx_commit = 1")


def total(server: Serving, *tables: str) -> tuple[int, ...]:
    """Count and checksum of all calls that were there before, wherever they are."""
    sums = f"COUNT(*), COALESCE(SUM(CRC32(CONCAT_WS('#', {_columns()}))), 0)"
    told = [server.rows(f"SELECT {sums}, COALESCE(BIT_XOR(CRC32(CONCAT_WS('|', {_columns()}))), 0) FROM {table} "
                        f"WHERE AcctId <= {OLD_ROWS + NEW_ROWS}")[0] for table in tables]
    xor = 0
    for row in told:
        xor ^= int(row[2])
    return sum(int(row[0]) for row in told), sum(int(row[1]) for row in told), xor


def _columns() -> str:
    return ", ".join(f"IFNULL({column}, '-')" for column in _COLUMNS.split(", "))


def archiving(server: Serving, *more: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tests.prove.cdr_archiver", str(server.port), CUTOFF, *more]
    root = Path(__file__).parents[2]
    return subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def when_archived(server: Serving, fraction: float, client: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 900
    while time.monotonic() < until:
        assert client.poll() is None, client.stdout.read()[-2000:] if client.stdout else ""
        with suppress(pymysql.Error):
            told = server.rows(f"SELECT COALESCE(SUM(row_count), 0) FROM {ARCHIVE}_batches")[0][0]
            if int(told) >= OLD_ROWS * fraction:
                return
        time.sleep(0.1)
    pytest.fail("the archive made no progress")


def ended(client: subprocess.Popen[str]) -> str:
    said, _ = client.communicate(timeout=900)
    assert client.returncode == 0, said[-2000:]
    return said.splitlines()[-1]


def proven(server: Serving, engine: str, *, indexed: bool, note: Callable[[str, float], None]) -> None:
    filled(server, engine, indexed=indexed)
    before, old = total(server, "cdr"), server.rows(f"SELECT COUNT(*) FROM cdr WHERE calldate < '{CUTOFF}'")[0][0]
    assert old >= OLD_ROWS
    began = time.monotonic()
    with LiveCalls(server) as live:
        first = archiving(server)
        when_archived(server, 0.3, first)
        first.kill()
        first.wait()
        second = archiving(server)
        when_archived(server, 0.6, second)
        live.pause()
        server.kill()                           # the server, in the middle of a batch
        second.wait(60)
        began += restarted(server)
        live.go_on()
        assert int(ended(archiving(server))) == old
    took_s = time.monotonic() - began
    note("rows/s", OLD_ROWS / took_s)
    note("slowest insert, s", max(live.waits_s))
    note("live inserts", len(live.waits_s))
    in_both = server.rows(f"SELECT COUNT(*) FROM cdr JOIN {ARCHIVE} USING (AcctId)")[0][0]
    assert in_both == 0
    assert total(server, "cdr", ARCHIVE) == before
    assert server.rows(f"SELECT COUNT(*) FROM {ARCHIVE}") == ((old,),)
    assert server.rows(f"SELECT COUNT(*) FROM cdr WHERE calldate < '{CUTOFF}'") == ((0,),)
    there = {row[0] for row in server.rows(f"SELECT AcctId FROM cdr WHERE AcctId > {OLD_ROWS + NEW_ROWS}")}
    assert live.known <= there and len(live.known) == len(live.waits_s)
    assert len(live.waits_s) > FEWEST and max(live.waits_s) < SLOWEST_S, (len(live.waits_s), max(live.waits_s))


def restarted(server: Serving) -> float:
    """How long it took until the table answers again: a server repairs a MyISAM table at its first use."""
    began = time.monotonic()
    server.start()
    server.rows("SELECT AcctId FROM cdr ORDER BY AcctId DESC LIMIT 1")
    return time.monotonic() - began


def noting(record_property: Any, capsys: Any) -> Callable[[str, float], None]:
    def noted(what: str, value: float) -> None:
        record_property(what, value)
        with capsys.disabled():
            print(f"\n  {what}: {value:,.3f}")

    return noted
