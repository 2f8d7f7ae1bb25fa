"""Credentials: names in the fleet file become private keys or API tokens here. Nothing is ever written.

UPLIFT_HOME/credentials.yaml (0600, the user's own)::

    credentials:
      inspect: {key_file: keys/inspect}                                   # relative to the file's folder
      change: {agent: true, socket: /run/user/1000/agent, fingerprint: "SHA256:…"}
      serverware: {token_file: tokens/serverware, certificate: "SHA256:…"}    # or the PEM file of its authority
"""
from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import asyncssh
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator

from tasks.model.errors import UserError
from tasks.model.fleet import Slug
from tasks.wire.home import require_private
from tasks.wire.validation import read_model

Fingerprint = Annotated[str, StringConstraints(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")]
_CERTIFICATE = "SHA256:"                # and 64 hexadecimal digits, with or without colons, as openssl writes them


class Source(BaseModel):
    """Where one credential is: a key file, an agent (by default the one of $SSH_AUTH_SOCK), or the file of a token.

    A token goes only to a server whose ``certificate`` is known: its fingerprint, or a PEM file that it is checked by.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_file: Path | None = None
    agent: Literal[True] | None = None
    socket: Path | None = None
    fingerprint: Fingerprint | None = None
    token_file: Path | None = None
    certificate: str | None = None

    @field_validator("certificate")
    @classmethod
    def _fingerprint_is_whole(cls, told: str | None) -> str | None:
        if told and told.startswith(_CERTIFICATE) and not re.fullmatch(r"[0-9a-f]{64}", _hexadecimal(told)):
            raise ValueError("this is no SHA-256 fingerprint; write SHA256: and 64 hexadecimal digits")
        return told

    @model_validator(mode="after")
    def _one_source(self) -> Source:
        if sum(each is not None for each in (self.key_file, self.agent, self.token_file)) != 1:
            raise ValueError("a credential has one source; write key_file: PATH, agent: true or token_file: PATH")
        if not self.agent and (self.socket or self.fingerprint):
            raise ValueError("socket and fingerprint belong to an agent; remove them or write agent: true")
        if self.token_file and not self.certificate:
            raise ValueError("a token goes only to a server that is known; add certificate: SHA256:… or a PEM file")
        if self.certificate and not self.token_file:
            raise ValueError("certificate belongs to a token; remove it or write token_file: PATH")
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
class ApiToken:
    """A token, and how its server is told from others: by ``fingerprint`` (64 hexadecimal digits) or by ``ca_file``."""

    name: str
    secret: SecretStr
    fingerprint: str | None = None
    ca_file: Path | None = None


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

    def token(self, name: str) -> ApiToken:
        """The API token of that name. Raises UserError in one sentence where it cannot be used."""
        source = self._source(name)
        if source.token_file is None or source.certificate is None:
            raise UserError(
                "credential_not_a_token", f"credential {name!r} is a key, not a token", "name one with token_file"
            )
        secret = self._read_token(name, source.token_file)
        if source.certificate.startswith(_CERTIFICATE):
            return ApiToken(name, secret, fingerprint=_hexadecimal(source.certificate))
        ca_file = self.path.parent / Path(source.certificate).expanduser()
        if not ca_file.is_file():
            raise UserError(
                "certificate_missing",
                f"the certificate {ca_file} of credential {name!r} is not there",
                "put the PEM file there, or write certificate: SHA256:… in credentials.yaml",
            )
        return ApiToken(name, secret, ca_file=ca_file)

    def _source(self, name: str) -> Source:
        source = self.sources.get(name)
        if source is None:
            near = get_close_matches(name, self.sources, n=1)
            raise UserError(
                "credential_missing",
                f"{self.path} has no credential {name!r}",
                f"add it, or name {near[0]!r} in the fleet file" if near else "add it there",
            )
        return source

    def _open(self, name: str) -> Credential:
        source = self._source(name)
        if source.token_file is not None:
            raise UserError(
                "credential_not_a_key", f"credential {name!r} is a token, not a key", "name one with key_file or agent"
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

    def _read_token(self, name: str, named: Path) -> SecretStr:
        path = self.path.parent / named.expanduser()
        try:
            require_private(path, code="token_not_private")
            text = path.read_text(errors="replace").strip()
        except OSError as error:
            raise UserError(
                "token_missing",
                f"the token file {path} of credential {name!r} cannot be read ({error.strerror})",
                "put the token there or correct token_file in credentials.yaml",
            ) from None
        if not re.fullmatch(r"[!-~]+", text):           # what a header may hold
            raise UserError(
                "token_unreadable", f"{path} of credential {name!r} does not hold one token", "write it on one line"
            )
        return SecretStr(text)


def _hexadecimal(fingerprint: str) -> str:
    return fingerprint.removeprefix(_CERTIFICATE).replace(":", "").lower()


def _fingerprint(pair: asyncssh.SSHKeyPair) -> str:
    digest = hashlib.sha256(pair.public_data).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
