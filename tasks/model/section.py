"""What every section of a platform profile is made of."""
from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/[^\x00\n]*$")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
