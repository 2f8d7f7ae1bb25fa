"""Tell the client what the inspection found: the notices go into the outbox together with the record of them."""
from __future__ import annotations

import asyncio

from tasks.model.errors import UserError
from tasks.model.event import Notified
from tasks.steps.case_site import Site
from tasks.steps.notices import kept_of, mails, notices, replies, report
from tasks.steps.work import Work


async def notify(work: Work) -> Notified:
    """Raises UserError where nobody is known to whom the notice could go."""
    site = await asyncio.to_thread(Site.of, work.case, work.home)
    kept = await asyncio.to_thread(kept_of, work.case, work.home)
    now = work.now()
    told = await asyncio.to_thread(notices, work.case, kept, site.system, work.home, now)
    if not told:
        raise UserError("no_contacts", f"the fleet file names no contact of {site.system.id}",
                        "add contacts there and release the case")
    technical = None
    try:
        technical = await asyncio.to_thread(report, work.case, kept, site, work.key, now)
    except UserError as error:                  # the client's notice does not wait for it
        await work.note(f"the engineer's report was not sent: {error}")
    letters = await asyncio.to_thread(mails, told, work.key, work.home, now)
    tickets = await asyncio.to_thread(work.store.tickets_of, work.case.id)
    work.letters += [*letters, *replies(work.case, told, work.key, tickets), *([technical] if technical else [])]
    # Only these make the notice delivered: neither the ticket nor the engineer is the client.
    return Notified(**work.reported(), message_ids=tuple(each.message_id for each in letters))
