"""One run of one step at work: what it may use, and how it tells the case what happened."""
from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tasks.model.case import Case, Step
from tasks.model.event import Event, Noted
from tasks.model.ledger import Lease, Message
from tasks.rules.lifecycle import Refused
from tasks.wire.case_folder import CaseFolder
from tasks.wire.store.store import Store

LONGEST = 2000                  # of a sentence in the journal
Clock = Callable[[], datetime]


class Died(Exception):
    """The run cannot go on and nothing is decided by that: another one takes the step up."""


class ReportRefused(Exception):
    """The case does not take what the run reports."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(str(refused))
        self.refused = refused


@dataclass
class Work:
    """``case`` is as this run last saw it. ``key`` is the run's idempotency key, ``lease`` its right to the system.

    ``letters`` go into the outbox in the same transaction as the next event that is told.
    """

    store: Store
    home: Path
    now: Clock
    step: Step
    key: str
    lease: Lease
    case: Case
    letters: list[Message] = field(default_factory=list)

    @property
    def folder(self) -> CaseFolder:
        return CaseFolder(self.home, self.case.id)

    async def ahead(self) -> timedelta:
        """How far this run's clock is before the database's: nothing, but in a rehearsal that has one of its own."""
        return self.now() - await asyncio.to_thread(self.store.now)

    async def tell(self, event: Event) -> Case:
        """Record an event of this run, only while its lease is held. Raises ReportRefused, LeaseLost."""
        moved = await asyncio.to_thread(
            self.store.record, self.case.id, event, messages=tuple(self.letters), lease=self.lease
        )
        self.letters.clear()
        if isinstance(moved, Refused):
            raise ReportRefused(moved)
        self.case = moved
        return moved

    async def note(self, text: str) -> None:
        """A line of the journal that moves nothing."""
        await self.tell(Noted(at=self.now(), by=self.step.value, text=sentence(text)))

    def reported(self) -> dict[str, Any]:
        """The fields that every report of this run has."""
        return {"at": self.now(), "by": self.step.value, "run": self.key}


def sentence(text: str) -> str:
    return " ".join(text.split())[:LONGEST] or "nothing was said"


def resource_of(case: Case) -> str:
    """What a run leases: one run at a time works on a system, whichever case it belongs to."""
    return f"system:{case.system_id}"
