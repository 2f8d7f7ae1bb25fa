"""From an order to a case: opened once for an order, bound to a system of a fleet file."""
from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tasks.model.case import Case
from tasks.model.errors import UserError
from tasks.model.event import Opened
from tasks.model.release import Release
from tasks.steps.case_site import Site
from tasks.wire.case_folder import CaseFolder
from tasks.wire.store.store import Store


def open_ticket(
    store: Store,
    *,
    home: Path,
    fleet: Path,
    system_id: str,
    target: Release,
    order_ref: str,
    by: str,
    at: datetime | None = None,
) -> tuple[Case, bool]:
    """The order's case, and whether this call opened it. Blocks.

    Raises UserError: no such system, a fleet file or profile that is wrong, an order that is of another system.
    """
    site = Site.named(fleet, system_id, home)
    case_id = store.new_case_id()
    folder = CaseFolder(home, case_id)
    folder.create(fleet)                # before the case, so that no case is without it
    opened = Opened(
        at=at or store.now(), by=by, case_id=case_id, order_ref=order_ref, system_id=system_id,
        client=site.system.client, environment=site.system.environment, target=target,
    )
    try:
        case, new = store.open_case(opened)
    except UserError:
        folder.remove()
        raise
    if not new:
        folder.remove()
    return case, new
