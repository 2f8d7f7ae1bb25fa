"""Tell the client what the inspection found: the notice goes into the outbox together with the record of it."""
from __future__ import annotations

import asyncio
from email.message import EmailMessage
from pathlib import Path

from tasks.model.case import Case
from tasks.model.errors import UserError
from tasks.model.event import Notified
from tasks.model.finding import Finding, Outcome, Verdict
from tasks.model.fleet import System
from tasks.model.ledger import Channel, Message
from tasks.steps.case_site import Site
from tasks.steps.inspection import Kept
from tasks.steps.work import Work

_OPENING = {
    Verdict.READY: "Your system is ready for the upgrade. Nothing needs to be done before it.",
    Verdict.ACTIONS_NEEDED: "Before the upgrade, the following needs your attention.",
    Verdict.BLOCKED: "The upgrade cannot be made yet. The following stands in its way.",
}


async def notify(work: Work) -> Notified:
    """Raises UserError where nobody is known to whom the notice could go."""
    site = await asyncio.to_thread(Site.of, work.case, work.home)
    recipients = tuple(dict.fromkeys(contact.email for contact in site.system.contacts))
    if not recipients:
        raise UserError("no_contacts", f"the fleet file names no contact of {site.system.id}",
                        "add contacts there and release the case")
    message_id = f"<{work.key.replace(':', '.')}@uplift.invalid>"
    notice = await asyncio.to_thread(_notice, work, site.system, recipients, message_id)
    message = Message(
        message_id=message_id, channel=Channel.MAIL, recipients=recipients, payload=notice.as_bytes(),
    )
    work.letters.append(message)
    return Notified(**work.reported(), message_ids=(message_id,))


def _notice(work: Work, system: System, recipients: tuple[str, ...], message_id: str) -> EmailMessage:
    kept = work.folder.load(Path(work.case.findings_ref or "").stem, Kept)
    mail = EmailMessage()
    mail["Message-ID"], mail["Date"] = message_id, work.now()
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = f"[{work.case.order_ref}] The upgrade of {system.client} to {work.case.target}: what we found"
    mail.set_content("\n".join(_lines(work.case, kept.findings)))
    return mail


def _lines(case: Case, findings: tuple[Finding, ...]) -> list[str]:
    """Plain words for the client: each open finding, and what is to be done about it."""
    assert case.plan is not None
    found = [one for one in findings if one.open and one.outcome in (Outcome.FAIL, Outcome.UNKNOWN)]
    lines = [_OPENING.get(case.plan.verdict, "We could not look at all of your system yet."), ""]
    for one in found:
        lines.append(f"- {one.client_text or one.summary}")
        lines += [f"    {step.text}" for step in one.remediations]
    minutes = max(1, round(case.plan.estimate_s / 60))
    return [*lines, "", f"The upgrade will take about {minutes} min.", f"Plan {case.plan.digest[:12]}"]
