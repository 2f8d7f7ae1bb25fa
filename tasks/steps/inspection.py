"""One inspection of a case's system: visited, judged with the case's waivers, made a plan. Reads only."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks.analysis.duration import estimate_upgrade
from tasks.model.answer import Recording
from tasks.model.case import Case, IdentityMarks
from tasks.model.fact import Known, Unknown
from tasks.model.facts import Identity, Tables
from tasks.model.finding import Finding, Frozen
from tasks.model.occasion import Occasion
from tasks.model.plan import Plan, plan_of
from tasks.model.profile import Profile
from tasks.model.sweep import Limits
from tasks.rules.judge import judge
from tasks.rules.known import known_from
from tasks.steps.case_site import Site
from tasks.steps.work import Clock
from tasks.wire.visit import visit


class Kept(Frozen):
    """What is kept of an inspection in the case's folder."""

    recording: Recording
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...]
    plan: Plan


@dataclass(frozen=True)
class Inspection:
    """``clock_offset`` is the system's clock minus ours, None where it was not told."""

    kept: Kept
    known: Known
    identity: IdentityMarks
    facts_at: datetime
    clock_offset: timedelta | None

    @property
    def plan(self) -> Plan:
        return self.kept.plan


async def inspect(
    site: Site, case: Case, now: Clock, vps_id: str | None, *, occasion: Occasion, ahead: timedelta = timedelta(0)
) -> Inspection:
    """Visit the system and judge it for the case's target. Never raises for what the system does.

    ``ahead`` is how far a rehearsal's clock is before the true one, by which the system's own clock is judged.
    """
    recording = await visit(site.system, site.profile, site.login(), limits=Limits(), now=lambda: now() - ahead)
    known, at = known_from(recording), now()
    judged = judge(
        site.system, site.profile, recording, known, case.target, at, case_waivers=case.waivers, occasion=occasion
    )
    plan = plan_of(
        case.system_id, case.target, site.profile.digest, judged.findings,
        verdict=judged.verdict, estimate_s=estimate_s(known, site.profile),
    )
    machine = known.get(Identity)
    told = None if isinstance(machine, Unknown) else machine
    return Inspection(
        kept=Kept(recording=recording, findings=judged.findings, remarks=judged.remarks, plan=plan),
        known=known,
        identity=IdentityMarks(
            host_key=recording.contact.host_key, machine_id=told.machine_id if told else None, vps_id=vps_id
        ),
        facts_at=recording.started_at + ahead,
        clock_offset=told.clock - recording.started_at if told else None,
    )


def estimate_s(known: Known, profile: Profile) -> float:
    """The slow end of the estimate; where the table of calls is not known, of the fixed part alone."""
    tables = known.get(Tables)
    cdr = None if isinstance(tables, Unknown) else tables.get(profile.database.cdr_table)
    if cdr is None:
        return profile.estimate.fixed_s * (1 + profile.estimate.spread)
    return estimate_upgrade(cdr, profile).total.high_s
