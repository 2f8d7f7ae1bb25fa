"""Host keys that an operator vouched for, in OpenSSH's known_hosts format. Strict: an unknown key is no key.

Only plain names are read (``host`` for port 22, ``[host]:2020`` else): every address is one dictionary entry, so that
a fleet of 10,000 costs nothing to look up. Hashed names, patterns, certificates and revocations are refused, because a
line that is silently passed over would be a key that is silently not checked.
"""
from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from tasks.model.errors import UserError

Trusted = tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]


def address_name(host: str, port: int) -> str:
    """How known_hosts writes an address. Host names are compared without regard to case."""
    return host.lower() if port == 22 else f"[{host.lower()}]:{port}"


def fingerprint(key: asyncssh.SSHKey) -> str:
    """``SHA256:…`` as `ssh-keygen -l` prints it."""
    return str(key.get_fingerprint())


@dataclass(frozen=True)
class KnownHosts:
    """Which public keys each address may show. Keys are parsed when an address is first asked for."""

    path: Path
    lines: dict[str, tuple[str, ...]] = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> KnownHosts:
        """Read the file; a missing file knows no host. Raises UserError with the line for one that cannot be used."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls(path, {})
        except (OSError, UnicodeDecodeError) as error:
            raise UserError("known_hosts_unreadable", f"{path} cannot be read: {error}", "mend or remove it") from None
        found: dict[str, tuple[str, ...]] = {}
        for number, line in enumerate(text.splitlines(), 1):
            for name, key in _entry(line, f"{path}:{number}"):
                found[name] = (*found.get(name, ()), key)
        return cls(path, found)

    def __len__(self) -> int:
        return len(self.lines)

    def trusted_keys(self, host: str, port: int) -> list[asyncssh.SSHKey]:
        """The keys that this address may show; empty where none was recorded. Raises UserError for a broken key."""
        keys = []
        for text in self.lines.get(address_name(host, port), ()):
            try:
                keys.append(asyncssh.import_public_key(text))
            except (asyncssh.KeyImportError, ValueError):
                raise UserError(
                    "known_hosts_unreadable",
                    f"{self.path} holds a broken key for {address_name(host, port)}",
                    "remove its line and enrol the system again",
                ) from None
        return keys

    def for_asyncssh(self, host: str, port: int) -> Trusted:
        """What `asyncssh.connect(known_hosts=…)` takes: nothing but the keys of this address is trusted."""
        return self.trusted_keys(host, port), [], []

    def fingerprints(self, host: str, port: int) -> tuple[str, ...]:
        return tuple(map(fingerprint, self.trusted_keys(host, port)))


def record(path: Path, host: str, port: int, key: asyncssh.SSHKey, *, replace: bool = False) -> None:
    """Write that this address may show this key, see ``record_all``."""
    record_all(path, [(host, port, key)], replace=replace)


def record_all(path: Path, keys: Iterable[tuple[str, int, asyncssh.SSHKey]], *, replace: bool = False) -> None:
    """Add keys in one atomic write (0600) under a lock, so that two operators lose nothing.

    With ``replace`` the keys that were recorded for these addresses go; without it an address that has a different
    key raises UserError, and nothing is written.
    """
    with _locked(path):
        known = KnownHosts.load(path)
        new: list[str] = []
        for host, port, key in keys:
            name, text = address_name(host, port), " ".join(key.export_public_key().decode().split()[:2])
            old = known.lines.get(name, ())
            if text in old and not (replace and len(old) > 1):
                continue
            if old and not replace:
                raise UserError(
                    "host_key_changed",
                    f"{name} is recorded with another key",
                    "verify the new fingerprint and name the system with --replace",
                )
            known.lines[name] = (text,)
            new.append(name)
        if new:
            kept = list(_kept_lines(path, set(new)))
            _write(path, kept + [f"{name} {known.lines[name][0]}" for name in new])


def _kept_lines(path: Path, replaced: set[str]) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        names, _, rest = line.partition(" ")
        if line.startswith("#") or not rest:
            yield line
        elif kept := [name for name in names.split(",") if name.lower() not in replaced]:
            yield f"{','.join(kept)} {rest}"


def _entry(line: str, where: str) -> Iterator[tuple[str, str]]:
    words = line.split()
    if not words or words[0].startswith("#"):
        return
    if len(words) < 3:
        raise UserError("known_hosts_unreadable", f"{where} is not `host type key`", "remove the line")
    if words[0].startswith(("@", "|")) or any(sign in words[0] for sign in "*?!"):
        raise UserError(
            "known_hosts_unreadable",
            f"{where} has a hashed name, a pattern or a mark",
            "write one plain address a line, as `uplift fleet enroll` does",
        )
    for name in words[0].split(","):
        yield name.lower(), f"{words[1]} {words[2]}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: Path, lines: list[str]) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")      # 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
