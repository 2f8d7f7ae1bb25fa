"""``uplift case approve|decline|waive|propose|confirm|postpone``: what is agreed with the client, recorded by name."""
from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from deployments.cli.case_record import By, CaseId, HowTold, PlanShown, Reason, Told, client_zone, record
from deployments.cli.case_story import DIGEST, window_words
from deployments.cli.local_time import Which, moment_at, wall_clock, window_at
from deployments.cli.output import AsJson
from reports.text import one_line
from tasks.model.case import Case, Decision, How
from tasks.model.errors import UserError
from tasks.model.event import Approved, Confirmed, Declined, Event, Postponed, Proposed, Waived
from tasks.model.finding import Waiver, WaiverSource
from tasks.model.window import Window

LEAST_DIGITS = 8
Zone = Annotated[str | None, typer.Option("--zone", help="The client's time zone (default: that of the fleet "
                                          "file).")]
OfTwo = Annotated[Which | None, typer.Option("--which", help="Of two equal local times on the night that summer time "
                                             "ends.")]


def shown_digest(case: Case, given: str) -> str:
    """The whole digest of the plan that was shown. Raises UserError where the plan is another one by now."""
    now, digits = case.plan_digest, given.strip().lower()
    if now is None:
        raise UserError("no_plan", "the case has no plan yet", "inspect the system first")
    if len(digits) < LEAST_DIGITS:
        raise UserError("plan_too_short", f"--plan {one_line(given)!r} is too short to tell one plan from another",
                        f"give at least {LEAST_DIGITS} digits, as `uplift case show {case.id}` prints them")
    if not now.startswith(digits):
        raise UserError("plan_changed", f"the plan is {now[:DIGEST]} now, not {one_line(given)[:DIGEST]}",
                        f"show the client the plan as it is (`uplift case show {case.id}`) and ask again")
    return now


def approve(
    case_id: CaseId,
    plan: PlanShown,
    by: By,
    action: Annotated[list[str] | None, typer.Option(help="An action that is agreed to; may be repeated.")] = None,
    refuse: Annotated[list[str] | None, typer.Option(metavar="ACTION[=WHY]", help="An action that is not, with the "
                                                     "client's reason; may be repeated.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All actions of the plan are agreed to.")] = False,
    how: HowTold = Told.COMMAND_LINE,
    as_json: AsJson = False,
) -> None:
    """The client's yes to the plan, action by action. It counts for the plan that was shown and no worse one."""

    def make(case: Case, now: datetime) -> Event:
        digest = shown_digest(case, plan)
        no = dict(_with_reason(each) for each in refuse or [])
        decisions = _decisions(case, action or [], no, every=every)
        return Approved(at=now, by=by, digest=digest, how=How(how), decisions=decisions)

    record(case_id, make, as_json=as_json)


def _with_reason(refused: str) -> tuple[str, str]:
    name, _, why = refused.partition("=")
    return name.strip(), one_line(why.strip())


def _decisions(case: Case, yes: list[str], no: dict[str, str], *, every: bool) -> tuple[Decision, ...]:
    """One for each action that was named, with the reason of those that are refused."""
    wanted = {a.id for a in case.plan.actions if a.needs_approval} if case.plan else set()
    unknown = sorted({*yes, *no} - wanted)
    if unknown:
        known = f"it is one of {', '.join(sorted(wanted))}" if wanted else "leave it out; nothing needs a decision"
        raise UserError("unknown_action", f"{one_line(unknown[0])!r} is no action that needs a decision", known)
    both = sorted(set(yes) & set(no))
    if both:
        raise UserError("contradiction", f"{both[0]} is both agreed to and refused", "say one of the two")
    agreed = (wanted - set(no)) if every else set(yes)
    return tuple(Decision(remediation_id=name, approved=name in agreed, reason=no.get(name, ""))
                 for name in sorted(agreed | set(no)))


def decline(
    case_id: CaseId, plan: PlanShown, reason: Reason, by: By, how: HowTold = Told.COMMAND_LINE, as_json: AsJson = False
) -> None:
    """The client's no to the plan. The case waits for its engineer."""
    record(
        case_id,
        lambda case, now: Declined(at=now, by=by, digest=shown_digest(case, plan), how=How(how), reason=reason),
        as_json=as_json,
    )


