"""What changed between two snapshots, and whether it may have.

The vocabulary is panos-upgrade-assurance's: missing, added and changed, with ignored things and thresholds. Each area
has a rule; what no rule allows is reported. Invariant: an area that either side could not tell is never equal, so that
a question that failed after the upgrade cannot pass for "nothing has changed".
"""
from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase

from pydantic import Field

from tasks.model.finding import Frozen
from tasks.model.snapshot import Area, Scalar, Snapshot


class ChangeKind(StrEnum):
    MISSING = "missing"         # it was there before and is not now
    ADDED = "added"
    CHANGED = "changed"


class AreaOutcome(StrEnum):
    SAME = "same"               # as it may be
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class Change(Frozen):
    """One thing that is otherwise than before. ``before`` is None for what was added, ``after`` for what is missing."""

    area: Area
    kind: ChangeKind
    name: str
    before: Scalar = None
    after: Scalar = None

    def __str__(self) -> str:
        label = f"{self.area.value} {self.name}"
        if self.kind is ChangeKind.CHANGED:
            return f"{label}: {self.before} became {self.after}"
        return f"{label} is missing" if self.kind is ChangeKind.MISSING else f"{label} is new ({self.after})"


class AreaRule(Frozen):
    """What an area may do. Kinds outside ``reported`` and names that match ``ignored`` (* and ?) are let pass.

    ``loss_fraction``: numbers may shrink by this part, ``growth_fraction`` grow by it (None: without bound); anything
    else must be equal. ``missing_fraction``: of the things that were there, so many may be missing.
    """

    reported: frozenset[ChangeKind] = frozenset(ChangeKind)
    ignored: tuple[str, ...] = ()
    loss_fraction: float = Field(0.0, ge=0, le=1)
    growth_fraction: float | None = Field(0.0, ge=0)
    missing_fraction: float = Field(0.0, ge=0, le=1)
    required: bool = True       # whether it matters that the area could not be told


class AreaDiff(Frozen):
    """``changes``: what the rule reports; ``allowed``: what it let pass, kept so that a report can print it."""

    area: Area
    outcome: AreaOutcome
    summary: str
    required: bool = True
    changes: tuple[Change, ...] = ()
    allowed: tuple[Change, ...] = ()


class SnapshotDiff(Frozen):
    areas: tuple[AreaDiff, ...]

    @property
    def passed(self) -> bool:
        """Whether every area is as it may be; a required one that could not be told is not."""
        return not self.different and not self.undetermined

    @property
    def different(self) -> tuple[AreaDiff, ...]:
        return tuple(area for area in self.areas if area.outcome is AreaOutcome.DIFFERENT)

    @property
    def undetermined(self) -> tuple[AreaDiff, ...]:
        return tuple(area for area in self.areas if area.outcome is AreaOutcome.UNKNOWN and area.required)

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(change for area in self.areas for change in area.changes)


