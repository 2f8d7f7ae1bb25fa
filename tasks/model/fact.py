"""What a fact is: one question, one pure parser, one type."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from tasks.model.answer import Answer, Rows
from tasks.model.profile import Profile

T = TypeVar("T")


class Unreadable(ValueError):
    """The system answered, and the answer is not one that the parser knows. The message says what was expected."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be told, with the reason in one sentence."""

    fact: str
    reason: str


@dataclass(frozen=True, slots=True)
class Query:
    """One bounded, read-only statement with its bound parameters (PyMySQL's %s style).

    ``keep``: of a SHOW, whose columns cannot be chosen, only these are read; the others never leave the wire.
    """

    sql: str
    parameters: tuple[str | int, ...] = ()
    keep: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """A query that is not asked, because it would cost the system too much; the reason in one sentence."""

    reason: str


@dataclass(frozen=True)
class ShellFact(Generic[T]):
    """A question for the system's shell.

    ``ask`` gives one POSIX shell command (values of the profile quoted by shlex); its output is bounded by the wire.
    ``parse`` gets what came back, whatever the exit code, and returns ``of`` or raises Unreadable.
    """

    name: str
    of: type[T]
    ask: Callable[[Profile], str]
    parse: Callable[[Answer], T]
    limit_s: float = 5.0


@dataclass(frozen=True)
class SqlFact(Generic[T]):
    """A question for the system's database. ``ask`` may look at the facts named in ``after``, and may decline."""

    name: str
    of: type[T]
    ask: Callable[[Profile, Known], Query | Declined]
    parse: Callable[[Rows], T]
    after: tuple[type, ...] = ()
    limit_s: float = 10.0


@dataclass(frozen=True)
class Known:
    """The facts of one system by their type; a fact that could not be told is an Unknown."""

    by_type: Mapping[type, Any] = field(default_factory=dict)

    def get(self, of: type[T]) -> T | Unknown:
        known: T | Unknown = self.by_type.get(of, Unknown(of.__name__, "it was not asked"))
        return known

    def __iter__(self) -> Iterator[type]:
        return iter(self.by_type)
