"""What is asked of a system, and the pure parser of its answer: one file per fact.

Forbidden here: any I/O, any judgement ("too full", "too old"), any import of another fact. A fact reads; a check
decides.
The folder is the registry: every module holds one ``FACT``.
"""
from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from tasks.model.fact import ShellFact, SqlFact


@cache
def all_facts() -> tuple[ShellFact[Any] | SqlFact[Any], ...]:
    """Every fact of this folder, in the order of their names."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}").FACT for name in names)


def shell_facts() -> tuple[ShellFact[Any], ...]:
    return tuple(fact for fact in all_facts() if isinstance(fact, ShellFact))


def sql_facts() -> tuple[SqlFact[Any], ...]:
    """SQL facts, those that depend on others after the ones they depend on (raises ValueError on a cycle)."""
    waiting = [fact for fact in all_facts() if isinstance(fact, SqlFact)]
    known = {fact.of for fact in all_facts() if isinstance(fact, ShellFact)}
    ordered: list[SqlFact[Any]] = []
    while waiting:
        ready = [fact for fact in waiting if set(fact.after) <= known]
        if not ready:
            raise ValueError(f"facts depend on one another in a circle: {[fact.name for fact in waiting]}")
        ordered += ready
        known |= {fact.of for fact in ready}
        waiting = [fact for fact in waiting if fact not in ready]
    return tuple(ordered)
