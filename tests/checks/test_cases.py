"""Every check against its table of cases, and every check with a table that tells something."""
from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.checks import all_checks
from tasks.facts import all_facts
from tasks.model.check import Check
from tasks.model.finding import Outcome
from tasks.model.profile import Profile

PROFILES = Path(__file__).parents[2] / "deployments" / "profiles"
NEVER_SAYS = {"glocom_editions": "pass", "api_keys": "fail"}     # judged by the hop alone: it applies, or is skipped
NEEDS_NO_FACT = {"reachable", "host_key"}      # of these nothing can be unknown: the contact is always told
UNSHIPPED = {"api_keys", "app_mysql", "chan_mgcp", "chan_skinny"}


def test_a_check_says_of_each_case_what_the_table_says(case: Any) -> None:
    assert case.found() == case.expected()


def test_a_check_has_reason_remedy_and_words_for_the_client(check: Check) -> None:
    for text in (check.reason, check.remedy, check.client_text):
        assert len(text.split()) >= 5 and text.endswith(".")


def test_a_check_that_finds_something_says_what_happens_if_nothing_is_done(check: Check, cases: Any) -> None:
    finds = any(finding["outcome"] == "fail" for case in cases(check) for finding in case.expected())
    assert not finds or (len(check.otherwise.split()) >= 5 and check.otherwise.endswith("."))


def test_a_check_fits_forty_lines(check: Check) -> None:
    path = Path(check.where.rpartition(":")[0])
    assert len(path.read_text().splitlines()) <= 40


def test_the_cases_of_a_check_show_it_passing_failing_and_not_knowing(check: Check, cases: Any) -> None:
    shown = {finding["outcome"] for case in cases(check) for finding in case.expected()}
    wanted = {"pass", "fail"} | (set() if check.id in NEEDS_NO_FACT else {"unknown"})
    wanted -= {NEVER_SAYS.get(check.id, "")}
    assert wanted <= shown and NEVER_SAYS.get(check.id) not in shown


def test_a_fact_that_could_not_be_told_is_never_a_pass(check: Check, cases: Any) -> None:
    facts = {fact.of for fact in all_facts()}
    needed = [of.__name__ for name, of in check.needs if of in facts and name not in check.tolerates]
    for name in needed:
        applies = next(case for case in cases(check) if any(one["outcome"] == "fail" for one in case.expected()))
        silent = applies.data["facts"] | {name: {"unknown": "the question timed out"}}
        outcomes = {one["outcome"] for one in type(applies)(check, applies.data | {"facts": silent}).found()}
        assert outcomes == {Outcome.UNKNOWN.value}


def test_each_case_file_belongs_to_a_check() -> None:
    files = {path.stem for path in Path(__file__).parent.glob("*.yaml")}
    assert files == {check.id for check in all_checks()}


def test_each_remediation_is_told_once_and_in_words(check: Check) -> None:
    module = inspect.getmodule(check.judge)
    found = [value for value in vars(module).values() if type(value).__name__ == "Remediation"]
    for step in found:
        assert step.id.replace("_", "").isalpha() and len(step.text.split()) >= 3


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_what_a_shipped_profile_drops_or_demands_is_known_to_a_check_or_is_no_matter_of_one(path: Path) -> None:
    profile = Profile.model_validate(yaml.safe_load(path.read_text()))
    told = {word for entry in profile.releases for word in entry.drops | entry.demands}
    bound = {word for check in all_checks() for word in (*check.drops, *check.demands)}
    assert told - bound <= {"cdr_mysql"}        # the vendor's own concern: it writes the calls
    assert bound - told <= UNSHIPPED
