"""The plan of a case on its screen: what was found, who does what about it, what is done, and what the client said."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from tasks.model.case import Case
from tasks.model.finding import Kind, Waiver
from tasks.model.ledger import JournalEntry
from tasks.model.plan import Action, Plan, PlanItem
from tasks.rules.todo import todo

DIGEST = 12                 # digits of a plan's digest that are shown
FINDINGS, ACTIONS = 8, 8    # lines of each on one screen
SUBJECTS = 2                # of one line
DOES = {Kind.COMMAND: "By Uplift", Kind.CLIENT: "By client", Kind.ENGINEER: "By engineer"}

Row = tuple[str, str]


def plan_rows(case: Case, journal: Sequence[JournalEntry], zone: str | None, now: datetime) -> Iterator[Row]:
    """From the digest down to waivers and overrides."""
    plan = case.plan
    if plan is None:
        yield "Plan", "none yet: the system was not inspected"
        return
    seen = f", inspected {case.inspected_at:%Y-%m-%d %H:%M} UTC" if case.inspected_at else ""
    yield "Plan", f"{plan.digest[:DIGEST]} · {plan.verdict} · about {minutes(plan.estimate_s)}{seen}"
    yield from _at_most(FINDINGS, "Found", _findings(plan), "findings")
    yield from _at_most(ACTIONS, "", _actions(case, plan), "actions")
    yield from _done(case)
    if case.approval:
        word = case.approval
        lapsed = "" if case.agreed else "; the plan has changed since: it no longer counts"
        yield "Agreed", f"by {word.by} ({_words(word.how)}) on {word.at:%Y-%m-%d %H:%M} UTC{lapsed}"
    yield from _waived(case, zone, now)
    for override in case.overrides:
        if override.plan_revision == case.plan_revision:
            yield "Override", f"{override.guard} by {override.by}: {override.reason}"
    yield from _said(journal)


def _at_most(most: int, label: str, rows: Iterable[Row], what: str) -> Iterator[Row]:
    """The first ones; ``label`` stands before the first row that has none of its own."""
    every = list(rows)
    for number, (own, text) in enumerate(every[:most]):
        yield own or (label if number == 0 else ""), text
    if len(every) > most:
        yield "", f"and {len(every) - most} more {what} (--json shows all)"


def _findings(plan: Plan) -> Iterator[Row]:
    """One line for what a check says alike of several subjects, what blocks first."""
    wanted = {(action.check_id, action.subject) for action in plan.actions}
    alike: dict[tuple[object, ...], list[PlanItem]] = {}
    for item in sorted(plan.items, key=lambda each: (not each.blocking, -each.severity, each.check_id)):
        waived = bool(item.remediation_ids) and (item.check_id, item.subject) not in wanted
        alike.setdefault((item.check_id, item.outcome, item.severity, item.blocking, item.remediation_ids, waived),
                         []).append(item)
    for (*_, left_alone), items in alike.items():
        first, subjects = items[0], [each.subject for each in items]
        more = f" and {len(subjects) - SUBJECTS} more" if len(subjects) > SUBJECTS else ""
        text = f"{first.check_id} ({', '.join(subjects[:SUBJECTS])}{more}): {first.outcome}, {first.severity.label}"
        text += ", blocks" * first.blocking + ", waived" * bool(left_alone)
        yield "", text + (f" → {', '.join(first.remediation_ids)}" if first.remediation_ids else "")


def _actions(case: Case, plan: Plan) -> Iterator[Row]:
    """What is not done yet, by who does it."""
    open_ones = [action for action in plan.actions if action.id not in case.remediated]
    for kind, label in DOES.items():
        theirs: dict[str, list[Action]] = {}
        for action in open_ones:
            if action.kind is kind:
                theirs.setdefault(action.id, []).append(action)
        for number, (name, actions) in enumerate(theirs.items()):
            checks = ", ".join(dict.fromkeys(action.check_id for action in actions))
            needs = any(action.needs_approval for action in actions)
            yield label if number == 0 else " ", f"{name}: {standing(case, name, needs_approval=needs)} · for {checks}"


def standing(case: Case, name: str, *, needs_approval: bool) -> str:
    """Where one action stands that is not done."""
    left = "not done yet" if name in todo(case) else ""
    decided = [d for d in (case.approval.decisions if case.approval else ()) if d.remediation_id == name]
    if not needs_approval:
        return f"needs no approval{', ' * bool(left)}{left}"
    if not decided:
        return "to be decided"
    if not decided[-1].approved:
        return "declined" + (f", “{decided[-1].reason}”" if decided[-1].reason else "")
    return f"approved, {left}" if left else "approved" if case.agreed else "approved of a plan before this; ask again"


def _done(case: Case) -> Iterator[Row]:
    """What was carried out, is said to be done, is to be undone, and was undone."""
    newest = {each.remediation_id: each for each in case.carried_out}
    before = ""
    for name, each in newest.items():
        label = "To undo" if name in case.undo else "Done" if name in case.remediated else "Undone"
        undo = "" if label != "Done" else " · can be undone" if each.undo else " · cannot be undone"
        yield " " if label == before else label, f"{name}, {each.at:%Y-%m-%d %H:%M} UTC: {each.summary}{undo}"
        before = label
    ticked = [name for name in case.remediated if name not in newest]
    if ticked:
        yield "Said done", f"{', '.join(ticked)}; by hand, so the next inspection tells"


def _waived(case: Case, zone: str | None, now: datetime) -> Iterator[Row]:
    """One line for several subjects that were waived in the same breath."""
    alike: dict[Waiver, list[str]] = {}
    for waiver in case.waivers:
        alike.setdefault(waiver.model_copy(update={"subject": None}), []).append(waiver.subject or "")
    for waiver, subjects in alike.items():
        told, more = [each for each in subjects if each], len(subjects) - SUBJECTS
        what = f" ({', '.join(told[:SUBJECTS])}{f' and {more} more' if more > 0 else ''})" if told else ""
        ends = _ends(case, waiver, zone, now)
        yield "Waived", f"{waiver.check_id}{what} by {waiver.owner} until {waiver.expires_on}{ends}: {waiver.reason}"


def _said(journal: Sequence[JournalEntry]) -> Iterator[Row]:
    """The client's last words that decided nothing."""
    for entry in reversed(journal):
        if entry.kind == "client_said":
            how = _words(str(entry.body.get("how", "")))
            yield "Client said", f"“{entry.body.get('text', '')}” ({entry.by}, {how}, {entry.at:%Y-%m-%d %H:%M} UTC)"
            return


def _ends(case: Case, waiver: Waiver, zone: str | None, now: datetime) -> str:
    """Whether a waiver counts no more, or will not on the day that matters; days are those of the client's zone."""
    theirs = ZoneInfo(zone or "UTC")
    if waiver.expires_on < now.astimezone(theirs).date():
        return " (expired: it counts no more)"
    if case.window and waiver.expires_on < case.window.ends_at.astimezone(theirs).date():
        return " (it expires before the window ends: the upgrade will be refused)"
    return ""


def minutes(seconds: float) -> str:
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest} min" if hours and rest else f"{hours} h" if hours else f"{rest} min"


def _words(code: str) -> str:
    return code.replace("_", " ")
