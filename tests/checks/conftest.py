"""Cases of checks as data: facts written as their fields, findings as what a reader sees of them.

A case file is ``<check>.yaml``: ``facts:`` (optional) hold for all its ``cases:``; a case has a ``name``, what differs
in ``facts``, ``system``, ``profile``, ``contact``, ``target``, and in ``expect`` all that the check must say. A
fact that could not be told is written ``Tables: {unknown: the reason}``. ``expect: pass`` is the plain pass.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from tasks.checks import all_checks
from tasks.facts import all_facts
from tasks.model.answer import Contact, ContactState, Recording
from tasks.model.check import Check
from tasks.model.fact import Known, Unknown
from tasks.model.finding import Finding, Outcome
from tasks.model.fleet import System
from tasks.model.profile import Profile
from tasks.model.release import Release
from tasks.rules.judge import NOT_CHECKED, WHOLE, judge

HERE = Path(__file__).parent
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FACTS = {fact.of.__name__: fact for fact in all_facts()}
EXPECT_PASS = [{"outcome": "pass", "subject": WHOLE}]
KEYS = {"name", "facts", "system", "profile", "contact", "target", "expect"}


@dataclass(frozen=True)
class Case:
    check: Check
    data: Mapping[str, Any]

    def found(self) -> list[dict[str, Any]]:
        return [seen(finding, self.check) for finding in judged(self.check, self.data)]

    def expected(self) -> list[dict[str, Any]]:
        return EXPECT_PASS if self.data["expect"] == "pass" else self.data["expect"]


def judged(check: Check, data: Mapping[str, Any]) -> tuple[Finding, ...]:
    """What the runner makes of one case: the same path as in a sweep, from facts on."""
    return judge(
        System.model_validate(over(base("system"), data.get("system", {}))),
        Profile.model_validate(over(base("profile"), data.get("profile", {}))),
        Recording(
            system_id="pbx1", started_at=AT, elapsed_s=1.0,
            contact=Contact.model_validate(data.get("contact", {"state": ContactState.REACHED})),
        ),
        Known({FACTS[name].of: fact(name, fields) for name, fields in data.get("facts", {}).items()}),
        Release.parse(data.get("target", "7.2.0")),
        AT,
        checks=(check,),
    ).findings


def fact(name: str, fields: Any) -> Any:
    """A fact from its fields; a field that its type does not have is refused, or a case would test nothing."""
    if isinstance(fields, dict) and "unknown" in fields:
        return Unknown(FACTS[name].name, fields["unknown"])
    return TypeAdapter(FACTS[name].of).validate_python(fields, extra="forbid")


def seen(finding: Finding, check: Check) -> dict[str, Any]:
    """A finding as the cases write it: what is the same for every finding of the check is left out."""
    told: dict[str, Any] = {"outcome": finding.outcome.value, "subject": finding.subject}
    if finding.outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        told |= {"severity": finding.severity.label, "blocking": finding.blocking}
    plain = {Outcome.FAIL: check.client_text, Outcome.UNKNOWN: NOT_CHECKED}.get(finding.outcome, "")
    told |= {
        "summary": finding.summary,
        "measured": str(finding.measured) if finding.measured else None,
        "threshold": str(finding.threshold) if finding.threshold else None,
        "remediations": [step.id for step in finding.remediations],
        "client_text": finding.client_text if finding.client_text != plain else None,
    }
    return {name: value for name, value in told.items() if value not in (None, "", [])}


def base(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((HERE / "base" / f"{name}.yaml").read_text())
    return loaded


def over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """``above`` laid over ``below``, mapping by mapping."""
    both = dict(below)
    for key, value in above.items():
        both[key] = over(both[key], value) if isinstance(value, dict) and isinstance(both.get(key), dict) else value
    return both


def cases_of(check: Check) -> list[Case]:
    """The cases of one check; a key that nobody reads is refused."""
    path = HERE / f"{check.id}.yaml"
    if not path.exists():
        return []
    data = yaml.safe_load(path.read_text())
    shared = data.get("facts", {})
    for case in data["cases"]:
        unread = set(case) - KEYS
        assert not unread, f"{path.name}: {case['name']}: unknown keys {sorted(unread)}"
    # A fact of a case replaces the shared one whole: half of each would be a third fact that nobody wrote.
    return [Case(check, case | {"facts": shared | case.get("facts", {})}) for case in data["cases"]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = [case for check in all_checks() for case in cases_of(check)]
        metafunc.parametrize("case", cases, ids=[f"{case.check.id}: {case.data['name']}" for case in cases])
    if "check" in metafunc.fixturenames:
        metafunc.parametrize("check", all_checks(), ids=lambda check: check.id)


@pytest.fixture
def cases() -> Any:
    return cases_of
