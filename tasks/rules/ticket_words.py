"""What is written on a ticket: the answer to an order, and what has become of its case since. Pure.

Public replies are mailed to the client, so they say only what the client may know; notes are for the desk's agents.
"""
from __future__ import annotations

import hashlib
import html
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tasks.model.case import Case
from tasks.model.ledger import JournalEntry
from tasks.model.ticket import Act, Answer, Declined, Why
from tasks.model.ticket_settings import Statuses

LONGEST = 4000
_SAID = {
    Why.NO_ORDER: "we could not read the order's reference. Please answer with the reference as the store gave it.",
    Why.NO_SYSTEM: "it does not say which phone system it is for. Please answer with the name of the system.",
    Why.NO_RELEASE: "we could not read the release that you would like. Please answer with one like 8.2.0.",
    Why.UNKNOWN_CLIENT: "we could not match it to a phone system that you are a contact of. An engineer will look at "
                        "it; please answer with your company's name.",
    Why.SEVERAL_SYSTEMS: "you are a contact of several phone systems. Please answer with the name of the one you mean.",
    Why.UNSUPPORTED_HOP: "your phone system cannot be brought to that release in one step. An engineer will propose "
                         "another way.",
    Why.ORDER_TAKEN: "its reference belongs to another order already. Please check it with the store.",
    Why.DUPLICATE: "an upgrade of this phone system is under way already, so this order was not begun. Please close "
                   "it, or tell us what you would like to change.",
}


def marked(mark: str) -> str:
    """As a mark stands in a written text; brackets, so that one mark is never part of another."""
    return f"[Uplift {mark}]"


def body_of(answer: Answer) -> str:
    """The HTML of a note or reply: everything escaped, lines kept, the mark at its end."""
    lines = html.escape(answer.text[:LONGEST]).split("\n")
    return f"<div>{'<br>'.join(lines)}<br><br>{html.escape(marked(answer.mark))}</div>"


def for_case(desk: str, ticket: str, case: Case, statuses: Statuses) -> tuple[Answer, ...]:
    """The answers to an order that is a case: a receipt for the client, a note for the desk, and the status."""
    mark = f"{case.id}/opened"
    receipt = (
        f"Thank you. Your order {case.order_ref}, the upgrade of your phone system to {case.target}, is with us as "
        f"case {case.id}.\nWe look at the system first and tell you what is needed. Nothing is changed before you "
        "have agreed to it."
    )
    note = f"Order {case.order_ref} is case {case.id}: {case.client}, system {case.system_id}, to {case.target}."
    return _answers(desk, ticket, mark, reply=receipt, note=note, status=statuses.opened)


def for_declined(desk: str, ticket: str, declined: Declined, statuses: Statuses) -> tuple[Answer, ...]:
    """The answers to an order that is no case. The same reason is given once, another one again."""
    seal = hashlib.sha256(f"{declined.why}\n{declined.detail}".encode()).hexdigest()[:12]
    reply = f"Thank you for your order. It could not be begun yet: {_SAID[declined.why]}"
    note = f"No case was opened ({declined.why.value.replace('_', ' ')}): {declined.detail}."
    return _answers(desk, ticket, f"{declined.why.value}/{seal}", reply=reply, note=note, status=statuses.declined)


def for_entries(
    desk: str, ticket: str, case: Case, entries: Iterable[JournalEntry], statuses: Statuses
) -> tuple[Answer, ...]:
    """What a case's new journal entries say on its ticket; most entries say nothing there."""
    found: list[Answer] = []
    for entry in entries:
        note = _note(entry)
        over = entry.kind in ("closed", "cancelled")
        engineer = entry.body.get("engineer") if entry.kind == "assigned" else None
        found += _answers(
            desk, ticket, f"{case.id}/{entry.number}", note=note, reply=_reply(entry, case),
            status=statuses.closed if over else None, engineer=engineer,
        )
    return tuple(found)


def _answers(
    desk: str, ticket: str, mark: str, *, note: str = "", reply: str = "", status: int | None = None,
    engineer: str | None = None,
) -> tuple[Answer, ...]:
    found = [Answer(desk=desk, ticket=ticket, mark=mark, act=act, text=text)
             for act, text in ((Act.REPLY, reply), (Act.NOTE, note)) if text]
    if status is not None or engineer is not None:
        found.append(Answer(desk=desk, ticket=ticket, mark=mark, act=Act.UPDATE, status=status, engineer=engineer))
    return tuple(found)


