"""A case with a plan, for the tests of what clients are told."""
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tasks.checks import all_checks
from tasks.model.case import Approval, Case, Decision, How, State
from tasks.model.finding import Finding, Kind, Outcome, Remediation, Severity, Verdict
from tasks.model.fleet import Environment, System
from tasks.model.plan import Plan, plan_of
from tasks.model.release import Release
from tasks.rules.judge import NOT_CHECKED

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TARGET = Release.parse("7.2.0")
CHECKS = {check.id: check for check in all_checks()}
ARCHIVE = Remediation(id="archive_old_cdr", kind=Kind.COMMAND, reversible=True, text="move old calls to an archive")
REPAIR = Remediation(id="repair_table", kind=Kind.COMMAND, reversible=False, downtime_s=600, text="repair it off-hours")
FREE = Remediation(id="free_space", kind=Kind.CLIENT, reversible=False, text="remove old recordings and backups")
MOVE = Remediation(id="move_to_pjsip", kind=Kind.ENGINEER, reversible=True, downtime_s=300, text="move to PJSIP")
NOTE = Remediation(id="wait_for_work", kind=Kind.ENGINEER, reversible=True, needs_approval=False, text="wait")
SYSTEM: dict[str, Any] = {
    "id": "acme", "client": "Acme Ltd", "environment": "standalone", "edition": "business", "profile": "lab",
    "ssh": {"host": "127.21.111.1", "credential": "inspect"}, "timezone": "Europe/London", "country": "GB",
    "engineer": "mia",
    "contacts": [{"name": "Ann Field", "email": "ann@acme.example"},
                 {"name": "Jörg Weiß", "email": "joerg@acme.example", "language": "de"},
                 {"name": "Tom Read", "email": "tom@acme.example", "approves": False}],
}


def system(**changed: Any) -> System:
    return System.model_validate(SYSTEM | changed)


def found(check: str, subject: str, *steps: Remediation, blocking: bool = False, **changed: Any) -> Finding:
    text = NOT_CHECKED if changed.get("outcome") is Outcome.UNKNOWN else CHECKS[check].client_text
    given = {"outcome": Outcome.FAIL, "severity": Severity.MEDIUM, "client_text": text} | changed
    return Finding(check_id=check, check_version=1, subject=subject, blocking=blocking, summary=f"{subject} is wrong",
                   remediations=steps, **given)


def plan(*findings: Finding) -> Plan:
    blocks = any(each.blocking and each.open for each in findings)
    needs = any(each.open for each in findings)
    verdict = Verdict.BLOCKED if blocks else Verdict.ACTIONS_NEEDED if needs else Verdict.READY
    return plan_of("acme", TARGET, "p" * 64, findings, verdict=verdict, estimate_s=1500)


def case(*findings: Finding, **changed: Any) -> Case:
    given: dict[str, Any] = {
        "id": "UP-7", "order_ref": "SO-1001", "system_id": "acme", "client": "Acme Ltd", "target": TARGET,
        "environment": Environment.STANDALONE, "opened_at": AT, "since": AT, "state": State.INSPECTED,
        "engineer": "mia", "plan": plan(*findings),
    }
    return Case(**(given | changed))


def approval(*findings: Finding, **decided: bool) -> Approval:
    decisions = tuple(Decision(remediation_id=name, approved=yes) for name, yes in decided.items())
    return Approval(plan=plan(*findings), by="Ann Field", how=How.CLIENT_PAGE, at=AT, decisions=decisions)


CALLS = found("cdr_table_size", "cdr", ARCHIVE)
SPACE = found("sufficient_space", "/ bytes", FREE, blocking=True)
BROKEN = found("damaged_tables", "cdr", REPAIR)
PHONES = found("chan_sip_in_use", "chan_sip", MOVE, blocking=True)
