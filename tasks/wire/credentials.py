"""Credentials: names in the fleet file become private keys here, from key files or an agent. Nothing is ever written.

UPLIFT_HOME/credentials.yaml (0600, the user's own)::

    credentials:
      inspect: {key_file: keys/inspect}                                   # relative to the file's folder
      change: {agent: true, socket: /run/user/1000/agent, fingerprint: "SHA256:…"}
"""
from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import asyncssh
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tasks.model.errors import UserError
from tasks.model.fleet import Slug
from tasks.wire.home import require_private
from tasks.wire.validation import read_model

Fingerprint = Annotated[str, StringConstraints(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")]


class Source(BaseModel):
    """Where the key of one credential is: a file, or an agent (by default the one of $SSH_AUTH_SOCK)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_file: Path | None = None
    agent: Literal[True] | None = None
    socket: Path | None = None
    fingerprint: Fingerprint | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Source:
        if (self.key_file is None) == (self.agent is None):
            raise ValueError("a credential has one source; write key_file: PATH or agent: true")
        if self.key_file and (self.socket or self.fingerprint):
            raise ValueError("socket and fingerprint belong to an agent; remove them or write agent: true")
        return self


class CredentialsFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    credentials: dict[Slug, Source] = Field(min_length=1)


@dataclass(frozen=True)
class Credential:
    """A usable credential. Its representation never shows the key."""

    name: str
    key: asyncssh.SSHKey | None = field(default=None, repr=False)
    agent_path: str | None = None
    fingerprint: str | None = None

    @asynccontextmanager
    async def client_keys(self) -> AsyncIterator[list[Any]]:
        """What `asyncssh.connect(client_keys=…, agent_path=None, config=None)` takes; never empty.

        Hold it open while one connection authenticates (an agent signs through it), not longer. Each connection needs
        its own, since asyncssh notes the server's signature algorithm in an agent's key pair.
        Raises UserError where the agent does not answer or does not hold the key.
        """
        if self.key is not None:
            yield [self.key]
            return
        async with asyncssh.SSHAgentClient(self.agent_path or "") as agent:
            try:
                held = list(await agent.get_keys())
            except (OSError, ValueError):
                raise UserError(
                    "agent_silent",
                    f"no agent answers at {self.agent_path} for credential {self.name!r}",
                    "start ssh-agent and add the key with `ssh-add`",
                ) from None
            chosen = [pair for pair in held if self.fingerprint in (None, _fingerprint(pair))]
            if not chosen:
                raise UserError(
                    "agent_without_key",
                    f"the agent of credential {self.name!r} does not hold {self.fingerprint or 'any key'}",
                    "add the key with `ssh-add`",
                )
            yield chosen


@dataclass(frozen=True)
class Credentials:
    """The names of credentials.yaml. Nothing is opened before a name is asked for; each key file is parsed once."""

    path: Path
    sources: dict[str, Source]
    _resolved: dict[str, Credential] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, path: Path) -> Credentials:
        """Read credentials.yaml. Raises UserError: missing, open to others, or wrong (with the line)."""
        try:
            require_private(path, code="credentials_not_private")
        except OSError as error:
            raise UserError(
                "credentials_missing",
                f"{path} cannot be read ({error.strerror})",
                "write it with `credentials: {NAME: {key_file: PATH}}` and `chmod 600` it",
            ) from None
        return cls(path, read_model(path, CredentialsFile, code="credentials_invalid").credentials)

    def resolve(self, name: str) -> Credential:
        """The credential of that name. Raises UserError in one sentence where it cannot be used."""
        if name not in self._resolved:
            self._resolved[name] = self._open(name)
        return self._resolved[name]

    def _open(self, name: str) -> Credential:
        source = self.sources.get(name)
        if source is None:
            near = get_close_matches(name, self.sources, n=1)
            raise UserError(
                "credential_missing",
                f"{self.path} has no credential {name!r}",
                f"add it, or name {near[0]!r} in the fleet file" if near else "add it there",
            )
        if source.key_file is not None:
            return Credential(name, key=self._read_key(name, source.key_file))
        socket = str(source.socket or os.environ.get("SSH_AUTH_SOCK", ""))
        if not socket:
            raise UserError(
                "agent_silent",
                f"credential {name!r} wants an agent and SSH_AUTH_SOCK is not set",
                "start ssh-agent, or write socket: PATH in credentials.yaml",
            )
        return Credential(name, agent_path=socket, fingerprint=source.fingerprint)

    def _read_key(self, name: str, named: Path) -> asyncssh.SSHKey:
        path = self.path.parent / named.expanduser()
        try:
            require_private(path, code="key_not_private")
            return asyncssh.read_private_key(path)
        except OSError as error:
            raise UserError(
                "key_missing",
                f"the key file {path} of credential {name!r} cannot be read ({error.strerror})",
                "put the key there or correct key_file in credentials.yaml",
            ) from None
        except asyncssh.KeyImportError as error:
            if "assphrase" in str(error):
                raise UserError(
                    "key_has_passphrase",
                    f"the key file {path} of credential {name!r} is protected by a passphrase",
                    "add it to ssh-agent and write `agent: true` in credentials.yaml",
                ) from None
            raise UserError(
                "key_unreadable",
                f"{path} of credential {name!r} is not a private key that can be read",
                "name an OpenSSH or PEM private key in key_file",
            ) from None


def _fingerprint(pair: asyncssh.SSHKeyPair) -> str:
    digest = hashlib.sha256(pair.public_data).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
