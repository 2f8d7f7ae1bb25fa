"""Sections of the fleet report between the table and the waivers: what could not be told, and what sites changed."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from reports.figures import plural
from reports.text import shortened, visible
from reports.words import CONTACTS, check_title
from tasks.model.answer import ContactState
from tasks.model.finding import Outcome

_REASONS = 5                    # of one check; the others are counted
_REASON_CHARACTERS = 200
_LINES = 50                     # systems with custom development; the others are in the table above
_FILES = 6                      # of one system
# What becomes of a site's own work, by the check that tells it, the worst first.
FATES = {
    "custom_breaks": "Breaks",
    "custom_lost": "Is lost",
    "custom_overwritten": "Is overwritten",
    "orphaned_cron": "Its program is lost",
    "custom_not_executable": "Does not run",
    "custom_files": "Not known",
}
SURVIVES = "Survives"


@dataclass(frozen=True, slots=True)
class Unclear:
    """What one check could not tell (or, without a check, where no login was made): ``reasons`` are (words, systems).

    ``leads_to`` names the rows: check and outcome, or the verdict.
    """

    title: str
    systems: int
    reasons: tuple[tuple[str, int], ...]
    more: int
    leads_to: dict[str, str]


@dataclass(frozen=True, slots=True)
class Custom:
    """What one site changed: ``changes`` are (what the upgrade does to it, subject, what it is)."""

    system_id: str
    client: str
    changes: tuple[tuple[str, str, str], ...]
    more: int


@dataclass(frozen=True, slots=True)
class CustomWork:
    """``lines`` are the sites with the most changes first; ``lead`` counts all of them.

    ``fates`` tell what becomes of the changes: (what, systems, changes, check).
    """

    lead: str
    fates: tuple[tuple[str, int, int, str], ...]
    lines: tuple[Custom, ...]


def unclear(systems: pd.DataFrame, findings: pd.DataFrame) -> tuple[Unclear, ...]:
    """Every question without an answer, grouped by check and by reason; the check with the most systems first."""
    open_ones = findings[(findings["outcome"] == Outcome.UNKNOWN.value) & findings["waiver_owner"].isna()]
    found = sorted(_by_check(open_ones), key=lambda one: (-one.systems, one.title))
    return (*_without_login(systems), *found)


def custom_work(systems: pd.DataFrame, findings: pd.DataFrame) -> CustomWork | None:
    """What the sites changed themselves; None where nothing was found. Waived findings count: the files are there."""
    told = (findings["outcome"] == Outcome.FAIL.value) | (
        (findings["outcome"] == Outcome.PASS.value) & (findings["summary"] != ""))
    found = findings[findings["check_id"].isin(list(FATES)) & told]
    if found.empty:
        return None
    failed = found["outcome"] == Outcome.FAIL.value
    found = found.assign(fate=found["check_id"].map(FATES).where(failed, SURVIVES))
    order = {name: place for place, name in enumerate((*FATES.values(), SURVIVES))}
    found = found.assign(rank=found["fate"].map(order))
    found = found.sort_values(["rank", "system_id", "subject"], kind="stable")
    client = dict(zip(systems["id"], systems["client"], strict=True))
    sites = sorted(found.groupby("system_id", sort=True), key=lambda site: (-len(site[1]), str(site[0])))
    lines = tuple(_site(str(system_id), str(client.get(system_id, "")), rows) for system_id, rows in sites[:_LINES])
    said = (f"{plural(len(sites), 'system')} of {len(systems):,} {'has' if len(sites) == 1 else 'have'} "
            f"{plural(len(found), 'change')} of the site's own.")
    if len(sites) > _LINES:
        said += f" The {_LINES} with the most are listed here."
    fates = tuple(
        (str(fate), int(rows["system_id"].nunique()), len(rows), _check_of(rows) if fate != SURVIVES else "")
        for fate, rows in found.groupby("fate", sort=False)
    )
    return CustomWork(said, fates, lines)


def _check_of(rows: pd.DataFrame) -> str:
    return str(rows["check_id"].iloc[0])


def _site(system_id: str, client: str, rows: pd.DataFrame) -> Custom:
    changes = tuple(
        (str(one.fate), shortened(str(one.subject), 120), shortened(_without(str(one.summary), str(one.subject)), 200))
        for one in rows.head(_FILES).itertuples(index=False)
    )
    return Custom(system_id, shortened(client, 60) or system_id, changes, max(0, len(rows) - _FILES))


def _by_check(open_ones: pd.DataFrame) -> Iterator[Unclear]:
    for check_id, rows in open_ones.groupby("check_id", sort=True):
        reasons = _counted(rows.assign(why=[shortened(str(one), _REASON_CHARACTERS) for one in rows["summary"]]))
        yield Unclear(
            check_title(str(check_id)), int(rows["system_id"].nunique()), reasons[:_REASONS],
            max(0, len(reasons) - _REASONS), {"check": str(check_id), "outcome": "unknown-any"},
        )


def _without_login(systems: pd.DataFrame) -> Iterator[Unclear]:
    away = systems[systems["contact_state"] != ContactState.REACHED.value]
    if away.empty:
        return
    said = [CONTACTS.get(str(state), visible(str(state))) for state in away["contact_state"]]
    reasons = _counted(away.assign(why=said, system_id=away["id"]))
    yield Unclear("No login, so nothing was asked", len(away), reasons[:_REASONS], max(0, len(reasons) - _REASONS),
                  {"verdict": "unreachable"})


def _counted(rows: pd.DataFrame) -> tuple[tuple[str, int], ...]:
    """Systems by the reason in ``why``, the most frequent first."""
    counts: Any = rows.groupby("why")["system_id"].nunique().to_dict()
    listed = [(str(why), int(count)) for why, count in counts.items()]
    return tuple(sorted(listed, key=lambda one: (-one[1], one[0])))


def _without(summary: str, subject: str) -> str:
    """A summary that begins with its subject, without it: the subject stands beside it."""
    return summary.removeprefix(f"{subject}: ") if subject else summary
