"""``uplift case notice``: what a client is told of the last inspection, as it goes out."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli.case_record import CaseId, case_store
from deployments.cli.output import AsJson, console, print_json
from tasks.model.errors import UserError
from tasks.wire.home import find_home

if TYPE_CHECKING:
    from tasks.steps.notices import Notice

# Whoever has a client's link decides in the client's name: it stands in that client's mail and nowhere else.
HIDDEN = "#the-link-is-only-in-the-mail"


def notice(
    case_id: CaseId,
    language: Annotated[str | None, typer.Option(help="In this language (default: the contact's own).")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="EMAIL", help="Of this contact (default: the first one who "
                                           "decides).")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the HTML of the mail here as well.",
                                              dir_okay=False)] = None,
    as_json: AsJson = False,
) -> None:
    """What the client is told of the last inspection, by the plan as it is now. Nothing is sent."""
    from reports.files import write_text  # drawing and SSH would make every command of a case slow
    from reports.notice import notice_html, notice_subject, notice_text
    from reports.plain_words import languages
    from tasks.steps.case_site import Site
    from tasks.steps.notices import kept_of, notices

    if language is not None and language not in languages():
        raise UserError("unknown_language", f"there are no notices in {language!r}",
                        f"choose one of {', '.join(languages())}")
    home = find_home()
    with case_store() as store:
        case, now = store.case(case_id), store.now()
    kept, site = kept_of(case, home), Site.of(case, home)
    told = _of(notices(case, kept, site.system, home, now, language=language), to, site.system.id)
    reader = replace(told.reader, link=HIDDEN if told.reader.link else None)
    if html is not None:
        write_text(html, notice_html(told.view, reader))
    if as_json:
        print_json({"case_id": case.id, "to": told.contact.email, "language": told.view.language,
                    "situation": told.view.situation, "next_step": told.view.next_step,
                    "subject": notice_subject(told.view), "text": notice_text(told.view, reader)})
    else:
        head = f"To: {told.reader.name} <{told.contact.email}>\nSubject: {notice_subject(told.view)}\n"
        console().print(f"{head}\n{notice_text(told.view, reader)}", markup=False, highlight=False, end="",
                        soft_wrap=True)


def _of(told: tuple[Notice, ...], email: str | None, system_id: str) -> Notice:
    """Raises UserError where nobody fits."""
    if not told:
        raise UserError("no_contacts", f"the fleet file names no contact of {system_id}", "add contacts there")
    if email is None:
        return next((each for each in told if each.contact.approves), told[0])
    found = [each for each in told if each.contact.email.casefold() == email.casefold()]
    if not found:
        raise UserError("unknown_contact", f"{system_id} has no contact {email!r}",
                        f"name one of {', '.join(each.contact.email for each in told)}")
    return found[0]
