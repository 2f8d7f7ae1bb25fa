"""What changed between stored sweeps: each system against the last sweep that holds it, and its disk over all of them.

Findings are compared as they were judged then. A system that could not be reached now keeps its findings: that nobody
looked is no sign that they have gone.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from tasks.analysis.forecast import Used, until_full, used_per_day
from tasks.model.finding import Outcome, Severity, Verdict
from tasks.model.trend import FleetTrend, SystemTrend, Turned

OLD = timedelta(days=2)
_OPEN = {Outcome.FAIL.value, Outcome.UNKNOWN.value}
_FURTHER = 1.1                  # so much further from its threshold is worse; less is the noise of a night
_DAY_S = 86_400.0
Findings = dict[tuple[str, str], Any]


@dataclass(frozen=True)
class StoredSweep:
    """A complete sweep as its folder tells it; the frames have the columns of tasks.analysis.frames."""

    folder: str
    sweep_id: str
    target: str
    started_at: datetime
    uplift_version: str
    systems: pd.DataFrame
    findings: pd.DataFrame


def fleet_trend(sweeps: Sequence[StoredSweep], system_ids: Iterable[str], now: datetime) -> FleetTrend:
    """The newest of ``sweeps`` against the others of its target, for the systems of the fleet.

    Sweeps of another target tell how the disks fill; their verdicts are of another upgrade and are not compared.
    Raises ValueError where there is no sweep.
    """
    ordered = sorted(sweeps, key=lambda sweep: sweep.started_at)
    if not ordered:
        raise ValueError("a trend needs a sweep")
    newest, earlier = ordered[-1], ordered[:-1]
    same = [sweep for sweep in reversed(earlier) if sweep.target == newest.target]
    rows = {sweep.sweep_id: _by_id(sweep.systems) for sweep in ordered}
    findings = {sweep.sweep_id: _open_findings(sweep.findings) for sweep in (newest, *same)}
    systems = []
    for system_id in sorted(system_ids):
        before = next((sweep for sweep in same if system_id in rows[sweep.sweep_id]), None)
        row = rows[newest.sweep_id].get(system_id)
        if row is None and before is None:
            continue
        readings = [(sweep.started_at, rows[sweep.sweep_id][system_id])
                    for sweep in ordered if system_id in rows[sweep.sweep_id]]
        found = findings[newest.sweep_id].get(system_id, {})
        found_before = findings[before.sweep_id].get(system_id, {}) if before else {}
        systems.append(_system_trend(
            row, rows[before.sweep_id][system_id] if before else None, before, found, found_before, readings,
        ))
    remarks = (*_remarks(newest, same, len(earlier) - len(same), now), *_new_checks(newest, same))
    return FleetTrend(newest.sweep_id, newest.target, newest.started_at, tuple(sweep.sweep_id for sweep in same),
                      tuple(systems), remarks)


def _system_trend(
    row: Any, row_before: Any, before: StoredSweep | None, found: Findings, found_before: Findings,
    readings: list[tuple[datetime, Any]],
) -> SystemTrend:
    if row is None:
        return SystemTrend(row_before.id, row_before.client, Turned.LEFT_OUT, None, Verdict(row_before.verdict),
                           before.started_at if before else None)
    told = SystemTrend(row.id, row.client, Turned.FIRST, Verdict(row.verdict), **_sizes(row, row_before, readings))
    if before is None or row_before is None:
        return told
    verdict_before = Verdict(row_before.verdict)
    changes: dict[str, Any] = {"turned": _turned(verdict_before, Verdict(row.verdict))}
    if row.verdict != Verdict.UNREACHABLE and verdict_before is not Verdict.UNREACHABLE:
        changes |= {
            "new": _named(found.keys() - found_before.keys()),
            "gone": _named(found_before.keys() - found.keys()),
            "worse": _named(key for key in found.keys() & found_before.keys() if _worse(found_before[key], found[key])),
        }
    return SystemTrend(**{
        **{name: getattr(told, name) for name in SystemTrend.__dataclass_fields__},
        "verdict_before": verdict_before, "before_at": before.started_at, **changes,
    })


def _turned(before: Verdict, now: Verdict) -> Turned:
    if before is now:
        return Turned.SAME
    if now is Verdict.UNREACHABLE:
        return Turned.LOST
    if now is Verdict.READY:
        return Turned.READY
    if now is Verdict.BLOCKED:
        return Turned.BLOCKED
    return Turned.BACK if before is Verdict.UNREACHABLE else Turned.CHANGED


def _worse(before: Any, now: Any) -> bool:
    """A higher severity, blocking where it was not, told where it was not, or further from the threshold."""
    weight, weight_before = ((bool(one.blocking), Severity[one.severity.upper()]) for one in (now, before))
    if weight != weight_before:
        return weight > weight_before
    if now.outcome != before.outcome:
        return bool(now.outcome == Outcome.FAIL.value)
    gap, gap_before = _gap(now), _gap(before)
    return gap is not None and gap_before is not None and gap > gap_before * _FURTHER


def _gap(finding: Any) -> float | None:
    """How far from the threshold, as a fraction of it."""
    measured, threshold = _told(finding.measured_value), _told(finding.threshold_value)
    if measured is None or not threshold:
        return None
    return abs(float(measured) - float(threshold)) / abs(float(threshold))


def _sizes(row: Any, row_before: Any, readings: list[tuple[datetime, Any]]) -> dict[str, Any]:
    bytes_, bytes_before = _told(row.cdr_bytes), _told(row_before.cdr_bytes) if row_before is not None else None
    cells: dict[str, Any] = {
        "cdr_rows": _whole(row.cdr_rows), "cdr_bytes": _whole(bytes_), "cdr_bytes_per_day": _calls_bytes_per_day(row),
        "cdr_bytes_more": _whole(bytes_ - bytes_before) if bytes_ is not None and bytes_before is not None else None,
    }
    free, path = _told(row.disk_free_bytes), _told(row.disk_path)
    if free is None:
        return cells
    used = [Used(at, int(each.disk_size_bytes) - int(each.disk_free_bytes))
            for at, each in readings if _told(each.disk_path) == path and _told(each.disk_free_bytes) is not None]
    rate, basis = used_per_day(used), f"{len(used)} sweeps"
    if rate is None:
        rate, basis = cells["cdr_bytes_per_day"], "the calls of each day alone"
    cells |= {"disk_path": path, "disk_free_bytes": int(free)}
    if rate is not None:
        full = until_full(int(free), rate, basis)
        cells |= {"disk_bytes_per_day": full.bytes_per_day, "until_full_days": full.days, "rate_basis": full.basis}
    return cells


def _calls_bytes_per_day(row: Any) -> float | None:
    """What one sweep tells: the calls of a day at the size of a row; else the mean since the first call."""
    bytes_, rows, calls = _told(row.cdr_bytes), _told(row.cdr_rows), _told(row.calls_per_day)
    if bytes_ is None or not rows:
        return None
    if calls is not None:
        return float(calls) * float(bytes_) / float(rows)
    first, last = _told(row.cdr_first), _told(row.cdr_last)
    if first is None or last is None or last <= first:
        return None
    return float(bytes_) / float(max(1.0, (last - first).total_seconds() / _DAY_S))


def _remarks(newest: StoredSweep, same: list[StoredSweep], others: int, now: datetime) -> list[str]:
    told = []
    age = now - newest.started_at
    if age > OLD:
        told.append(f"The newest sweep is {age.days} days old ({newest.folder}).")
    if not same:
        told.append(f"No earlier sweep for {newest.target} is there to compare with.")
    elif newest.started_at - same[0].started_at > timedelta(days=31):
        told.append(f"The sweep before it is {(newest.started_at - same[0].started_at).days} days older.")
    if others:
        told.append(f"{others} earlier sweeps were for another target: only sizes are compared with them.")
    if same and same[0].uplift_version != newest.uplift_version:
        told.append(f"The sweep before it was judged by Uplift {same[0].uplift_version}, this one by "
                    f"{newest.uplift_version}: `uplift judge` judges both alike.")
    return told


def _new_checks(newest: StoredSweep, same: list[StoredSweep]) -> list[str]:
    if not same or newest.findings.empty or same[0].findings.empty:
        return []
    new = sorted(set(newest.findings["check_id"]) - set(same[0].findings["check_id"]))
    return [f"Not looked at in the sweep before it: {', '.join(new)}."] if new else []


def _by_id(systems: pd.DataFrame) -> dict[str, Any]:
    return {str(row.id): row for row in systems.itertuples(index=False)}


def _open_findings(findings: pd.DataFrame) -> dict[str, Findings]:
    told = findings[findings["outcome"].isin(_OPEN) & findings["waiver_owner"].isna()]
    by_system: dict[str, Findings] = {}
    for row in told.itertuples(index=False):
        by_system.setdefault(str(row.system_id), {})[str(row.check_id), str(row.subject)] = row
    return by_system


def _named(keys: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(check if subject in ("system", "") else f"{check}: {subject}" for check, subject in sorted(keys))


def _told(value: Any) -> Any:
    return None if pd.isna(value) else value


def _whole(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)
