"""The case database on all three servers, each of them real and private to the session."""
from __future__ import annotations

import multiprocessing
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pymysql
import pytest
from sqlalchemy import Connection, text

from tasks.wire.store import Store
from tasks.wire.store.engine import Database, connect, database_url

SERVERS = ("sqlite", "postgresql", "mariadb")
WRITERS = 8


@dataclass(frozen=True)
class Postgres:
    """A running server that listens on a UNIX socket in ``folder`` only."""

    folder: Path

    def run(self, statement: str) -> None:
        with psycopg.connect(host=str(self.folder), user="uplift", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)


@dataclass(frozen=True)
class MariaDb:
    """A running server that listens on a UNIX socket only."""

    socket: Path

    def run(self, statement: str) -> None:
        with pymysql.connect(unix_socket=str(self.socket), user="root", autocommit=True) as connection:
            connection.cursor().execute(statement)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A short path: a UNIX socket's may not be longer than 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="up-cases-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def case_mariadb(server_folder: Path) -> Iterator[MariaDb]:
    if not shutil.which("mariadbd"):
        pytest.fail("MariaDB is missing: apt-get install --no-install-recommends mariadb-server-core")
    folder = server_folder / "maria"
    folder.mkdir()
    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    own = ["--no-defaults", f"--user={user}", f"--datadir={folder}/data", "--innodb-log-file-size=8M"]
    made = subprocess.run(["mariadb-install-db", *own, "--auth-root-authentication-method=normal", "--skip-test-db"],
                          capture_output=True, text=True, cwd="/")
    assert made.returncode == 0, made.stderr
    server = subprocess.Popen(
        ["mariadbd", *own, f"--socket={folder}/s", f"--log-error={folder}/log", "--skip-networking", "--skip-log-bin",
         "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--performance-schema=OFF"],
        stderr=subprocess.DEVNULL, cwd="/",
    )
    mariadb = MariaDb(folder / "s")
    try:
        _answers(mariadb, server, folder / "log")
        yield mariadb
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="session")
def case_postgres(server_folder: Path) -> Iterator[Postgres]:
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not binaries:
        pytest.fail("PostgreSQL is missing: apt-get install --no-install-recommends postgresql")
    folder, programs = server_folder / "pg", binaries[-1].parent
    folder.mkdir()
    as_user: list[str] = []
    if os.geteuid() == 0:       # PostgreSQL does not run as root
        other = pwd.getpwnam("nobody")
        os.chown(folder, other.pw_uid, other.pw_gid)
        as_user = ["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups"]
    made = subprocess.run([*as_user, programs / "initdb", "-D", folder / "data", "-U", "uplift", "-A", "trust", "-N",
                           "-E", "UTF8", "--locale=C"], capture_output=True, text=True, cwd="/")
    assert made.returncode == 0, made.stderr
    options = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off", "max_connections": "60",
               "shared_buffers": "16MB"}
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*as_user, programs / "postgres", "-D", folder / "data", *words], stderr=log, cwd="/")
    postgres = Postgres(folder)
    try:
        _answers(postgres, server, folder / "log")
        yield postgres
    finally:
        server.terminate()
        server.wait(20)


def _answers(database: Postgres | MariaDb, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(400):
        try:
            return database.run("SELECT 1")
        except (psycopg.OperationalError, pymysql.err.OperationalError):
            if server.poll() is not None:
                break
            time.sleep(0.05)
    pytest.fail(f"a database server did not start: {log.read_text(errors='replace')[-2000:]}")


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def make_url(request: pytest.FixtureRequest) -> Callable[[str, Path], str]:
    """The URL of a new empty database on a server."""
    numbers = count(1)

    def make(server: str, folder: Path) -> str:
        name = f"case_db_{next(numbers)}"
        if server == "sqlite":
            return f"sqlite:///{folder / name}.db"
        if server == "postgresql":
            postgres: Postgres = request.getfixturevalue("case_postgres")
            postgres.run(f"CREATE DATABASE {name}")
            return f"postgresql://uplift@/{name}?host={postgres.folder}"
        mariadb: MariaDb = request.getfixturevalue("case_mariadb")
        mariadb.run(f"CREATE DATABASE {name} CHARACTER SET latin1")     # Uplift's own choice must win
        return f"mariadb://root@localhost/{name}?unix_socket={mariadb.socket}"

    return make


@pytest.fixture
def url(server: str, make_url: Callable[[str, Path], str], tmp_path: Path) -> str:
    return make_url(server, tmp_path)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as store:
        yield store


@pytest.fixture
def run_sql(url: str) -> Iterator[Callable[..., object]]:
    """Reach past the store, as one would who tampers with the database."""
    database = Database(connect(database_url(url)))

    def run(statement: str, **values: object) -> object:
        def work(connection: Connection) -> object:
            result = connection.execute(text(statement), values)
            return result.fetchall() if result.returns_rows else result.rowcount

        return database.write(work)

    yield run
    database.engine.dispose()


@pytest.fixture(scope="session")
def writers() -> Iterator[ProcessPoolExecutor]:
    """Eight processes, each with connections of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.wire.store.writing"])
    with ProcessPoolExecutor(WRITERS, mp_context=context) as pool:
        yield pool
