"""The technical report of a case's inspection to its engineer: the findings as a table, the inspection as a page."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from email.message import EmailMessage

from reports.figures import duration_text, moment_text
from reports.mail import Person
from reports.meta import CheckText, SweepMeta
from reports.notice_mail import SEVEN_BIT, case_mail
from reports.render import fleet_page, page_templates
from reports.rows import finding_rows, system_row
from reports.text import one_line, visible
from reports.views import fleet_view
from reports.words import KINDS, OUTCOMES, SEVERITIES, VERDICTS
from tasks.analysis.frames import findings_frame, systems_frame
from tasks.checks import all_checks
from tasks.model.answer import Contact
from tasks.model.case import Case
from tasks.model.fact import Known
from tasks.model.facts import Platform
from tasks.model.finding import Finding, Outcome
from tasks.model.fleet import System
from tasks.model.judged import Judged
from tasks.model.profile import Profile
from tasks.model.release import Hop

_SHOWN = (Outcome.FAIL, Outcome.UNKNOWN)


def technical_mail(
    case: Case, findings: tuple[Finding, ...], remarks: tuple[str, ...], system: System, profile: Profile, *,
    contact: Contact, known: Known, inspected_at: datetime, elapsed_s: float, to: Person, message_id: str, at: datetime,
) -> EmailMessage:
    """Text, HTML and the page of the inspection as an attachment. Raises ValueError for an address that is none."""
    assert case.plan is not None
    running = known.get(Platform)
    hop = Hop(running.release, case.target) if isinstance(running, Platform) else None
    judged = Judged(system, contact, known, findings, case.plan.verdict, hop, remarks)
    shown = sorted((one for one in findings if one.outcome in _SHOWN),
                   key=lambda one: (one.waiver is not None, not one.blocking, -one.severity, one.check_id, one.subject))
    words = {
        "case": case, "facts": tuple(_facts(case, system, contact, inspected_at, elapsed_s)),
        "verdict": VERDICTS[case.plan.verdict].label, "rows": tuple(map(_row, shown)), "remarks": remarks,
        "passed": sum(one.outcome is Outcome.PASS for one in findings), "one_line": one_line, "visible": visible,
    }
    mail = case_mail(to, f"[{case.order_ref}] {case.id}: {system.client} to {case.target}: {words['verdict']}",
                     message_id=message_id, at=at)
    templates = page_templates()
    mail.set_content(templates.get_template("notices/technical.txt.j2").render(words), cte=SEVEN_BIT)
    html = templates.get_template("notices/technical.html.j2").render(words)
    mail.add_alternative(html, subtype="html", cte=SEVEN_BIT)
    page = inspection_page(judged, profile, case, inspected_at, elapsed_s)
    mail.add_attachment(page.encode(), "text", "html", filename=f"inspection-{case.id}.html",
                        params={"charset": "utf-8"})
    return mail


def inspection_page(judged: Judged, profile: Profile, case: Case, inspected_at: datetime, elapsed_s: float) -> str:
    """The page of fleet reports, of one system."""
    meta = SweepMeta(
        sweep_id=f"inspection of {case.id}", target=str(case.target), started_at=inspected_at, elapsed_s=elapsed_s,
        checks=tuple(map(CheckText.of, all_checks())), timezone=str(judged.system.zone),
    )
    systems = systems_frame([system_row(judged, profile, case.target)])
    return fleet_page(fleet_view(systems, findings_frame(finding_rows(judged)), meta))


def _facts(
    case: Case, system: System, contact: Contact, inspected_at: datetime, elapsed_s: float
) -> Iterable[tuple[str, str]]:
    assert case.plan is not None
    yield "System", f"{system.id}, {system.environment}, {system.edition}, profile {system.profile}"
    yield "Login", one_line(f"{system.ssh.host}:{system.ssh.port}, {contact.state}" + (
        f": {contact.detail}" if contact.detail else ""))
    yield "Inspected", f"{moment_text(inspected_at, 'UTC')}, in {duration_text(elapsed_s)}"
    yield "Plan", f"{case.plan.digest[:12]}, revision {case.plan_revision}, the upgrade takes about " \
                  f"{duration_text(case.plan.estimate_s)}"
    if case.approval:
        word = "covers this plan" if case.agreed else "no longer covers this plan"
        yield "Approval", one_line(f"of {case.approval.by}, {moment_text(case.approval.at, 'UTC')}: {word}")
    for done in case.carried_out:
        yield "Carried out", one_line(f"{done.remediation_id}, {moment_text(done.at, 'UTC')}: {done.summary}")
    by_hand = [name for name in case.remediated if name not in {done.remediation_id for done in case.carried_out}]
    if by_hand:
        yield "Done by hand", ", ".join(by_hand)


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _row(finding: Finding) -> dict[str, str]:
    weight = SEVERITIES[finding.severity.label] if finding.outcome is Outcome.FAIL else OUTCOMES[finding.outcome]
    waiver = f"waived by {finding.waiver.owner}: {finding.waiver.reason}" if finding.waiver else ""
    steps = "; ".join(f"{step.text} ({step.id}, {_lower_first(KINDS[step.kind])})" for step in finding.remediations)
    return {
        "check": finding.check_id, "subject": one_line(finding.subject),
        "weight": f"{weight}, blocking" if finding.blocking and not finding.waiver else weight,
        "summary": one_line(finding.summary), "measured": str(finding.measured) if finding.measured else "",
        "threshold": str(finding.threshold) if finding.threshold else "",
        "steps": one_line("; ".join(filter(None, (steps, waiver)))),
    }
