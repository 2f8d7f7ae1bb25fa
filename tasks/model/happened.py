"""What all events have: when and by whom, and for a step's report, of which run."""
from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tasks.model.moment import Moment

Sentence = Annotated[str, Field(min_length=1, max_length=2000)]


class Happened(BaseModel):
    """``by`` names who: a person, or the part of Uplift that acted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: Moment
    by: str = Field(min_length=1, max_length=200)


class Reported(Happened):
    """Reported by a step's run."""

    run: str
