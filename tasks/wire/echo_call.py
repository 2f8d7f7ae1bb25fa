"""Which extension Uplift may register as on each system, and the number that gives back what it hears.

UPLIFT_HOME/echo_calls.yaml (0600, the user's own), as clients have given and agreed to them::

    systems:
      acme: {user: "101", secret: "…", number: "600"}
"""
from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator

from tasks.model.call import DIALLED, SIP_USER, CallPlan, Codec, SipAccount, Transport
from tasks.model.errors import UserError
from tasks.model.fleet import Host, Slug, System
from tasks.wire.home import require_private
from tasks.wire.validation import read_model


class EchoCall(BaseModel):
    """``host`` and ``port`` of SIP where they are not those of the system's SSH address and 5060."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    user: Annotated[str, StringConstraints(pattern=SIP_USER)]
    secret: SecretStr
    number: Annotated[str, StringConstraints(pattern=DIALLED)]
    host: Host | None = None
    port: int = Field(5060, ge=1, le=65535)
    transport: Transport = Transport.UDP
    domain: Host | None = None
    codec: Codec = Codec.PCMA

    @field_validator("secret", mode="before")
    @classmethod
    def _secret_is_text(cls, secret: object) -> object:
        """Said here in words of its own, as an error on a plain field shows what was given."""
        if not isinstance(secret, str):
            raise ValueError("the secret is not text; put it in quotation marks")
        if re.search(r'["\\\x00-\x1f\x7f]', secret):
            raise ValueError("the SIP library cannot take this secret; choose one without quotation mark or backslash")
        return secret


class EchoCalls(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    systems: dict[Slug, EchoCall]


def echo_call(home: Path, system: System) -> CallPlan | None:
    """The test call of a system; None where its client has given none.

    Raises UserError for a file that is open to others, or wrong.
    """
    path = home / "echo_calls.yaml"
    try:
        require_private(path, code="echo_calls_not_private")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError("echo_calls_unreadable", f"{path} cannot be read: {error.strerror}", "mend it") from None
    told = read_model(path, EchoCalls, code="echo_calls_invalid").systems.get(system.id)
    if told is None:
        return None
    account = SipAccount(
        host=told.host or system.ssh.host, port=told.port, transport=told.transport, domain=told.domain,
        user=told.user, secret=told.secret,
    )
    return CallPlan(
        account=account, number=told.number, agreed_numbers=frozenset({told.number}), country=system.country,
        codec=told.codec,
    )
