"""What a check is, and the decorator that makes one of a function.

The module's docstring is what people read: its first paragraph is the reason, ``Remedy:`` what to do about it, and
``Client:`` the same in plain words for the owner of the phone system, ``Otherwise:`` what happens if nothing is done,
in such words too.
"""
from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Any, get_type_hints

from tasks.model.fact import Unknown
from tasks.model.facts import Edition
from tasks.model.finding import CannotTell, Notice, Problem, Severity
from tasks.model.occasion import Occasion
from tasks.model.release import Release

Yielded = Problem | Notice | CannotTell
Judge = Callable[..., Iterator[Yielded]]


class BadCheck(TypeError):
    """A check that cannot be loaded; the message begins with its file and line."""


@dataclass(frozen=True)
class Check:
    """One check. ``needs`` are the types of its parameters: facts, or what is known anyway (tasks.checks.CONTEXT).

    ``tolerates`` names the parameters that say ``| Unknown``: they are given also where the fact could not be told.
    ``where`` is the function's file and line.
    """

    id: str
    version: int
    judge: Judge
    needs: tuple[tuple[str, type], ...]
    severity: Severity
    blocking: bool
    reason: str
    remedy: str
    client_text: str
    otherwise: str                  # "" for a check that only ever tells
    where: str
    drops: tuple[str, ...] = ()
    demands: tuple[str, ...] = ()
    crossing: Release | None = None
    editions: frozenset[Edition] = frozenset(Edition)
    waivable: bool = True
    only_told: frozenset[Occasion] = frozenset()
    tolerates: frozenset[str] = frozenset()


def check(
    *,
    severity: Severity,
    blocking: bool,
    drops: str | tuple[str, ...] = (),
    demands: str | tuple[str, ...] = (),
    crossing: str | None = None,
    editions: frozenset[Edition] = frozenset(Edition),
    waivable: bool = True,
    only_told: frozenset[Occasion] = frozenset(),
    version: int = 1,
) -> Callable[[Judge], Check]:
    """Make a check of a function that yields Problem, Notice or CannotTell; yielding nothing is a pass.

    ``blocking`` is what a Problem is unless it says otherwise, and what an unknown of this check always is.
    ``drops``/``demands``: only where the profile's releases drop (demand) one of these somewhere on the hop;
    ``crossing``: only where the hop enters that release; ``editions``: only on systems of these editions.
    ``waivable=False`` is for checks of who a system is. ``only_told``: the occasions on which what it finds comes and
    goes with the hour and stands in nobody's way: a Problem is told as a Notice then.
    Raises BadCheck with file and line for a function that cannot be a check.
    """

    def make(judge: Judge) -> Check:
        where = f"{judge.__code__.co_filename}:{judge.__code__.co_firstlineno}"
        module = sys.modules[judge.__module__]
        parts = _sections(inspect.getdoc(module) or "")
        for name in ("reason", "remedy", "client", *(["otherwise"] if _finds(judge) else [])):
            if not parts.get(name):
                raise BadCheck(f"{where}: the module's docstring has no {name}; see `uplift checks new`")
        if not inspect.isgeneratorfunction(judge):
            raise BadCheck(f"{where}: a check yields its findings; write it as a generator")
        if severity is Severity.INFO:
            raise BadCheck(f"{where}: what is only worth knowing is a Notice; give the check a severity above info")
        needs, tolerates = _needs(judge, where)
        return Check(
            id=judge.__module__.rpartition(".")[2],
            version=version,
            judge=judge,
            needs=needs,
            severity=severity,
            blocking=blocking,
            reason=parts["reason"],
            remedy=parts["remedy"],
            client_text=parts["client"],
            otherwise=parts.get("otherwise", ""),
            where=where,
            drops=(drops,) if isinstance(drops, str) else drops,
            demands=(demands,) if isinstance(demands, str) else demands,
            crossing=Release.parse(crossing) if crossing else None,
            editions=editions,
            waivable=waivable,
            only_told=only_told,
            tolerates=tolerates,
        )

    return make


def _finds(judge: Judge) -> bool:
    """Whether it may yield anything that stands in the way; who only tells says ``Iterator[Notice]``."""
    return judge.__annotations__.get("return") != f"Iterator[{Notice.__name__}]"


def _needs(judge: Judge, where: str) -> tuple[tuple[tuple[str, type], ...], frozenset[str]]:
    try:
        hints: dict[str, Any] = get_type_hints(judge)
    except NameError as error:
        raise BadCheck(f"{where}: {error}; import the type of each parameter") from error
    needs, tolerates = [], set()
    for name in inspect.signature(judge).parameters:
        hint = hints.get(name)
        if isinstance(hint, UnionType) and len(hint.__args__) == 2 and Unknown in hint.__args__:
            tolerates.add(name)
            hint = next(of for of in hint.__args__ if of is not Unknown)
        if not isinstance(hint, type):
            raise BadCheck(f"{where}: parameter {name!r} needs the type of a fact")
        needs.append((name, hint))
    return tuple(needs), frozenset(tolerates)


def _sections(doc: str) -> dict[str, str]:
    reason, *rest = re.split(r"^(Remedy|Client|Otherwise):", doc, flags=re.MULTILINE)
    sections = {"reason": reason}
    sections.update(zip((word.lower() for word in rest[::2]), rest[1::2], strict=True))
    return {name: " ".join(text.split()) for name, text in sections.items()}
