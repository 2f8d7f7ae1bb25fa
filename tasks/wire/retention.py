"""UPLIFT_HOME/retention.yaml: how long stored sweeps, personal data of cases and Prefect's runs are kept."""
from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tasks.model.errors import UserError

_EXAMPLE = (
    "write `sweeps: {keep_days: 92, keep_last: 14}`, `cases: {personal_data_days: 90}` and `runs: {keep_days: 14}`"
)


class Retention(BaseModel):
    """A sweep goes when it is older than ``keep_days`` and ``keep_last`` newer ones are there; the latest never."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_days: int = Field(92, ge=1)
    keep_last: int = Field(14, ge=1)


class CaseRetention(BaseModel):
    """Personal data of a case go so many days after it was closed or cancelled: what an upgrade broke shows within a
    quarter, bills are made monthly."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    personal_data_days: int = Field(90, ge=1, le=3660)

    @property
    def keep(self) -> timedelta:
        return timedelta(days=self.personal_data_days)


class RunRetention(BaseModel):
    """What Prefect remembers of a run goes so many days after it ended; a case's own journal is not Prefect's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_days: int = Field(14, ge=1)


R = TypeVar("R", bound=BaseModel)


def read_retention(home: Path) -> Retention:
    """Of sweeps: what the file says, or the defaults. Raises UserError for a file that cannot be read."""
    return _section(home, "sweeps", Retention)


def read_case_retention(home: Path) -> CaseRetention:
    """Of cases, likewise."""
    return _section(home, "cases", CaseRetention)


def read_run_retention(home: Path) -> RunRetention:
    """Of Prefect's runs, likewise."""
    return _section(home, "runs", RunRetention)


def _section(home: Path, name: str, model: type[R]) -> R:
    path = home / "retention.yaml"
    try:
        return model.model_validate(_told(path).get(name) or {})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in (name, *first["loc"]))
        raise UserError("bad_retention", f"{path}: {place}: {first['msg']}", _EXAMPLE) from None


def _told(path: Path) -> dict[str, Any]:
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("bad_retention", f"{path} cannot be read ({type(error).__name__})", "mend the file") from None
    except yaml.YAMLError:
        told = None
    if not isinstance(told, dict):
        raise UserError("bad_retention", f"{path} is no YAML mapping", _EXAMPLE)
    if unknown := sorted(str(name) for name in set(told) - {"sweeps", "cases", "runs"}):
        raise UserError("bad_retention", f"{path}: nothing is called {unknown[0]}", _EXAMPLE)
    return told
