"""What is decided about the personal data of a case."""
from __future__ import annotations

from pydantic import Field

from tasks.model.finding import Frozen
from tasks.model.moment import Moment


class LegalHold(Frozen):
    """Nothing is erased before ``until``."""

    until: Moment
    reason: str = Field(min_length=1)
    by: str = Field(min_length=1)


class Erasure(Frozen):
    """Asked for, and carried out by the reconciler."""

    asked_at: Moment
    reason: str = Field(min_length=1)
    by: str = Field(min_length=1)
