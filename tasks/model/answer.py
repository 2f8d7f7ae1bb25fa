"""What a system answered, raw: stored with a sweep and judged again without another login."""
from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Cell = str | int | float | None


class Raw(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Answer(Raw):
    """The answer to one shell question. ``truncated`` says that it was cut at the byte limit of the wire."""

    kind: Literal["answer"] = "answer"
    exit_code: int
    stdout: str
    stderr: str = ""
    truncated: bool = False


class Rows(Raw):
    """The answer to one SQL query. Cells are numbers, text or None; times are ISO 8601 text as the server gave them."""

    kind: Literal["rows"] = "rows"
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def dicts(self) -> list[dict[str, Cell]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Why(StrEnum):
    """Why a question has no answer."""

    TIMED_OUT = "timed_out"      # the question outlasted its own limit
    NOT_ASKED = "not_asked"      # the connection ended or was never made before its turn
    DECLINED = "declined"        # asking would cost the system too much (a scan of a big unindexed table)
    REFUSED = "refused"          # the system answered with an error
    EXCLUDED = "excluded"        # the operator asked for a sweep without it (--no-mysql)


class Silence(Raw):
    """A question without an answer, and the reason in one sentence."""

    kind: Literal["silence"] = "silence"
    why: Why
    detail: str


class ContactState(StrEnum):
    """How far the login came."""

    REACHED = "reached"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    KEY_CHANGED = "key_changed"
    KEY_UNKNOWN = "key_unknown"
    AUTH_FAILED = "auth_failed"
    NO_CREDENTIAL = "no_credential"
    DROPPED = "dropped"


class Contact(Raw):
    """The outcome of reaching a system over SSH. ``detail`` is one sentence for an engineer, without secrets."""

    state: ContactState
    detail: str = ""
    host_key: str | None = None            # SHA256:… of the key that was seen
    expected_host_key: str | None = None   # SHA256:… of the recorded key, where it differs


class Recording(Raw):
    """All that one visit to one system brought home. Holds no secret."""

    system_id: str
    started_at: datetime
    elapsed_s: float
    contact: Contact
    shell: dict[str, Annotated[Answer | Silence, Field(discriminator="kind")]] = {}
    sql: dict[str, Annotated[Rows | Silence, Field(discriminator="kind")]] = {}
