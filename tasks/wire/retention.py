"""UPLIFT_HOME/retention.yaml: how long stored sweeps are kept."""
from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tasks.model.errors import UserError


class Retention(BaseModel):
    """A sweep goes when it is older than ``keep_days`` and ``keep_last`` newer ones are there; the latest never."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_days: int = Field(92, ge=1)
    keep_last: int = Field(14, ge=1)


def read_retention(home: Path) -> Retention:
    """What the file says, or the defaults where there is none. Raises UserError for a file that cannot be read."""
    path = home / "retention.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Retention()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("bad_retention", f"{path} cannot be read ({type(error).__name__})", "mend the file") from None
    try:
        told = (yaml.safe_load(text) or {}).get("sweeps") or {}
        return Retention.model_validate(told)
    except (yaml.YAMLError, AttributeError):
        message, remedy = f"{path} is no YAML mapping", "write `sweeps: {keep_days: 92, keep_last: 14}`"
        raise UserError("bad_retention", message, remedy) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"{path}: sweeps.{place}: {first['msg']}"
        raise UserError("bad_retention", message, "write whole numbers above 0 for keep_days and keep_last") from None
