"""``uplift case note|attest|accept-backup|release|stop|revert|close|cancel|override``: an engineer's words."""
from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from deployments.cli.case_agreement import OfTwo, Zone
from deployments.cli.case_data import Kept
from deployments.cli.case_record import By, CaseId, HowTold, Make, Reason, Told, accepted, client_zone, record
from deployments.cli.local_time import Which, moment_at
from deployments.cli.output import AsJson
from tasks.model.case import BackupKind, BackupProof, Case, Guard, How
from tasks.model.errors import UserError
from tasks.model.event import (
    BackupAttested,
    Cancelled,
    Closed,
    Delivered,
    Event,
    Noted,
    Overridden,
    Released,
    RevertRequested,
    StopAsked,
    UpgradeFailed,
)
from tasks.rules.lifecycle import apply

BackupRef = Annotated[str, typer.Option("--ref", help="What finds the backup again: its path, or the clone's VPS id.")]
Evidence = Annotated[str, typer.Option("--evidence", help="What was seen of it.")]
TakenAt = Annotated[str, typer.Option("--taken-at", metavar="TIME", help="When it was taken, on the client's clock or "
                                      "with an offset (2026-12-01T20:00Z).")]


def note(
    case_id: CaseId,
    text: Annotated[str, typer.Argument(help="One sentence for the journal.")],
    by: By,
    client_told: Annotated[bool, typer.Option("--client-told", help="You told the client yourself what the notice "
                                              "says; the case no longer waits for its delivery.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a sentence into the journal."""
    words: list[Make] = [lambda case, now: Delivered(at=now, by=by)] if client_told else []
    record(case_id, *words, lambda case, now: Noted(at=now, by=by, text=text), as_json=as_json, as_seen=client_told)


def attest(
    case_id: CaseId, ref: BackupRef, evidence: Evidence, taken_at: TakenAt, by: By, zone: Zone = None,
    which: OfTwo = None, as_json: AsJson = False,
) -> None:
    """The client's word for their own backup of a standalone system; the backup step looks for its evidence."""
    _vouched(BackupKind.ATTESTED, case_id, (ref, evidence, taken_at), by, zone, which, as_json=as_json)


def accept_backup(
    case_id: CaseId, ref: BackupRef, evidence: Evidence, taken_at: TakenAt, by: By, zone: Zone = None,
    which: OfTwo = None, as_json: AsJson = False,
) -> None:
    """Vouch for a backup by your own name, in place of the one that Uplift would prove."""
    _vouched(BackupKind.ACCEPTED, case_id, (ref, evidence, taken_at), by, zone, which, as_json=as_json)


def _vouched(
    kind: BackupKind, case_id: str, told: tuple[str, str, str], by: str, zone: str | None, which: Which | None, *,
    as_json: bool,
) -> None:
    ref, evidence, taken_at = told

    def make(case: Case, now: datetime) -> Event:
        if case.identity is None:
            raise UserError("not_inspected", "the case does not know its system yet", "inspect it first")
        taken = moment_at(taken_at, lambda: client_zone(case, zone), which)
        proof = BackupProof(kind=kind, ref=ref, of=case.identity, evidence=evidence, taken_at=taken, by=by)
        return BackupAttested(at=now, by=by, proof=proof)

    record(case_id, make, as_json=as_json)


def release(case_id: CaseId, reason: Reason, by: By, as_json: AsJson = False) -> None:
    """You have dealt with what held the case; it goes on where it stood."""
    record(case_id, lambda case, now: Released(at=now, by=by, note=reason), as_json=as_json)


def stop(
    case_id: CaseId,
    reason: Reason,
    by: By,
    no_longer_runs: Annotated[str | None, typer.Option(metavar="STAGE", help="Declare that the launched upgrade ended "
                                                       "at this stage: you have seen it on the system.")] = None,
    as_json: AsJson = False,
) -> None:
    """Halt the case at the next stage boundary. A migration that runs is never killed; it is left at its next stage."""
    if no_longer_runs is not None:
        stage = no_longer_runs
        record(case_id, lambda case, now: UpgradeFailed(at=now, by=by, stage=stage, reason=reason), as_json=as_json)
    else:
        record(case_id, lambda case, now: StopAsked(at=now, by=by, reason=reason), as_json=as_json, as_seen=False)


def override(
    case_id: CaseId,
    guard: Annotated[Guard, typer.Argument(help="The guard; identity, lease, backup and migration never.")],
    reason: Reason,
    by: By,
    as_json: AsJson = False,
) -> None:
    """Go on although a guard refuses: a decision by name, for this plan revision of this case alone."""
    record(case_id, lambda case, now: Overridden(at=now, by=by, guard=guard, reason=reason), as_json=as_json)


def revert(
    case_id: CaseId,
    reason: Reason,
    by: By,
    accept_losses: Annotated[bool, typer.Option("--accept-losses", help="What is lost by it was shown and is "
                                                "accepted.")] = False,
    how: HowTold = Told.COMMAND_LINE,
    as_json: AsJson = False,
) -> None:
    """Go back to the backup. First it is shown what is lost by that."""

    def make(case: Case, now: datetime) -> Event:
        losses = _losses(case)
        event = RevertRequested(at=now, by=by, how=How(how), reason=reason, losses=losses)
        accepted(apply(case, event))
        if not accept_losses:
            raise UserError("losses_not_accepted", f"going back loses {losses}",
                            "repeat with --accept-losses when the client has agreed to that")
        return event

    record(case_id, make, as_json=as_json)


def _losses(case: Case) -> str:
    since = f" since the backup of {case.backup.taken_at:%Y-%m-%d %H:%M} UTC" if case.backup else ""
    return f"every call record, voicemail, recording and setting that was made{since}"


def close(
    case_id: CaseId,
    by: By,
    early: Annotated[str | None, typer.Option(metavar="REASON", help="Why it is closed before the watch ends.")] = None,
    as_json: AsJson = False,
) -> None:
    """Close the case: tested, watched, done. Its personal data are kept for a time from then on."""
    record(case_id, lambda case, now: Closed(at=now, by=by, early=early or None), as_json=as_json, shown=Kept().lines)


def cancel(case_id: CaseId, reason: Reason, by: By, as_json: AsJson = False) -> None:
    """Give the case up before anything was launched."""
    record(case_id, lambda case, now: Cancelled(at=now, by=by, reason=reason), as_json=as_json, shown=Kept().lines)
