"""What a user can put right. One family, so that the command line shows each in one sentence, never a traceback."""
from __future__ import annotations

from dataclasses import dataclass


class UserError(Exception):
    """A mistake that its user can mend.

    ``code`` is a stable word for programs (``profile_not_found``), ``message`` says what is wrong and ``remedy`` what
    to do about it; together they read as one sentence. Neither may hold a secret.
    """

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(code, message, remedy)
        self.code = code
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


@dataclass(frozen=True, order=True)
class FleetError:
    """One error in a fleet file. ``line`` is 1-based, 0 for the whole file; ``system_id`` is "" where unknown."""

    file: str
    line: int
    system_id: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        owner = f" {self.system_id}:" if self.system_id else ""
        return f"{place}:{owner} {self.message}; {self.remedy}"


class FleetErrors(UserError):
    """Every error of a fleet at once, in the order of files and lines."""

    def __init__(self, errors: tuple[FleetError, ...]) -> None:
        self.errors = tuple(sorted(errors))
        count = f"{len(errors)} errors" if len(errors) > 1 else "an error"
        first = self.errors[0]
        super().__init__("fleet_invalid", f"the fleet file has {count}, first {first}".rstrip("."),
                         "mend it and run `uplift fleet check`")
        self.args = (self.errors,)
