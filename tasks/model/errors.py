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


class Failure(UserError):
    """Nothing that the user gave is wrong: something else failed, was interrupted or is in the way (exit code 1)."""


@dataclass(frozen=True, order=True)
class FleetError:
    """One error in a fleet file. ``line`` is 1-based, 0 for the whole file; ``system_id`` is "" where unknown."""

    file: str
    line: int
    system_id: str
    message: str
    remedy: str

    @property
    def place(self) -> str:
        where = f"{self.file}:{self.line}:" if self.line else f"{self.file}:"
        return f"{where} {self.system_id}:" if self.system_id else where

    def __str__(self) -> str:
        return f"{self.place} {self.message}; {self.remedy}"


class FleetErrors(UserError):
    """Every error of a fleet at once, in the order of files and lines."""

    def __init__(self, errors: tuple[FleetError, ...]) -> None:
        self.errors = tuple(sorted(errors))
        first = self.errors[0]
        more = f" (and {len(self.errors) - 1} more)" if len(self.errors) > 1 else ""
        message = f"the fleet file is wrong{more}: {first.place} {first.message}"
        super().__init__("fleet_invalid", message, f"{first.remedy}; `uplift fleet check` names all errors")
        self.args = (self.errors,)
