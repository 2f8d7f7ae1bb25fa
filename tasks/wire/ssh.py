"""An SSH connection to one system: strict about its key, bounded in time, every failure told as a Contact."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncssh

from tasks.model.answer import Contact, ContactState
from tasks.model.errors import UserError
from tasks.model.fleet import System
from tasks.model.sweep import Limits
from tasks.wire.credentials import Credential
from tasks.wire.host_key_scan import scan
from tasks.wire.known_hosts import fingerprint

KEEPALIVE_S = 10
_LOOK_S = 5.0                   # for a look at the key of a system that is not logged in to


@dataclass(frozen=True)
class Login:
    """With which key Uplift logs in, and which keys the system may show."""

    credential: Credential
    trusted_keys: tuple[asyncssh.SSHKey, ...] = field(repr=False)

    @classmethod
    def of(cls, credential: Credential, trusted_keys: Iterable[asyncssh.SSHKey]) -> Login:
        return cls(credential, tuple(trusted_keys))


class NoContact(Exception):
    """The system was not logged in to; ``contact`` says why."""

    def __init__(self, contact: Contact) -> None:
        super().__init__(contact.detail)
        self.contact = contact


class _Client(asyncssh.SSHClient):
    """Sees the key that a system shows, and when the connection stands."""

    def __init__(self, clock: asyncio.Timeout, login_s: float) -> None:
        self._clock = clock
        self._login_s = login_s
        self.connected = False
        self.strange_key: asyncssh.SSHKey | None = None

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self.connected = True
        self._clock.reschedule(asyncio.get_running_loop().time() + self._login_s)

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Asked only for a key that is not trusted: note it and do not log in."""
        self.strange_key = key
        return False


@asynccontextmanager
async def connect(system: System, login: Login, limits: Limits) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """A connection that is logged in. Raises NoContact for whatever stands in the way, the system's doing or ours."""
    connection = await _open(system, login, limits)
    try:
        yield connection
    finally:
        connection.abort()


async def _open(system: System, login: Login, limits: Limits) -> asyncssh.SSHClientConnection:
    where = f"{system.ssh.host}:{system.ssh.port}"
    if not login.trusted_keys:
        raise NoContact(await _unknown(system, where, limits))
    clients: list[_Client] = []
    try:
        async with asyncio.timeout(limits.connect_s) as clock, login.credential.client_keys() as keys:

            def client() -> _Client:
                clients.append(_Client(clock, limits.login_s))
                return clients[-1]

            return await asyncssh.connect(client_factory=client, client_keys=keys, **_options(system, login, limits))
    except UserError as error:
        contact = Contact(state=ContactState.NO_CREDENTIAL, detail=str(error))
    except (asyncssh.Error, OSError, TimeoutError, ValueError) as error:
        contact = await _contact(error, clients[-1] if clients else None, system, login, limits)
    raise NoContact(contact)


def _options(system: System, login: Login, limits: Limits) -> dict[str, Any]:
    """No file of the user's and no agent of the environment has a say."""
    return {
        "host": system.ssh.host,
        "port": system.ssh.port,
        "username": system.ssh.user,
        "known_hosts": (list(login.trusted_keys), [], []),
        "config": None,
        "agent_path": None,
        "gss_host": None,
        "compression_algs": None,       # asyncssh would unpack any amount of zeros
        "preferred_auth": ("publickey",),
        "login_timeout": limits.login_s + 1,    # the clock of _open comes first
        "keepalive_interval": KEEPALIVE_S,
        "keepalive_count_max": 2,
    }


async def _contact(
    error: Exception, client: _Client | None, system: System, login: Login, limits: Limits
) -> Contact:
    where, connected = f"{system.ssh.host}:{system.ssh.port}", client is not None and client.connected
    strange = client.strange_key if client else None
    if strange is None and isinstance(error, asyncssh.KeyExchangeFailed):
        strange = await _key_of(system, limits)         # it may have no key of the recorded type any more
        strange = None if strange in login.trusted_keys else strange
    if strange is not None:
        return Contact(
            state=ContactState.KEY_CHANGED,
            detail=f"{where} shows another host key than the recorded one, so it was not logged in to",
            host_key=fingerprint(strange),
            expected_host_key=fingerprint(login.trusted_keys[0]),
        )
    state, detail = _state_of(error, connected, limits)
    return Contact(state=state, detail=f"{where} {detail}")


def _state_of(error: Exception, connected: bool, limits: Limits) -> tuple[ContactState, str]:
    if isinstance(error, TimeoutError):
        late = f"did not finish the login within {limits.login_s:g} s" if connected else \
            f"did not answer within {limits.connect_s:g} s"
        return ContactState.TIMED_OUT, late
    if isinstance(error, asyncssh.PermissionDenied) or "Too many authentication failures" in str(error):
        return ContactState.AUTH_FAILED, "refused the credential"
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return ContactState.DROPPED, "has no cipher or key exchange in common with Uplift"
    if isinstance(error, asyncssh.Error):
        return ContactState.DROPPED, "ended the connection before the login was complete"
    if connected or isinstance(error, ConnectionResetError | BrokenPipeError):
        return ContactState.DROPPED, "ended the connection before the login was complete"
    if isinstance(error, ConnectionRefusedError):
        return ContactState.REFUSED, "refused the connection"
    return ContactState.REFUSED, f"cannot be reached: {_of_os(error)}"


def _of_os(error: Exception) -> str:
    return (getattr(error, "strerror", None) or type(error).__name__).strip()


async def _unknown(system: System, where: str, limits: Limits) -> Contact:
    """No key was ever recorded: look at the one it shows, so that an operator can vouch for it, and do not log in."""
    seen = await _key_of(system, limits)
    return Contact(
        state=ContactState.KEY_UNKNOWN,
        detail=f"no host key is recorded for {where}; run `uplift fleet enroll`",
        host_key=fingerprint(seen) if seen else None,
    )


async def _key_of(system: System, limits: Limits) -> asyncssh.SSHKey | None:
    return (await scan(system.ssh.host, system.ssh.port, limit_s=min(_LOOK_S, limits.connect_s))).key
