"""A journal told as a story: each entry is one line of plain words, whatever version of Uplift wrote it."""
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from reports.text import one_line
from tasks.model import event as e
from tasks.model.case import BackupProof, Decision
from tasks.model.ledger import JournalEntry
from tasks.model.window import Window

Tell = Callable[[Any], str]


def _window(window: Window) -> str:
    local = f"{window.local_start:%Y-%m-%d %H:%M} {window.zone}"
    return f"{local} ({window.starts_at:%Y-%m-%d %H:%M} UTC) for {window.duration_s / 60:.0f} min"


def _decisions(decisions: tuple[Decision, ...]) -> str:
    return ", ".join(f"{d.remediation_id} {'yes' if d.approved else 'no'}" for d in decisions)


def _approved(event: e.Approved) -> str:
    decided = f": {_decisions(event.decisions)}" if event.decisions else ""
    return f"the client approved the plan {event.digest[:12]} ({_how(event)}){decided}"


def _how(event: e.Approved | e.Declined | e.Confirmed | e.RevertRequested) -> str:
    return event.how.replace("_", " ")


def _backup(proof: BackupProof) -> str:
    return f"{proof.kind} {proof.ref} of {proof.taken_at:%Y-%m-%d %H:%M} UTC ({proof.evidence})"


def _inspected(event: e.Inspected) -> str:
    found = ", ".join(sorted({item.check_id for item in event.plan.items})) or "nothing in the way"
    return f"the system was inspected: {event.plan.verdict}, {found}; plan {event.plan.digest[:12]}"


def _notified(event: e.Notified) -> str:
    count = len(event.message_ids)
    return "the client's notice was written" + (f" ({count} message{'s' * (count > 1)})" if count else "")


def _waived(event: e.Waived) -> str:
    waiver = event.waiver
    subject = f" ({waiver.subject})" if waiver.subject else ""
    return f"{waiver.check_id}{subject} is waived until {waiver.expires_on}: {waiver.reason}"


def _postponed(event: e.Postponed) -> str:
    until = f", not before {event.not_before:%Y-%m-%d %H:%M} UTC" if event.not_before else ""
    return f"the case was postponed{until}: {event.reason}"


TOLD: dict[type[e.Happened], Tell] = {
    e.Opened: lambda x: f"order {x.order_ref}: {x.client} ({x.system_id}) wants {x.target}",
    e.Assigned: lambda x: f"{x.engineer} is the engineer" + (f": {x.reason}" if x.reason else ""),
    e.StepStarted: lambda x: f"{x.step} began (plan revision {x.plan_revision}, attempt {x.attempt})",
    e.StepDied: lambda x: f"the run {x.run} died: {x.reason}",
    e.StepFailed: lambda x: f"the run {x.run} failed: {x.reason}; {x.remedy}",
    e.Inspected: _inspected,
    e.Notified: _notified,
    e.Delivered: lambda x: "the client has been told",
    e.Approved: _approved,
    e.Declined: lambda x: f"the client declined the plan {x.digest[:12]} ({_how(x)}): {x.reason}",
    e.Waived: _waived,
    e.Bounced: lambda x: f"the mail to {x.recipient} came back: {x.reason}",
    e.Reminded: lambda x: "the client was reminded" + ("; the engineer was told of the silence" * x.escalated),
    e.ClientSaid: lambda x: f"the client says ({_how(x)}): {x.text}",
    e.ActionDone: lambda x: f"{x.remediation_id} was carried out: {x.summary}",
    e.ActionTicked: lambda x: f"{x.remediation_id} is said to be done ({_how(x)})" + (f": {x.note}" if x.note else ""),
    e.UndoAsked: lambda x: f"{x.remediation_id} is to be undone: {x.reason}",
    e.ActionUndone: lambda x: f"{x.remediation_id} was undone: {x.summary}",
    e.Remediated: lambda x: "what was agreed is carried out" + (f": {', '.join(x.done)}" if x.done else ""),
    e.Proposed: lambda x: f"proposed: {'; '.join(map(_window, x.slots))}",
    e.Confirmed: lambda x: f"the client confirmed {_window(x.window)} ({_how(x)})",
    e.WindowOpened: lambda x: "the window opened",
    e.WindowMissed: lambda x: x.reason,
    e.BackupAttested: lambda x: f"a backup is vouched for: {_backup(x.proof)}",
    e.BackupTaken: lambda x: f"the backup is proven: {_backup(x.proof)}",
    e.UpgradeRefused: lambda x: f"the guards refused the upgrade: {' '.join(x.refusals)}",
    e.UpgradeLaunching: lambda x: f"the upgrade is about to be launched under the fence {x.fence}",
    e.UpgradeLaunched: lambda x: f"the upgrade runs on the system under the fence {x.fence}",
    e.UpgradeFinished: lambda x: f"the upgrade finished; the system runs {x.release}",
    e.UpgradeFailed: lambda x: f"the upgrade failed at {x.stage}: {x.reason}",
    e.TestsPassed: lambda x: f"the tests passed: {x.summary}; watched until {x.watch_until:%Y-%m-%d %H:%M} UTC",
    e.TestsFailed: lambda x: f"the tests failed: {x.summary}",
    e.RevertRequested: lambda x: f"the way back was asked for ({_how(x)}): {x.reason}; lost by it: {x.losses}",
    e.RevertDone: lambda x: f"the system is back on {x.release}",
    e.WatchDone: lambda x: f"the watch is over: {x.summary}",
    e.Closed: lambda x: "the case was closed" + (f" early: {x.early}" if x.early else ""),
    e.Postponed: _postponed,
    e.Cancelled: lambda x: f"the case was cancelled: {x.reason}",
    e.StopAsked: lambda x: f"the case is to halt: {x.reason}",
    e.NeedsEngineer: lambda x: f"the engineer is needed: {x.reason}; {x.remedy}",
    e.Released: lambda x: f"released: {x.note}",
    e.Overridden: lambda x: f"the guard {x.guard} is overridden: {x.reason}",
    e.Retired: lambda x: f"removed: {', '.join(x.refs)}",
    e.DataKept: lambda x: (f"personal data are kept until {x.until:%Y-%m-%d %H:%M} UTC: {x.reason}" if x.until
                           else f"personal data are no longer kept on purpose: {x.reason}"),
    e.ErasureAsked: lambda x: f"personal data are to be removed: {x.reason}",
    e.Erased: lambda x: f"personal data removed: {x.what}",
    e.Noted: lambda x: f"note: {x.text}",
}


def told(entry: JournalEntry) -> str:
    """What happened, in words; the bare body where this version does not know the event."""
    try:
        event = e.EVENTS.validate_python({**entry.body, "at": entry.at, "by": entry.by, "kind": entry.kind})
    except ValidationError:
        return one_line(f"{entry.kind} {json.dumps(entry.body, sort_keys=True)}")
    return one_line(TOLD[type(event)](event))


def journal_line(entry: JournalEntry) -> str:
    return one_line(f"{entry.at:%Y-%m-%d %H:%M:%S} UTC  {entry.by}: {told(entry)}")
