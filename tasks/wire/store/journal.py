"""A case's journal: entries are only added, each chained to the one before, so that any later change shows.

Each entry's digest is SHA-256 over canonical JSON of all it says and of the digest before it. The case's row holds the
newest digest and the number of entries, so a journal that was cut at its end shows too, and each entry holds the digest
of the case as it left it. The chain shows edits; it cannot show a database that was rewritten as a whole. Who needs
that keeps a copy of the heads elsewhere.
"""
from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from tasks.model.case import Case
from tasks.model.event import Event
from tasks.model.ledger import JournalEntry
from tasks.model.plan import canonical
from tasks.wire.store import tables

BEFORE_THE_FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was written. ``number`` is the entry's, 0 for the case itself."""

    case_id: str
    number: int
    what: str

    def __str__(self) -> str:
        return f"{self.case_id}, {f'entry {self.number}' if self.number else 'the case'}: {self.what}"


def document_of(case: Case) -> str:
    """The case as it is stored: canonical JSON."""
    return canonical(case.model_dump(mode="json")).decode()


def digest_of(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def append(connection: Connection, event: Event, case: Case, *, number: int, previous: str) -> str:
    """Write the entry of an event that led to ``case``; gives its digest. The caller holds the case's row."""
    body = event.model_dump(mode="json", exclude={"at", "by", "kind"})
    entry = JournalEntry(
        case_id=case.id, number=number, at=event.at, by=event.by, kind=event.kind, body=body,
        case_digest=digest_of(document_of(case)), previous=previous, digest="",
    )
    digest = entry_digest(entry)
    connection.execute(insert(tables.journal).values(
        case_id=entry.case_id, number=number, at=entry.at, who=entry.by, kind=entry.kind,
        body=canonical(body).decode(), case_digest=entry.case_digest, previous=previous, digest=digest,
    ))
    return digest


def entry_digest(entry: JournalEntry) -> str:
    """SHA-256 over everything in the entry but the digest itself."""
    plain = entry.model_dump(mode="json", exclude={"digest", "at"})
    plain["at"] = entry.at.isoformat(timespec="microseconds")
    return hashlib.sha256(canonical(plain)).hexdigest()


def entries_of(connection: Connection, case_id: str) -> tuple[JournalEntry, ...]:
    """The journal in its order. Raises ValueError where an entry cannot be read any more."""
    rows = connection.execute(
        select(tables.journal).where(tables.journal.c.case_id == case_id).order_by(tables.journal.c.number)
    ).mappings()
    return tuple(_entry(dict(row)) for row in rows)


def of_kinds(connection: Connection, kinds: tuple[str, ...], since: datetime) -> tuple[JournalEntry, ...]:
    """Entries of these kinds of all cases, from an instant on, oldest first."""
    journal = tables.journal
    rows = connection.execute(
        select(journal).where(journal.c.kind.in_(kinds), journal.c.at >= since).order_by(journal.c.at, journal.c.number)
    ).mappings()
    return tuple(_entry(dict(row)) for row in rows)


def _entry(row: dict[str, Any]) -> JournalEntry:
    return JournalEntry.model_validate({**{k: v for k, v in row.items() if k != "who"}, "by": row["who"],
                                        "body": json.loads(row["body"])})


def verify(connection: Connection, case_id: str) -> tuple[Fault, ...]:
    """Every way in which a case and its journal are not as they were written; empty when all is well."""
    row = connection.execute(select(tables.cases).where(tables.cases.c.id == case_id)).mappings().one_or_none()
    if row is None:
        return (Fault(case_id, 0, "there is no such case"),)
    try:
        entries = entries_of(connection, case_id)
    except ValueError:
        return (Fault(case_id, 0, "an entry of its journal cannot be read any more"),)
    return tuple(_chain_faults(case_id, entries) + _head_faults(dict(row), entries))


def _chain_faults(case_id: str, entries: tuple[JournalEntry, ...]) -> list[Fault]:
    faults, previous = [], BEFORE_THE_FIRST
    for place, entry in enumerate(entries, start=1):
        if entry.number != place:
            faults.append(Fault(case_id, place, f"it is missing; entry {entry.number} stands in its place"))
            break
        if entry.previous != previous:
            faults.append(Fault(case_id, place, "it does not follow on the entry before it"))
        if entry_digest(entry) != entry.digest:
            faults.append(Fault(case_id, place, "it was edited after it was written"))
        previous = entry.digest
    return faults


def _head_faults(row: dict[str, Any], entries: tuple[JournalEntry, ...]) -> list[Fault]:
    case_id: str = row["id"]
    faults = []
    if len(entries) != row["entries"]:
        faults.append(Fault(case_id, 0, f"its journal has {len(entries)} entries, {row['entries']} were written"))
    newest = entries[-1] if entries else None
    if newest is None or newest.digest != row["head"]:
        faults.append(Fault(case_id, 0, "its journal does not end with the entry that was written last"))
    if newest is None or newest.case_digest != digest_of(row["document"]):
        faults.append(Fault(case_id, 0, "it is not as its newest entry left it"))
    elif any(row[name] != json.loads(row["document"])[name]
             for name in ("id", "order_ref", "system_id", "state", "plan_revision")):
        faults.append(Fault(case_id, 0, "its columns say something else than its document"))
    return faults
