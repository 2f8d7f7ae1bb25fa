"""A test call: what is asked of a PBX, what was measured, and what came of it."""
from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr, StringConstraints, field_serializer, field_validator

from tasks.model.finding import Frozen
from tasks.model.fleet import COUNTRY, HOST

# Neither a blank nor any sign with a meaning in a SIP address: a user name is never more than a user name.
SIP_USER = r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$"
DIALLED = r"^\+?[0-9*#]{1,32}$"


class Transport(StrEnum):
    UDP = "udp"
    TCP = "tcp"


class Codec(StrEnum):
    """Codecs that the probe can speak, by their names in SDP (RFC 3551, RFC 7587)."""

    PCMU = "PCMU"
    PCMA = "PCMA"
    G722 = "G722"
    OPUS = "opus"


class SipAccount(Frozen):
    """A test extension, and where it registers. ``domain`` is the one in SIP addresses, where it is not the host.

    The extension is one that the client gave for tests: a PBX that keeps one contact per extension forgets the phone
    that was registered before.
    """

    host: Annotated[str, StringConstraints(pattern=HOST)]
    port: int = Field(5060, ge=1, le=65535)
    transport: Transport = Transport.UDP
    domain: Annotated[str, StringConstraints(pattern=HOST)] | None = None
    user: Annotated[str, StringConstraints(pattern=SIP_USER)]
    secret: SecretStr

    model_config = ConfigDict(hide_input_in_errors=True)

    @field_validator("secret")
    @classmethod
    def _secret_can_be_quoted(cls, secret: SecretStr) -> SecretStr:
        if re.search(r'["\\\x00-\x1f\x7f]', secret.get_secret_value()):
            raise ValueError("the SIP library cannot take this secret; choose one without quotation mark or backslash")
        return secret

    @property
    def where(self) -> str:
        return f"{self.user}@{self.host}:{self.port}"


class CallLimits(Frozen):
    """How long each part of a call may take.

    A REGISTER may be answered 403 for about 24 s after PBXware was configured (observed), so registration is tried
    again for ``register_budget_s``: seldom, because a PBX may also answer 403 to a wrong password (Asterisk's chan_sip
    does), and many attempts look like an attack to it.
    """

    register_s: float = Field(5.0, gt=0)            # one REGISTER, with its digest
    register_budget_s: float = Field(40.0, ge=0)    # all attempts; 0 tries once
    retry_first_s: float = Field(4.0, gt=0)         # doubles from one attempt to the next
    retry_most_s: float = Field(12.0, gt=0)
    answer_s: float = Field(15.0, gt=0)
    hang_up_s: float = Field(3.0, gt=0)

    def total_s(self, talk_s: float) -> float:
        """After this long the whole call is over, whatever happened."""
        return self.register_budget_s + 2 * self.register_s + self.answer_s + talk_s + 2 * self.hang_up_s + 2.0


class CallPlan(Frozen):
    """One registration and one call to a number that gives back what it hears.

    ``agreed_numbers``: the numbers that the client has agreed to be dialled in tests; no other is. ``country`` is ISO
    3166's code, for its emergency numbers. ``tone_hz``: far from what a PBX itself plays (dial, busy and milliwatt
    tones, DTMF, fax), and a whole number of periods in a 20 ms packet, so that a lost packet does not shift its phase.
    """

    account: SipAccount
    number: Annotated[str, StringConstraints(pattern=DIALLED)]
    agreed_numbers: frozenset[Annotated[str, StringConstraints(pattern=DIALLED)]]
    country: Annotated[str, StringConstraints(pattern=COUNTRY)]
    codec: Codec = Codec.PCMA
    tone_hz: int = Field(1150, ge=200, le=3400)
    talk_s: float = Field(3.0, ge=1.0, le=60.0)
    limits: CallLimits = CallLimits()

    model_config = ConfigDict(hide_input_in_errors=True)

    @field_serializer("agreed_numbers")
    def _sorted_numbers(self, numbers: frozenset[str]) -> list[str]:
        return sorted(numbers)


class CallOutcome(StrEnum):
    """How a call ended, in the order in which it can fail."""

    GOOD = "good"
    FORBIDDEN = "forbidden"             # not dialled: an emergency number, or one that was not agreed
    NOT_REGISTERED = "not_registered"
    REFUSED = "refused"                 # the INVITE was answered with an error
    NOT_ANSWERED = "not_answered"
    DROPPED = "dropped"                 # the far end hung up before the talk was over
    SILENT = "silent"                   # answered, and nothing came back
    OTHER_SOUND = "other_sound"         # sound came back, but not the tone that was sent
    LOSSY = "lossy"                     # too many packets were lost
    OTHER_CODEC = "other_codec"         # the PBX chose a codec that was not the one under test
    PROBE_BROKE = "probe_broke"         # the probe itself failed: nothing is known of the PBX


class Measured(Frozen):
    """What a probe saw, up to where it came; times in milliseconds from the request to its outcome.

    ``sip_status`` is the last final answer to REGISTER or INVITE, None where there was none. ``far_end_hung_up`` says
    that the call was over before the talk was. ``hung_up`` says that the PBX has confirmed the end of the call; None
    where there was none to end.
    """

    registered: bool = False
    register_attempts: int = 0
    register_ms: float | None = None
    sip_status: int | None = None
    reason: str = ""
    answered: bool = False
    answer_ms: float | None = None
    first_audio_ms: float | None = None
    codec_used: str | None = None
    rtp_sent: int = 0
    rtp_received: int = 0
    rtp_lost: int = 0
    jitter_ms: float = 0.0
    tone_score: float = 0.0             # 0 to 1: how much of what came back is the tone that was sent
    level_dbfs: float | None = None     # of what came back; None where nothing did
    far_end_hung_up: bool = False
    hung_up: bool | None = None


class CallResult(Frozen):
    """``summary`` is one sentence for an engineer. Holds no secret."""

    number: str
    codec: Codec
    outcome: CallOutcome
    summary: str
    measured: Measured = Measured()

    @property
    def ok(self) -> bool:
        return self.outcome is CallOutcome.GOOD

    @property
    def undetermined(self) -> bool:
        """Whether nothing was learnt of the PBX: neither good nor bad."""
        return self.outcome in (CallOutcome.PROBE_BROKE, CallOutcome.FORBIDDEN)