def _reply(entry: JournalEntry, case: Case) -> str:
    if entry.kind == "upgrade_finished":
        return f"The upgrade of your phone system to {case.target} is done. We are testing it now."
    if entry.kind == "revert_done":
        return "Your phone system runs again as it was before the upgrade. An engineer will tell you how to go on."
    if entry.kind == "closed":
        return f"The upgrade of your phone system to {case.target} is complete; case {case.id} is closed. Thank you."
    return f"Case {case.id} was cancelled; no upgrade will be made for it." if entry.kind == "cancelled" else ""


def _note(entry: JournalEntry) -> str:
    make = _NOTES.get(entry.kind)
    if make is None:
        return ""
    said = make(entry.body)
    return f"{said} ({entry.by}, {entry.at:%Y-%m-%d %H:%M} UTC)" if said else ""


def _window(body: Mapping[str, Any]) -> str:
    window = body.get("window") or {}
    return f"The window is confirmed: {window.get('starts_at')} UTC, {window.get('zone', '')}".rstrip(", ") + "."


def _because(body: Mapping[str, Any]) -> str:
    return f": {body['reason']}" if body.get("reason") else ""


def _refused(body: Mapping[str, Any]) -> str:
    """The actions that the client declined, with the reason that was given."""
    said = [f"{each.get('remediation_id')}" + (f" ({each['reason']})" if each.get("reason") else "")
            for each in body.get("decisions") or () if not each.get("approved")]
    return f" Declined: {', '.join(said)}." if said else ""


_NOTES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "assigned": lambda body: f"Assigned to {body.get('engineer')}" + _because(body) + ".",
    "inspected": lambda body: f"Inspected: {(body.get('plan') or {}).get('verdict', 'see the case')}.",
    "notified": lambda body: "The notice to the client is on its way.",
    "delivered": lambda body: "The client was told what the inspection found.",
    "bounced": lambda body: f"The mail to {body.get('recipient')} came back: {body.get('reason')}",
    "reminded": lambda body: "The client was reminded" + (
        ", and the engineer told of the silence." if body.get("escalated") else "."),
    "client_said": lambda body: f"The client says: {body.get('text')}",
    "approved": lambda body: "The client agreed to the plan." + _refused(body),
    "declined": lambda body: f"The client declined the plan: {body.get('reason')}",
    "action_done": lambda body: f"Done: {body.get('remediation_id')}: {body.get('summary')}",
    "action_ticked": lambda body: f"Said to be done by hand: {body.get('remediation_id')}. {body.get('note') or ''}",
    "undo_asked": lambda body: f"To be undone: {body.get('remediation_id')}: {body.get('reason')}",
    "action_undone": lambda body: f"Undone: {body.get('remediation_id')}: {body.get('summary')}",
    "remediated": lambda body: "What was agreed to is carried out.",
    "proposed": lambda body: f"{len(body.get('slots') or ())} windows were proposed.",
    "confirmed": _window,
    "window_missed": lambda body: f"The window was missed: {body.get('reason')}",
    "backup_taken": lambda body: "The backup is proven.",
    "upgrade_refused": lambda body: "The guards refused the upgrade: " + "; ".join(body.get("refusals") or ()),
    "upgrade_launched": lambda body: "The upgrade runs.",
    "upgrade_finished": lambda body: f"The upgrade is done: {body.get('release')}.",
    "upgrade_failed": lambda body: f"The upgrade failed at {body.get('stage')}: {body.get('reason')}",
    "tests_passed": lambda body: f"Tests passed: {body.get('summary')}",
    "tests_failed": lambda body: f"Tests failed: {body.get('summary')}",
    "revert_requested": lambda body: f"A revert was asked for: {body.get('reason')}",
    "revert_done": lambda body: f"Reverted; the system runs {body.get('release')}.",
    "postponed": lambda body: f"Postponed: {body.get('reason')}",
    "cancelled": lambda body: f"Cancelled: {body.get('reason')}",
    "step_failed": lambda body: f"An engineer is needed: {body.get('reason')}; {body.get('remedy')}",
    "needs_engineer": lambda body: f"An engineer is needed: {body.get('reason')}; {body.get('remedy')}",
    "closed": lambda body: "The case is closed.",
}
