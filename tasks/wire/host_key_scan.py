"""Ask a system for its host key without logging in: shown to an operator, never trusted by itself."""
from __future__ import annotations

import asyncio
from dataclasses import dataclass

import asyncssh


@dataclass(frozen=True)
class Scanned:
    """The key that an address showed, or why it showed none (one sentence)."""

    host: str
    port: int
    key: asyncssh.SSHKey | None
    detail: str = ""

    @property
    def fingerprint(self) -> str | None:
        return None if self.key is None else str(self.key.get_fingerprint())


async def scan(host: str, port: int, *, limit_s: float = 10.0, algorithms: tuple[str, ...] = ()) -> Scanned:
    """The host key of ``host:port`` within ``limit_s``; never raises for what the far side does.

    ``algorithms`` asks for a key of these types (``ssh-ed25519``), where one of them is already recorded.
    """
    try:
        async with asyncio.timeout(limit_s):
            key = await asyncssh.get_server_host_key(
                host, port, config=None, server_host_key_algs=list(algorithms) or (), options=_options()
            )
    except TimeoutError:
        return Scanned(host, port, None, f"no answer within {limit_s:g} s")
    except asyncssh.Error as error:
        return Scanned(host, port, None, f"not an SSH server that can be used ({error.reason})")
    except OSError as error:
        return Scanned(host, port, None, f"cannot be reached ({error.strerror or error})")
    except ValueError:          # a name that DNS cannot hold
        return Scanned(host, port, None, "cannot be reached (not a host name)")
    return Scanned(host, port, key, "" if key is not None else "it showed no host key")


def _options() -> asyncssh.SSHClientConnectionOptions:
    """No key of the operator's is read for a question that needs none."""
    return asyncssh.SSHClientConnectionOptions(config=None, client_keys=None, agent_path=None)
