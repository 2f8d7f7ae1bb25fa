"""What a team of engineers leaves open: days without anybody, editions and names that nobody has. Pure."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from tasks.model.case import OVER, Case
from tasks.model.engineer import Engineers
from tasks.model.facts import Edition
from tasks.model.fleet import System

AHEAD_DAYS = 60


def gaps(engineers: Engineers, systems: Iterable[System], cases: Iterable[Case], now: datetime) -> list[str]:
    """One sentence for each, without its full stop; absences of the next two months."""
    known = list(systems)
    return [*_days(engineers, now), *_editions(engineers, known), *_names(engineers, known, cases)]


def _days(engineers: Engineers, now: datetime) -> Iterator[str]:
    empty: list[date] = []
    for offset in range(AHEAD_DAYS + 1):
        day = now.date() + timedelta(days=offset)
        if all(any(away.first <= day <= away.last for away in each.absences) for each in engineers.engineers):
            empty.append(day)
        elif empty:
            yield f"nobody is there from {empty[0]} to {empty[-1]}"
            empty = []
    if empty:
        yield f"nobody is there from {empty[0]} to {empty[-1]}"


def _editions(engineers: Engineers, systems: list[System]) -> Iterator[str]:
    done = {edition for each in engineers.engineers
            for edition in (Edition if not each.skills else (e for skill in each.skills for e in skill.editions))}
    for edition, count in sorted(Counter(system.edition for system in systems if system.edition not in done).items()):
        yield f"nobody does {edition.replace('_', ' ')} upgrades, and {_systems(count)} of that edition"


def _names(engineers: Engineers, systems: list[System], cases: Iterable[Case]) -> Iterator[str]:
    named = Counter(s.engineer for s in systems if s.engineer and engineers.named(s.engineer) is None)
    for name, count in sorted(named.items()):
        yield f"the fleet file gives {name} {count} system{'s' * (count > 1)}, and engineers.yaml has no {name}"
    working = Counter(c.engineer for c in cases
                      if c.state not in OVER and c.engineer and engineers.named(c.engineer) is None)
    for name, count in sorted(working.items()):
        yield f"{name} has {count} case{'s' * (count > 1)} under way, and engineers.yaml has no {name}"


def _systems(count: int) -> str:
    return f"{count} systems are" if count > 1 else "1 system is"
