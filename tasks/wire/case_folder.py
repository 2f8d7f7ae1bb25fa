"""A case's folder under UPLIFT_HOME/cases: the fleet file that it was opened with, and what inspections brought home.

The case database is the truth of a case. What lies here is bulk that it points to, and never holds a secret.
"""
from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from tasks.model.errors import UserError

M = TypeVar("M", bound=BaseModel)


class _Origin(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    fleet: str


class CaseFolder:
    """Opens nothing until asked; every write is an atomic rename, readable by its owner only."""

    def __init__(self, home: Path, case_id: str) -> None:
        self.path = home / "cases" / case_id

    def create(self, fleet: Path) -> None:
        """Note the fleet file that knows this case's system."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.save("origin", _Origin(fleet=str(fleet.absolute())))

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def fleet(self) -> Path:
        """Raises UserError where this UPLIFT_HOME does not know the case."""
        return Path(self.load("origin", _Origin).fleet)

    def has(self, name: str) -> bool:
        return (self.path / f"{name}.json").is_file()

    def save(self, name: str, model: BaseModel) -> str:
        """Write it whole or not at all; gives the reference by which it is found below UPLIFT_HOME."""
        target = self.path / f"{name}.json"
        descriptor, temporary = tempfile.mkstemp(dir=self.path, prefix=f".{name}-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(model.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
        return f"cases/{self.path.name}/{target.name}"

    def load(self, name: str, model: type[M]) -> M:
        """Raises UserError where it is not there or not what was written."""
        path = self.path / f"{name}.json"
        try:
            return model.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not as Uplift wrote it"
            raise UserError("case_folder_unusable", f"{path} cannot be read: {why}",
                            "use the UPLIFT_HOME in which the case was opened, or restore the file") from None
