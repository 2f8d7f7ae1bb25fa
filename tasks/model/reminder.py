"""How a client who says nothing is reminded, and when the engineer is told."""
from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ReminderPolicy(BaseModel):
    """Days are the client's own business days; all is counted anew in each state of a case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_after_days: int = Field(3, ge=1, le=60)
    then_every_days: int = Field(3, ge=1, le=60)
    at_most: int = Field(3, ge=0, le=20)            # 0: nobody is reminded
    engineer_from: int = Field(2, ge=1, le=20)      # with this reminder, and with each later one, the engineer is told
