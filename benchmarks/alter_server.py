"""A private MariaDB with an appliance's own settings, and the ALTER that the lab's upgrader runs."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pymysql
from pymysql.cursors import DictCursor

from benchmarks.alter_design import CdrSpec
from deployments.lab import cdr, rhythm
from deployments.lab.base import GUEST
from deployments.lab.command import run
from deployments.lab.render import render
from deployments.lab.spec import Cdr
from deployments.lab.trouble import LabError
from tasks.facts import tables
from tasks.model.answer import Rows
from tasks.model.fact import Known, Query
from tasks.model.facts import Table
from tasks.model.profile import Profile

_BEFORE_OTHERS = -15            # nice, and a processor group of its own: other work must not be measured with it
_GROUP = Path("/sys/fs/cgroup/cpu/uplift-alter")
_PROFILE = Profile(name="benchmark")


def upgraders_alter() -> str:
    """The statement of deployments/lab/guest/upgrade-stages, word for word."""
    text = (GUEST / "upgrade-stages").read_text()
    columns, keys = re.search(r'columns="([^"]+)"', text), re.search(r"keys='([^']+)'", text)
    if not columns or not keys:
        raise LabError(f"{GUEST / 'upgrade-stages'} no longer says which columns and keys it adds")
    return f"ALTER TABLE cdr {columns[1]}, {keys[1]}"


def make_datadir(place: Path) -> None:
    run(
        "mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={place}", "--skip-test-db",
        "--auth-root-authentication-method=normal", "--innodb-log-file-size=48M",
    )


class Server:
    """A mariadbd on ``datadir``, reached only through a socket; its temporary files lie beside the data."""

    def __init__(self, datadir: Path, work: Path) -> None:
        settings = work / "mariadb.cnf"
        appliance = render("mariadb.cnf.j2", address="127.0.0.1")
        settings.write_text(appliance.replace("user = mysql\n", "user = root\n"))
        (datadir / "tmp").mkdir(exist_ok=True)
        self._socket = work / "mariadbd.sock"
        self._log = work / "mariadbd.log"
        self._process = subprocess.Popen(
            [
                "mariadbd", f"--defaults-file={settings}", f"--datadir={datadir}", "--skip-networking",
                f"--socket={self._socket}", f"--pid-file={work / 'mariadbd.pid'}", f"--log-error={self._log}",
                f"--tmpdir={datadir / 'tmp'}",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )
        os.setpriority(os.PRIO_PROCESS, self._process.pid, _BEFORE_OTHERS)
        _favour(self._process.pid)
        try:
            self.connection = self._connected()
        except BaseException:
            self._process.kill()
            raise

    def run(self, sql: str) -> Any:
        """Every statement of ``sql``; the rows of the last one."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            rows = cursor.fetchall()
            while cursor.nextset():
                rows = cursor.fetchall()
            return rows

    def cpu_s(self) -> float:
        """Processor seconds that the server has used."""
        fields = (Path("/proc") / str(self._process.pid) / "stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cdr(self) -> Table:
        """The table of calls as an inspection of a system is told it."""
        asked = tables.FACT.ask(_PROFILE, Known({}))
        assert isinstance(asked, Query)
        with self.connection.cursor(DictCursor) as cursor:
            cursor.execute(asked.sql, asked.parameters)
            rows = cursor.fetchall()
        found = tables.parse(Rows(columns=tuple(rows[0]), rows=tuple(tuple(row.values()) for row in rows)))
        table = found.get("cdr")
        assert table is not None
        return table

    def stop(self, *, cleanly: bool = True) -> None:
        if cleanly:
            self.run("SHUTDOWN")
        else:
            self._process.kill()
        self._process.wait(120)

    def _connected(self) -> pymysql.Connection[Any]:
        end = time.monotonic() + 60
        while True:
            try:
                return pymysql.connect(
                    unix_socket=str(self._socket), user="root", client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS,
                    autocommit=True,
                )
            except pymysql.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise LabError(f"mariadbd does not start; see {self._log}") from error
                time.sleep(0.05)


def _favour(pid: int) -> None:
    """Give the process a hundred times another's share, where the kernel has cgroup v1; nice alone ends at a group."""
    if _GROUP.parent.is_dir():
        _GROUP.mkdir(exist_ok=True)
        (_GROUP / "cpu.shares").write_text(str(100 * 1024))
        (_GROUP / "cgroup.procs").write_text(str(pid))


def leave_group() -> None:
    """Take the processor group away again; it is empty once the last server has ended."""
    if _GROUP.is_dir():
        _GROUP.rmdir()


@contextmanager
def serving(datadir: Path, work: Path, *, cleanly: bool) -> Iterator[Server]:
    server = Server(datadir, work)
    try:
        yield server
    except BaseException:
        server.stop(cleanly=False)
        raise
    server.stop(cleanly=cleanly)


def fill(template: Path, datadir: Path, work: Path, spec: CdrSpec) -> None:
    """Make a data folder that holds the table of ``spec``, by the lab's own generator of calls."""
    shutil.rmtree(datadir, ignore_errors=True)
    run("cp", "-a", "--reflink=auto", template, datadir)
    table = Cdr(
        rows=spec.rows, engine=spec.engine, calldate_index=spec.calldate_index, did_column=spec.did_column
    )
    calls = cdr.Calls(table, userfield_bytes=spec.userfield_bytes)
    hours = rhythm.hours(spec.rows, datetime(2026, 11, 1, 12, tzinfo=UTC), ZoneInfo("UTC"))
    with serving(datadir, work, cleanly=True) as server:
        server.run(cdr.schema(calls))
        for chunk in cdr.seeding(calls, hours):
            server.run(chunk.sql)
