"""``uplift case link``: the address of the client's page for each contact, to hand on when a mail did not arrive."""
from __future__ import annotations

from typing import Annotated

import typer

from deployments.cli.case_record import By, CaseId, case_store, typed_line
from deployments.cli.output import AsJson, print_json
from reports.text import one_line
from tasks.model.case import OVER
from tasks.model.errors import UserError
from tasks.model.event import Noted
from tasks.wire.home import find_home
from tasks.wire.links import page_link


def link(
    case_id: CaseId,
    by: By,
    contact: Annotated[str | None, typer.Option("--contact", metavar="EMAIL", help="Only this contact's link.",
                                                callback=typed_line)] = None,
    as_json: AsJson = False,
) -> None:
    """Print a new link to the client's page for each contact of the fleet file; the journal notes for whom.

    Whoever has a link acts in its contact's name: give it to that person only.
    """
    from tasks.steps.case_site import Site  # SSH would make every command of a case slow

    home = find_home()
    with case_store() as store:
        case = store.case(case_id)
        if case.erased_at is not None:
            raise UserError("case_over", f"the page of {case.id} was removed with its personal data", "write a mail")
        people = Site.of(case, home).system.contacts
        wanted = [each for each in people if contact is None or each.email.casefold() == contact.casefold()]
        if not wanted:
            known = ", ".join(each.email for each in people) or "nobody"
            raise UserError("contact_not_found", f"{contact or 'nobody'} is no contact of {case.system_id}",
                            f"the fleet file names {known}")
        now = store.now()
        links = [(each, page_link(home, case, each, now)) for each in wanted]
        if links[0][1] is None:
            raise UserError("web_missing", f"{home / 'web.yaml'} is missing, so no page is served",
                            "write it with base_url: and secret_file:")
        names = ", ".join(each.email for each in wanted)
        store.record(case.id, Noted(at=now, by=by, text=f"links to the client's page were made for {names}"[:2000]))
    if as_json:
        print_json([{"name": each.name, "email": each.email, "decides": each.approves and case.state not in OVER,
                     "link": address} for each, address in links])
        return
    for each, address in links:
        print(f"{one_line(each.name)} <{each.email}>, who {'decides' if each.approves else 'reads'}:\n{address}")
