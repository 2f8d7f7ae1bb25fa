"""Give a case to an engineer by the rules, one case at a time: each sees what the one before it has been given.

Without engineers.yaml the fleet file alone says whose a client is.
"""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tasks.model.case import OVER, Case
from tasks.model.engineer import Absence, Engineers
from tasks.model.errors import Failure, UserError
from tasks.model.event import Assigned
from tasks.model.ledger import Lease
from tasks.rules.assignment import Assignment, choose
from tasks.rules.moves.table import LIVE
from tasks.rules.presence import absent
from tasks.steps.case_site import Site
from tasks.steps.work import Died, Work
from tasks.wire.engineers import load_engineers
from tasks.wire.store.leases import LeaseLost
from tasks.wire.store.store import Store

RESOURCE = "assignment"         # what is leased while a case is given to somebody
LEASE_S = 20.0
PATIENCE_S = 60.0               # longer than the lease of one who died
LOOK_S = 0.1
BY_HAND = "name an engineer with `uplift case assign`, or correct engineers.yaml and release the case"


async def assign(work: Work) -> Assigned | None:
    """The engineer of the fleet file, or by the rules of engineers.yaml; then it is told here, before the next case
    is looked at, and None is given.

    Raises UserError where there is nobody, and Died where others have been assigning for too long.
    """
    engineers = await asyncio.to_thread(load_engineers, work.home)
    if not engineers.engineers:
        site = await asyncio.to_thread(Site.of, work.case, work.home)
        if site.system.engineer is None:
            raise UserError("no_engineer", f"the fleet file names no engineer for {site.system.id}",
                            "name one with `uplift case assign`")
        return Assigned(**work.reported(), engineer=site.system.engineer)
    try:
        async with in_turn(work.store, work.key, PATIENCE_S) as lease:
            chosen = await asyncio.to_thread(chosen_for, work.store, work.home, work.case, engineers, work.now())
            if chosen.engineer is None:
                raise UserError("nobody_fits", chosen.reason, BY_HAND)
            await still(work.store, lease)
            await work.tell(Assigned(**work.reported(), engineer=chosen.engineer, reason=chosen.reason))
    except Failure as busy:
        raise Died(busy.message) from None
    return None


def chosen_for(store: Store, home: Path, case: Case, engineers: Engineers, now: datetime) -> Assignment:
    """What the rules say of a case at this moment. Raises UserError where its fleet file cannot be used. Blocks."""
    return choose(case, Site.of(case, home).system, engineers, store.cases(LIVE), now)


@asynccontextmanager
async def in_turn(store: Store, who: str, patience_s: float) -> AsyncIterator[Lease]:
    """The right to assign, waited for. Raises Failure where others have it for too long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_s
    while (lease := await asyncio.to_thread(store.acquire, RESOURCE, who, LEASE_S)) is None:
        if loop.time() > until:
            raise Failure("assigning_elsewhere", f"others have been assigning cases for {patience_s:.0f} s",
                          "try it again in a minute")
        await asyncio.sleep(LOOK_S)
    try:
        yield lease
    finally:
        with suppress(UserError):       # taken over, or out of reach: it expires by itself
            await asyncio.to_thread(store.release, lease)


async def still(store: Store, lease: Lease) -> None:
    """Raises Failure where somebody else assigns by now: what was looked at may have changed."""
    try:
        await asyncio.to_thread(store.renew, lease, LEASE_S)
    except LeaseLost:
        raise Failure("assigning_elsewhere", "this took so long that others went on assigning", "try it again"
                      ) from None


@dataclass(frozen=True)
class Handover:
    """A case whose engineer is not there. ``absence`` None: engineers.yaml does not know them. ``chosen`` may be
    nobody; ``trouble`` says why the rules could not be asked."""

    case: Case
    absence: Absence | None
    chosen: Assignment | None
    trouble: str = ""


def handovers(home: Path, engineers: Engineers, cases: Iterable[Case], now: datetime) -> list[Handover]:
    """Who could go on with the cases of those who are not there, oldest case first. Only proposed: who is back
    tomorrow knows the client. Each proposal counts as done for the next. Blocks."""
    planned = {case.id: case for case in cases if case.state not in OVER}
    found = []
    for case in sorted(planned.values(), key=lambda each: (each.opened_at, each.id)):
        engineer = engineers.named(case.engineer)
        absence = absent(engineer, now) if engineer else None
        if case.engineer is None or (engineer and not absence):
            continue
        try:
            chosen = choose(case, Site.of(case, home).system, engineers, planned.values(), now)
        except UserError as error:
            found.append(Handover(case, absence, None, str(error)))
            continue
        found.append(Handover(case, absence, chosen))
        if chosen.engineer:
            planned[case.id] = case.model_copy(update={"engineer": chosen.engineer})
    return found