# An upgrade is meant to change the release and the modules that come with it; all else is meant to stay. A row count
# of InnoDB is an estimate, and calls are added all the time.
AFTER_UPGRADE: Mapping[Area, AreaRule] = {
    Area.PLATFORM: AreaRule(ignored=("release", "asterisk")),
    Area.REGISTERED: AreaRule(reported=frozenset({ChangeKind.MISSING, ChangeKind.CHANGED})),
    Area.SIP_DRIVERS: AreaRule(ignored=("chan_*",), growth_fraction=None),
    Area.MODULES: AreaRule(reported=frozenset()),
    Area.TABLES: AreaRule(
        reported=frozenset({ChangeKind.MISSING, ChangeKind.CHANGED}), loss_fraction=0.1, growth_fraction=None
    ),
    Area.PORTS: AreaRule(reported=frozenset({ChangeKind.MISSING})),
    Area.SERVICES: AreaRule(reported=frozenset({ChangeKind.MISSING, ChangeKind.CHANGED})),
    Area.CONFIGURATION: AreaRule(
        reported=frozenset({ChangeKind.MISSING}), ignored=("*/sip.conf", "*/sip_*.conf"), required=False
    ),
    Area.SETTINGS: AreaRule(reported=frozenset({ChangeKind.MISSING, ChangeKind.CHANGED})),
    Area.CUSTOM_FILES: AreaRule(reported=frozenset({ChangeKind.MISSING, ChangeKind.CHANGED})),
    Area.CONFIGURATION_ERRORS: AreaRule(reported=frozenset({ChangeKind.ADDED})),
}
# A restored system is the one that was backed up: nothing but the calls of the meantime may differ.
AFTER_REVERT: Mapping[Area, AreaRule] = {
    area: AreaRule(loss_fraction=1.0, growth_fraction=None) if area is Area.TABLES
    else AreaRule(reported=frozenset({ChangeKind.MISSING, ChangeKind.CHANGED})) if area is Area.REGISTERED
    else AreaRule(reported=frozenset({ChangeKind.ADDED})) if area is Area.CONFIGURATION_ERRORS
    else AreaRule()
    for area in Area
}


def diff(before: Snapshot, after: Snapshot, rules: Mapping[Area, AreaRule] = AFTER_UPGRADE) -> SnapshotDiff:
    """Compare every area that ``rules`` names."""
    return SnapshotDiff(areas=tuple(_area(area, rules[area], before, after) for area in Area if area in rules))


def _area(area: Area, rule: AreaRule, before: Snapshot, after: Snapshot) -> AreaDiff:
    was, now = before.of(area), after.of(area)
    if was is None or now is None:
        side, snapshot = ("before", before) if was is None else ("after", after)
        why = f"{area.value} could not be told {side} the change: {snapshot.unknown.get(area, 'it was not looked at')}"
        return AreaDiff(area=area, outcome=AreaOutcome.UNKNOWN, summary=why, required=rule.required)
    found = _changes(area, was, now)
    reported = [change for change in found if _reported(change, rule)]
    missing = [change for change in reported if change.kind is ChangeKind.MISSING]
    if missing and len(missing) <= rule.missing_fraction * len(was):
        reported = [change for change in reported if change.kind is not ChangeKind.MISSING]
    allowed = tuple(change for change in found if change not in reported)
    return AreaDiff(
        area=area, outcome=AreaOutcome.DIFFERENT if reported else AreaOutcome.SAME,
        summary=_summary(area, reported, len(now)), required=rule.required, changes=tuple(reported), allowed=allowed,
    )


def _changes(area: Area, was: Mapping[str, Scalar], now: Mapping[str, Scalar]) -> list[Change]:
    found = []
    for name in sorted(was.keys() | now.keys()):
        if name not in now:
            found.append(Change(area=area, kind=ChangeKind.MISSING, name=name, before=was[name]))
        elif name not in was:
            found.append(Change(area=area, kind=ChangeKind.ADDED, name=name, after=now[name]))
        elif was[name] != now[name]:
            found.append(Change(area=area, kind=ChangeKind.CHANGED, name=name, before=was[name], after=now[name]))
    return found


def _reported(change: Change, rule: AreaRule) -> bool:
    if change.kind not in rule.reported or any(fnmatchcase(change.name, pattern) for pattern in rule.ignored):
        return False
    return change.kind is not ChangeKind.CHANGED or not _within(change.before, change.after, rule)


def _within(before: Scalar, after: Scalar, rule: AreaRule) -> bool:
    if not isinstance(before, int) or not isinstance(after, int):
        return False
    if after < before:
        return before - after <= rule.loss_fraction * before
    return rule.growth_fraction is None or after - before <= rule.growth_fraction * before


def _summary(area: Area, reported: list[Change], count: int) -> str:
    if not reported:
        return f"{area.value}: as it may be ({count})"
    first = "; ".join(str(change) for change in reported[:3])
    more = f"; and {len(reported) - 3} more" if len(reported) > 3 else ""
    return f"{first}{more}"
