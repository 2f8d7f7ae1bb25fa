"""Real servers for the wire: a private OpenSSH sshd and a private MariaDB, on loopback, one of each for a session."""
from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import pymysql
import pytest

from tasks.model.facts import Edition
from tasks.model.fleet import Environment, Ssh, System
from tasks.wire.credentials import Credential
from tasks.wire.ssh import Login


@dataclass(frozen=True)
class Sshd:
    """A running sshd that lets ``key`` in as ``user``."""

    host: str
    port: int
    user: str
    key: asyncssh.SSHKey
    host_key: asyncssh.SSHKey

    @property
    def login(self) -> Login:
        return Login.of(Credential("inspect", key=self.key), [self.host_key])


@dataclass(frozen=True)
class MariaDb:
    """A running mariadbd with the schema ``pbxware``, and a login that may only read it."""

    host: str
    port: int
    path: Path
    user: str = "reader"
    password: str = "s3cret-'\"-w0rd"

    def run(self, *statements: str, schema: str | None = "pbxware") -> None:
        connection = pymysql.connect(unix_socket=str(self.path), user="root", database=schema, autocommit=True)
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def system_at(host: str, port: int, user: str = "root", id: str = "acme") -> System:
    return System(
        id=id, client="Acme", environment=Environment.STANDALONE, edition=Edition.BUSINESS,
        ssh=Ssh(host=host, port=port, user=user, credential="inspect"), timezone="Europe/London", country="GB",
    )


@pytest.fixture
def make_system() -> Callable[..., System]:
    return system_at


@pytest.fixture
def now() -> Callable[[], datetime]:
    return lambda: datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def private_folder() -> Iterator[Path]:
    """A short path: a UNIX socket's may not be longer than 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="up-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def real_sshd(private_folder: Path) -> Iterator[Sshd]:
    folder = private_folder / "sshd"
    folder.mkdir()
    key, host_key = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    host_key.write_private_key(folder / "host_key")
    (folder / "host_key").chmod(0o600)
    key.write_public_key(folder / "authorized_keys")
    host, port = _address_of_this_run(65), 2020
    Path("/run/sshd").mkdir(exist_ok=True) if os.geteuid() == 0 else None
    options = {
        "Port": port, "ListenAddress": host, "HostKey": folder / "host_key", "PidFile": "none",
        "AuthorizedKeysFile": folder / "authorized_keys", "UsePAM": "no", "StrictModes": "no",
        "PasswordAuthentication": "no", "MaxStartups": "200:30:400", "UseDNS": "no",
        "PermitRootLogin": "prohibit-password",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", *words], stderr=log)
    try:
        _wait_for(lambda: _listens(host, port), server, folder / "log")
        yield Sshd(host, port, pwd.getpwuid(os.geteuid()).pw_name, key, host_key.convert_to_public())
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="session")
def real_mariadb(private_folder: Path) -> Iterator[MariaDb]:
    folder = private_folder / "db"
    folder.mkdir()
    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    own = ["--no-defaults", f"--user={user}", f"--datadir={folder}/data"]
    subprocess.run(
        ["mariadb-install-db", *own, "--auth-root-authentication-method=normal", "--skip-test-db",
         "--innodb-log-file-size=4M"],
        check=True, capture_output=True,
    )
    host, port = _address_of_this_run(66), 3306
    server = subprocess.Popen(
        ["mariadbd", *own, f"--socket={folder}/s", f"--pid-file={folder}/pid", f"--port={port}",
         f"--bind-address={host}", "--skip-name-resolve", f"--log-error={folder}/log", "--skip-log-bin",
         "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0",
         "--performance-schema=OFF"],
        stderr=subprocess.DEVNULL,
    )
    database = MariaDb(host, port, folder / "s")
    try:
        _wait_for(lambda: database.path.exists() and _listens(host, port), server, folder / "log")
        password = pymysql.converters.escape_string(database.password)
        database.run(
            "CREATE DATABASE pbxware",
            f"CREATE USER reader@'%' IDENTIFIED BY '{password}'",
            "GRANT SELECT ON pbxware.* TO reader@'%'",
            f"CREATE USER stranger@'%' IDENTIFIED BY '{password}'",
            schema=None,
        )
        yield database
    finally:
        server.terminate()
        server.wait(20)


def _address_of_this_run(network: int) -> str:
    """Two test runs on one machine must not talk to each other's servers."""
    return f"127.{network}.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def _wait_for(ready: Callable[[], bool], server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(400):
        if ready():
            return
        if server.poll() is not None:
            break
        time.sleep(0.05)
    pytest.fail(f"a server did not start: {log.read_text(errors='replace')[-2000:] if log.exists() else 'no log'}")
