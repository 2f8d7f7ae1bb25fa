"""Real database servers on loopback, for tests that kill -9 them and start them again."""
from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path

import psycopg
import pymysql

_NAME = "uplift"


class Server(ABC):
    """One server with one database. Its processes are a group of their own, which is ended as a whole."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, _free_port()
        self.user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        folder.mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder, self.user)
        self._install()
        self.start()

    def start(self) -> None:
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(self._words(), stderr=log, stdout=log, cwd="/", start_new_session=True)
        until = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None and time.monotonic() < until, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.05)

    def kill(self) -> None:
        """Every process of it at once, as kill -9 does."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        time.sleep(0.2)                 # PostgreSQL's children are nobody's, and die a moment later

    @abstractmethod
    def emptied(self) -> str:
        """The URL of its database, which is new."""

    @abstractmethod
    def _install(self) -> None: ...

    @abstractmethod
    def _words(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...


class MariaDb(Server):
    def emptied(self) -> str:
        with pymysql.connect(host="127.0.0.1", port=self.port, user="root", autocommit=True) as connection:
            connection.cursor().execute(f"DROP DATABASE IF EXISTS {_NAME}")
            connection.cursor().execute(f"CREATE DATABASE {_NAME}")
        return f"mariadb://root@127.0.0.1:{self.port}/{_NAME}"

    def _own(self) -> list[str]:
        return ["--no-defaults", f"--user={self.user}", f"--datadir={self.folder}/data",
                "--innodb-log-file-size=8M"]

    def _install(self) -> None:
        _run("mariadb-install-db", *self._own(), "--auth-root-authentication-method=normal", "--skip-test-db")

    def _words(self) -> list[str]:
        return ["mariadbd", *self._own(), f"--socket={self.folder}/s", "--bind-address=127.0.0.1",
                f"--port={self.port}", "--skip-log-bin", "--innodb-buffer-pool-size=32M", "--performance-schema=OFF"]

    def _answers(self) -> bool:
        try:
            pymysql.connect(host="127.0.0.1", port=self.port, user="root").close()
        except pymysql.err.OperationalError:
            return False
        return True


class Postgres(Server):
    @property
    def _programs(self) -> Path:
        return sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))[-1].parent

    @property
    def _as_user(self) -> list[str]:
        if os.geteuid() != 0:
            return []                   # PostgreSQL does not run as root
        other = pwd.getpwnam(self.user)
        return ["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups"]

    def emptied(self) -> str:
        with self._connected() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {_NAME} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {_NAME}")
        return f"postgresql://uplift@127.0.0.1:{self.port}/{_NAME}"

    def _connected(self) -> psycopg.Connection:
        return psycopg.connect(host="127.0.0.1", port=self.port, user="uplift", dbname="postgres", autocommit=True)

    def _install(self) -> None:
        _run(*self._as_user, str(self._programs / "initdb"), "-D", f"{self.folder}/data", "-U", "uplift", "-A", "trust",
             "-E", "UTF8", "--locale=C")

    def _words(self) -> list[str]:
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "",
                   "max_connections": 40, "shared_buffers": "16MB"}
        given = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return [*self._as_user, str(self._programs / "postgres"), "-D", f"{self.folder}/data", *given]

    def _answers(self) -> bool:
        try:
            self._connected().close()
        except psycopg.OperationalError:
            return False
        return True


def _run(*words: str) -> None:
    ran = subprocess.run(words, capture_output=True, text=True, cwd="/")
    assert ran.returncode == 0, ran.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
