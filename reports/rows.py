"""A judged system, flattened to the rows of the frames. What could not be told stays empty; nothing is judged here."""
from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timezone
from typing import Any

import pandas as pd

from reports.figures import plural
from reports.text import writable
from tasks.analysis.duration import estimate_upgrade
from tasks.analysis.forecast import FAR_DAYS, calls_growth, until_full
from tasks.analysis.frames import FindingRow, SystemRow
from tasks.analysis.quiet_hours import quiet_hours, week_in_zone
from tasks.analysis.space import MountNeed, NoMount, needs_of_upgrade, needs_per_mount
from tasks.model.answer import ContactState
from tasks.model.fact import Unknown
from tasks.model.facts import (
    AsteriskVersion,
    CdrRhythm,
    CdrSpan,
    DatabaseServer,
    Mount,
    Mounts,
    Platform,
    SipDrivers,
    Table,
    Tables,
)
from tasks.model.finding import Finding, Outcome, Quantity
from tasks.model.judged import Judged
from tasks.model.profile import Profile
from tasks.model.release import Release

QUIET_H = 3                     # the length of the stretch that reports name
NO_SPAN, NO_RHYTHM = Unknown("cdr_span", "not told"), Unknown("cdr_rhythm", "not told")


def system_row(judged: Judged, profile: Profile, target: Release | None = None) -> SystemRow:
    """One row; ``target`` stands in where the hop could not be told."""
    system, hop = judged.system, judged.hop
    platform = _known(judged, Platform)
    source = hop.source if hop else platform.release if platform else None
    wanted = hop.target if hop else target
    return SystemRow(
        id=system.id,
        client=writable(system.client),
        environment=system.environment.value,
        edition=system.edition.value,
        country=system.country,
        timezone=system.timezone,
        engineer=system.engineer,
        tags=" ".join(sorted(system.tags)),
        profile=profile.name,
        source_release=str(source) if source else None,
        target_release=str(wanted) if wanted else None,
        verdict=judged.verdict.value,
        contact_state=judged.contact.state.value,
        contact_detail=writable(judged.contact.detail),
        **_asterisk(judged),
        **_database(judged, profile),
        **_disk(judged, profile),
        **_counts(judged),
        top_reason=_top_reason(judged),
        remarks=writable("\n".join(judged.remarks)),
    )


def finding_rows(judged: Judged) -> Iterator[FindingRow]:
    """One row a finding, in the order in which they were found."""
    for finding in judged.findings:
        measured, threshold, waiver = finding.measured, finding.threshold, finding.waiver
        yield FindingRow(
            system_id=judged.system.id,
            check_id=finding.check_id,
            check_version=finding.check_version,
            subject=writable(finding.subject),
            outcome=finding.outcome.value,
            severity=finding.severity.label,
            blocking=finding.blocking,
            summary=writable(finding.summary),
            client_text=writable(finding.client_text),
            measured_value=_number(measured),
            measured_unit=writable(measured.unit) if measured else None,
            threshold_value=_number(threshold),
            threshold_unit=writable(threshold.unit) if threshold else None,
            remediations=_remediations(finding),
            waiver_owner=writable(waiver.owner) if waiver else None,
            waiver_reason=writable(waiver.reason) if waiver else None,
            waiver_expires_on=waiver.expires_on if waiver else None,
            waiver_source=waiver.source.value if waiver else None,
        )


def _known(judged: Judged, of: type[Any]) -> Any:
    """The fact, or None where it is not known."""
    fact = judged.known.get(of)
    return None if isinstance(fact, Unknown) else fact


def _count(number: int) -> int | None:
    """A count as a 64-bit cell holds it; None for what no disk and no table can have."""
    return number if 0 <= number < 2**63 else None


def _number(quantity: Quantity | None) -> float | None:
    try:
        return float(quantity.value) if quantity else None
    except OverflowError:
        return None


def _asterisk(judged: Judged) -> dict[str, Any]:
    version: AsteriskVersion | None = _known(judged, AsteriskVersion)
    drivers: SipDrivers | None = _known(judged, SipDrivers)
    return {
        "asterisk_major": version.major if version else None,
        "asterisk_version": writable(version.text) if version else None,
        "sip_drivers": " ".join(sorted(driver.value for driver in drivers.loaded)) if drivers else None,
    }


def _database(judged: Judged, profile: Profile) -> dict[str, Any]:
    server: DatabaseServer | None = _known(judged, DatabaseServer)
    span: CdrSpan | None = _known(judged, CdrSpan)
    rhythm: CdrRhythm | None = _known(judged, CdrRhythm)
    cells: dict[str, Any] = {"database_server": writable(server.version) if server else None}
    cdr = _cdr_table(judged, profile)
    if cdr:
        time = estimate_upgrade(cdr, profile).total
        cells |= {
            "cdr_rows": _count(cdr.rows),
            "cdr_bytes": _count(cdr.size_bytes),
            "cdr_engine": writable(cdr.engine) if cdr.engine else None,
            "downtime_low_s": time.low_s,
            "downtime_expected_s": time.expected_s,
            "downtime_high_s": time.high_s,
        }
    if span:
        cells |= {"cdr_first": span.first, "cdr_last": span.last}
    if rhythm and rhythm.days:
        cells["calls_per_day"] = round(rhythm.total / rhythm.days, 3)
        if server:
            week = _local_week(judged, rhythm, server)
            cells["calls_by_hour"] = tuple(round(float(calls), 3) for calls in week.to_numpy().reshape(-1))
            cells["quiet_hours"] = _quiet(rhythm, week)
    if cdr and (rate := calls_growth(cdr, span or NO_SPAN, rhythm or NO_RHYTHM)):
        cells["cdr_bytes_per_day"] = round(rate.bytes_per_day, 1)
        cells["disk_full_days"] = _full_days(judged, server, rate.bytes_per_day)
    return cells


