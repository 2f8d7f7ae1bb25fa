"""Propose nights to the client: by the client's own calls, and by all that has to be kept out of the way."""
from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, timezone
from fnmatch import fnmatchcase
from pathlib import Path

from reports.mail import Person
from reports.notice_mail import notice_id
from reports.proposal_mail import proposal_mail
from tasks.analysis.closed_days import closed_days
from tasks.analysis.host import hours_of
from tasks.analysis.quiet_hours import week_in_zone
from tasks.model.case import OVER, Case
from tasks.model.errors import UserError
from tasks.model.event import Proposed
from tasks.model.fact import Known, Unknown
from tasks.model.facts import CdrRhythm, DatabaseServer
from tasks.model.ledger import Channel, Message
from tasks.model.system_facts import CronJobs
from tasks.model.window import Window
from tasks.rules.known import known_from
from tasks.rules.proposing import Proposal, Span, Wanted, propose
from tasks.rules.shifts import shifts_of
from tasks.steps.case_site import Site
from tasks.steps.inspection import Kept
from tasks.steps.notices import reached, sender_domain
from tasks.steps.work import Work
from tasks.wire.engineers import load_engineers
from tasks.wire.links import page_link

BY_HAND = "propose times with `uplift case propose`, or postpone the case"


async def schedule(work: Work) -> Proposed:
    """Raises UserError where no night can be found: the engineer then agrees on one with the client."""
    site = await asyncio.to_thread(Site.of, work.case, work.home)
    found, remark = await asyncio.to_thread(nights, work, site)
    if remark:
        await work.note(remark)
    if not found.offers:
        raise UserError("no_quiet_night", f"no night can be proposed: {found.why_none}", BY_HAND)
    for number, offer in enumerate(found.offers, start=1):
        await work.note(f"slot {number} is {offer.window.local_start:%a %Y-%m-%d %H:%M} {offer.window.zone}: "
                        f"{offer.expected_calls:g} calls are to be expected in it, seldom more than "
                        f"{offer.at_most_calls}")
    slots = tuple(offer.window for offer in found.offers)
    work.letters += await asyncio.to_thread(_letters, work, site, slots)
    return Proposed(**work.reported(), slots=slots)


def _letters(work: Work, site: Site, slots: tuple[Window, ...]) -> list[Message]:
    """One mail for each of the client's contacts."""
    domain, now = sender_domain(work.home), work.now()
    deciders = tuple(each.name for each in site.system.contacts if each.approves)
    found = []
    for each in reached(site.system):
        message_id = notice_id(work.key, each.email, domain)
        mail = proposal_mail(
            work.case, slots, Person(each.name, each.email), language=each.language, decides=each.approves,
            deciders=deciders, link=page_link(work.home, work.case, each, now), message_id=message_id, at=now,
        )
        found.append(Message(message_id=message_id, channel=Channel.MAIL, recipients=(each.email,),
                             payload=mail.as_bytes()))
    return found


def nights(work: Work, site: Site) -> tuple[Proposal, str]:
    """The nights, and what an engineer should know of how they were found. Blocks.

    Raises UserError where the calls by hour are not known.
    """
    known = known_from(work.folder.load(Path(work.case.findings_ref or "").stem, Kept).recording)
    rules, system = site.profile.scheduling, site.system
    begins = work.now() + timedelta(hours=rules.notice_h)
    after = max(begins, work.case.not_before) if work.case.not_before else begins
    until = after + timedelta(days=rules.horizon_days)
    rhythm, week = _week(known, site)
    days = after.astimezone(system.zone).date(), until.astimezone(system.zone).date()
    closed = closed_days(system.country, system.blackout, *days)
    remark = "" if closed is not None else f"the public holidays of {system.country} are not known: none is left out"
    if isinstance(cron := known.get(CronJobs), Unknown):
        remark = "; ".join(filter(None, (remark, f"no night is kept free of the system's own jobs: {cron.reason}")))
    needs_s = work.case.needed().total_seconds()
    engineer = load_engineers(work.home).named(work.case.engineer)
    found = propose(Wanted(
        zone=system.timezone, week=week, weeks=max(rhythm.days / 7, 1 / 7), needs_s=needs_s,
        length_s=needs_s + rules.tests_s + rules.revert_s, after=after, until=until,
        business_hours=system.business_hours, closed=closed or {},
        busy=(*_jobs(known, site, after, until), *_others_on_host(work, site)),
        shifts=shifts_of(engineer, after, until) if engineer else None,
    ), rules.slots)
    return found, remark


def _week(known: Known, site: Site):  # type: ignore[no-untyped-def]  # the counted calls, and their week
    rhythm, server = known.get(CdrRhythm), known.get(DatabaseServer)
    if isinstance(rhythm, Unknown) or isinstance(server, Unknown):
        why = rhythm.reason if isinstance(rhythm, Unknown) else "the database's clock is not known"
        raise UserError("no_rhythm", f"it is not known when calls are made: {why}", BY_HAND)
    clock = server.clock if server.clock.tzinfo else server.clock.replace(tzinfo=timezone(server.utc_offset))
    until = clock.astimezone(timezone(server.utc_offset)).date()
    return rhythm, week_in_zone(rhythm, until, server.utc_offset, site.system.zone)


def _jobs(known: Known, site: Site, after: datetime, until: datetime) -> Iterator[Span]:
    """The heavy jobs of the system's own cron, each hour at which one may begin, on every day."""
    cron = known.get(CronJobs)
    patterns = site.profile.health.heavy_jobs
    heavy = [] if isinstance(cron, Unknown) else [
        job for job in cron.jobs if any(fnmatchcase(job.command.lower(), each.lower()) for each in patterns)]
    lasts = timedelta(hours=1, seconds=site.profile.scheduling.heavy_job_s)     # from any minute of its hour
    day, zone = after.astimezone(site.system.zone).date() - timedelta(days=1), site.system.zone
    while day <= until.astimezone(zone).date():
        for job in heavy:
            hours = hours_of(job.schedule)
            for hour in hours if len(hours) < 24 else ():
                starts_at = datetime.combine(day, time(hour), zone).astimezone(UTC)
                yield Span(starts_at, starts_at + lasts, f"the job {job.command}")
        day += timedelta(days=1)


def _others_on_host(work: Work, site: Site) -> Iterator[Span]:
    """Windows of other cases on the same SERVERware host: one clone and one upgrade at a time there."""
    here = site.system.serverware
    for case in work.store.cases() if here else ():
        if case.id == work.case.id or case.window is None or case.state in OVER:
            continue
        if _host_of(case, work.home) == (here.host if here else None):
            yield Span(case.window.starts_at, case.window.ends_at, f"another upgrade on {here.host if here else ''}")


def _host_of(case: Case, home: Path) -> str | None:
    """None where it is on no SERVERware, or its fleet file does not tell any more."""
    try:
        told = Site.of(case, home).system.serverware
    except UserError:
        return None
    return told.host if told else None
