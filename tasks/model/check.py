"""What a check is, and the decorator that makes one of a function.

The module's docstring is what people read: its first paragraph is the reason, ``Remedy:`` what to do about it, and
``Client:`` the same in plain words for the owner of the phone system.
"""
from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, get_type_hints

from tasks.model.finding import CannotTell, Notice, Problem, Severity
from tasks.model.release import Release

Yielded = Problem | Notice | CannotTell
Judge = Callable[..., Iterator[Yielded]]


class BadCheck(TypeError):
    """A check that cannot be loaded; the message begins with its file and line."""


@dataclass(frozen=True)
class Check:
    """One check. ``needs`` are the types of its parameters: facts, or System, Profile, Hop, Contact, EvaluatedAt."""

    id: str
    version: int
    judge: Judge
    needs: tuple[tuple[str, type], ...]
    severity: Severity
    blocking: bool
    reason: str
    remedy: str
    client_text: str
    drops: str | None = None
    demands: str | None = None
    crossing: Release | None = None


def check(
    *,
    severity: Severity,
    blocking: bool,
    drops: str | None = None,
    demands: str | None = None,
    crossing: str | None = None,
    version: int = 1,
) -> Callable[[Judge], Check]:
    """Make a check of a function that yields Problem, Notice or CannotTell; yielding nothing is a pass.

    ``drops``/``demands``: only where the profile's releases say so somewhere on the hop; ``crossing``: only where the
    hop enters that release. Raises BadCheck with file and line for a function that cannot be one.
    """

    def make(judge: Judge) -> Check:
        where = f"{judge.__code__.co_filename}:{judge.__code__.co_firstlineno}"
        module = sys.modules[judge.__module__]
        parts = _sections(inspect.getdoc(module) or "")
        for name in ("reason", "remedy", "client"):
            if not parts.get(name):
                raise BadCheck(f"{where}: the module's docstring has no {name}; see `uplift checks new`")
        if not inspect.isgeneratorfunction(judge):
            raise BadCheck(f"{where}: a check yields its findings; write it as a generator")
        return Check(
            id=judge.__module__.rpartition(".")[2],
            version=version,
            judge=judge,
            needs=_needs(judge, where),
            severity=severity,
            blocking=blocking,
            reason=parts["reason"],
            remedy=parts["remedy"],
            client_text=parts["client"],
            drops=drops,
            demands=demands,
            crossing=Release.parse(crossing) if crossing else None,
        )

    return make


def _needs(judge: Judge, where: str) -> tuple[tuple[str, type], ...]:
    try:
        hints: dict[str, Any] = get_type_hints(judge)
    except NameError as error:
        raise BadCheck(f"{where}: {error}; import the type of each parameter") from error
    needs = []
    for name in inspect.signature(judge).parameters:
        if not isinstance(hints.get(name), type):
            raise BadCheck(f"{where}: parameter {name!r} needs the type of a fact")
        needs.append((name, hints[name]))
    return tuple(needs)


def _sections(doc: str) -> dict[str, str]:
    reason, *rest = re.split(r"^(Remedy|Client):", doc, flags=re.MULTILINE)
    sections = {"reason": reason}
    sections.update(zip((word.lower() for word in rest[::2]), rest[1::2], strict=True))
    return {name: " ".join(text.split()) for name, text in sections.items()}