def _cdr_table(judged: Judged, profile: Profile) -> Table | None:
    tables: Tables | None = _known(judged, Tables)
    return tables.get(profile.database.cdr_table) if tables else None


def _local_week(judged: Judged, rhythm: CdrRhythm, server: DatabaseServer) -> pd.DataFrame:
    """Calls by weekday and hour on the system's own clock; the day of the visit was not counted."""
    clock = server.clock if server.clock.tzinfo else server.clock.replace(tzinfo=timezone(server.utc_offset))
    day = clock.astimezone(timezone(server.utc_offset)).date()
    return week_in_zone(rhythm, day, server.utc_offset, judged.system.zone)


def _quiet(rhythm: CdrRhythm, week: pd.DataFrame) -> str | None:
    """The quietest stretch, and how many calls to expect in it."""
    found = quiet_hours(rhythm, week, QUIET_H, 1)
    return f"{found[0].words}, {plural(found[0].at_most_calls, 'call')} at most" if found else None


def _full_days(judged: Judged, server: DatabaseServer | None, bytes_per_day: float) -> float | None:
    """How long the free bytes of the database's file system last, ten years at most; None where they are not known."""
    mounts: Mounts | None = _known(judged, Mounts)
    mount = mounts.holding(server.datadir) if mounts and server else None
    if mount is None:
        return None
    days = until_full(mount.free_bytes, bytes_per_day, "").days
    return FAR_DAYS if days is None else round(days, 1)


def _disk(judged: Judged, profile: Profile) -> dict[str, Any]:
    mounts: Mounts | None = _known(judged, Mounts)
    if not mounts or not mounts.mounts:
        return {}
    tightest = max(mounts.mounts, key=lambda mount: (mount.used_fraction, mount.path))
    cells: dict[str, Any] = {
        "mount_path": writable(tightest.path),
        "mount_used_fraction": round(tightest.used_fraction, 6),
        "mount_free_bytes": _count(tightest.free_bytes),
    }
    if short := _shortest(judged, mounts, profile):
        cells |= {
            "disk_path": writable(short.mount.path),
            "disk_size_bytes": _count(short.mount.used_bytes + short.mount.free_bytes),
            "disk_free_bytes": _count(short.mount.free_bytes),
            "disk_need_bytes": _count(short.needed_bytes),
        }
    return cells


def _shortest(judged: Judged, mounts: Mounts, profile: Profile) -> MountNeed | None:
    """The mount whose free room is the smallest part of what the upgrade needs there; None where that is not known."""
    tables: Tables | None = _known(judged, Tables)
    if tables is None:
        return None
    cdr = tables.get(profile.database.cdr_table)
    span, rhythm = _known(judged, CdrSpan), _known(judged, CdrRhythm)
    rate = calls_growth(cdr, span or NO_SPAN, rhythm or NO_RHYTHM) if cdr else None     # as the check counts it
    try:
        needs = needs_per_mount(mounts, needs_of_upgrade(tables, profile, judged.system.environment, rate), profile)
    except NoMount:
        return None
    return min(needs, key=lambda need: _room(need.mount, need.needed_bytes), default=None)


def _room(mount: Mount, needed_bytes: int) -> float:
    return mount.free_bytes / needed_bytes if needed_bytes else float("inf")


def _counts(judged: Judged) -> dict[str, Any]:
    failed = Counter(one.severity.label for one in judged.findings if one.open and one.outcome is Outcome.FAIL)
    return {
        "high": failed["high"],
        "medium": failed["medium"],
        "low": failed["low"],
        "info": failed["info"] + sum(one.outcome is Outcome.PASS and bool(one.summary) for one in judged.findings),
        "unknown": sum(one.open and one.outcome is Outcome.UNKNOWN for one in judged.findings),
        "waived": sum(one.waiver is not None for one in judged.findings),
    }


def _top_reason(judged: Judged) -> str:
    """Why a system is not ready, in one sentence: its worst open finding, or how far the login came."""
    if judged.contact.state is not ContactState.REACHED and judged.contact.detail:
        return writable(judged.contact.detail)
    worst = min((one for one in judged.findings if one.open), key=_urgency, default=None)
    return writable(worst.summary) if worst else ""


def _urgency(finding: Finding) -> tuple[bool, bool, int, str, str]:
    unknown = finding.outcome is Outcome.UNKNOWN
    return not finding.blocking, unknown, -finding.severity, finding.check_id, finding.subject


def _remediations(finding: Finding) -> str:
    listed = [remediation.model_dump(mode="json") for remediation in finding.remediations]
    return writable(json.dumps(listed, ensure_ascii=False, sort_keys=True))