def waive(
    case_id: CaseId,
    check_id: Annotated[str, typer.Argument(metavar="CHECK", help="The check, as `uplift checks list` names it.")],
    reason: Reason,
    until: Annotated[str, typer.Option(metavar="DATE", help="The last day on which it counts, like 2026-12-31.")],
    by: By,
    subject: Annotated[str | None, typer.Option(help="Only this subject of the check (default: all).")] = None,
    as_json: AsJson = False,
) -> None:
    """Let a finding stand, for this case, by name and until a day. It stays in every report as waived."""
    from tasks.checks import all_checks
    from tasks.wire.validation import nearest

    known = {check.id: check.waivable for check in all_checks()}
    if check_id not in known:
        raise UserError("check_not_found", f"there is no check {one_line(check_id)!r}", nearest(check_id, known))
    if not known[check_id]:
        raise UserError("not_waivable", f"{check_id} cannot be waived: nobody can answer for who a system is",
                        f"see `uplift checks explain {check_id}` for what to do about it")
    try:
        expires_on = date.fromisoformat(until)
    except ValueError:
        raise UserError("bad_date", f"{one_line(until)!r} is no date", "write it like 2026-12-31") from None

    def make(case: Case, now: datetime) -> Event:
        waiver = Waiver(check_id=check_id, subject=subject, owner=by, reason=reason, expires_on=expires_on,
                        source=WaiverSource.CASE)
        return Waived(at=now, by=by, waiver=waiver)

    record(case_id, make, as_json=as_json)


def propose(
    case_id: CaseId,
    at: Annotated[list[str], typer.Option(metavar="TIME", help='A start on the client\'s clock, "2026-12-01 22:00"; '
                                          "may be repeated.")],
    duration: Annotated[str, typer.Option(help="How long each window is: 90m, 2h, 1h30m.")],
    by: By,
    zone: Zone = None,
    which: OfTwo = None,
    as_json: AsJson = False,
) -> None:
    """Propose one or more windows, given on the client's clock."""

    def make(case: Case, now: datetime) -> Event:
        theirs = client_zone(case, zone)
        slots = tuple(window_at(case, each, theirs, duration=duration, which=which) for each in at)
        return Proposed(at=now, by=by, slots=slots)

    record(case_id, make, as_json=as_json, shown=lambda case: (
        f"{number}. {window_words(slot)}" for number, slot in enumerate(case.slots, start=1)))


def confirm(
    case_id: CaseId,
    by: By,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="The start of a proposed window, on the client's "
                                           "clock.")] = None,
    slot: Annotated[int | None, typer.Option(min=1, help="Its number in `uplift case show`.")] = None,
    which: OfTwo = None,
    plan: Annotated[str | None, typer.Option(metavar="DIGEST", help="The plan that was shown; needed where this word "
                                             "agrees to it too.")] = None,
    how: HowTold = Told.COMMAND_LINE,
    as_json: AsJson = False,
) -> None:
    """The client's word for one of the proposed windows. Where no action was needed it agrees to the plan as well."""

    def make(case: Case, now: datetime) -> Event:
        window = _proposed_slot(case, at, slot, which)
        if plan is None and not case.agreed:
            digest = (case.plan_digest or "DIGEST")[:DIGEST]
            raise UserError("plan_needed", "confirming this window also agrees to the plan, and it was not said which",
                            f"give --plan {digest} if that is what the client was shown")
        digest = shown_digest(case, plan) if plan is not None else case.plan_digest or ""
        return Confirmed(at=now, by=by, digest=digest, window=window, how=How(how))

    record(case_id, make, as_json=as_json, shown=lambda case: [window_words(case.window)] if case.window else [])


def _proposed_slot(case: Case, at: str | None, number: int | None, which: Which | None) -> Window:
    see = f"see `uplift case show {case.id}`"
    if not case.slots:
        raise UserError("no_slots", "no time is proposed", f"propose one first with `uplift case propose {case.id}`")
    if (at is None) == (number is None):
        raise UserError("which_slot", "one proposed time has to be named", f"give either --at or --slot; {see}")
    if number is not None:
        if number > len(case.slots):
            raise UserError("which_slot", f"there is no slot {number}; {len(case.slots)} are proposed", see)
        return case.slots[number - 1]
    local = wall_clock(at or "")
    found = [s for s in case.slots if s.local_start == local and (which is None or s.fold == which.fold)]
    if not found:
        raise UserError("which_slot", f"{at} is none of the proposed times", f"propose it first, or {see}")
    if len(found) > 1:
        raise UserError("which_slot", f"{at} is proposed {len(found)} times", f"give --slot; {see}")
    return found[0]


def postpone(
    case_id: CaseId,
    reason: Reason,
    by: By,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Not to be taken up before this time on the "
                                              "client's clock.")] = None,
    zone: Zone = None,
    as_json: AsJson = False,
) -> None:
    """Give the window up. The case is taken up again with a new one; what was scheduled for the old one never runs."""

    def make(case: Case, now: datetime) -> Event:
        not_before = moment_at(until, lambda: client_zone(case, zone)) if until else None
        return Postponed(at=now, by=by, reason=reason, not_before=not_before)

    record(case_id, make, as_json=as_json)
