"""What a measured call amounts to."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from tasks.model.call import CallOutcome, CallPlan, CallResult, Measured
from tasks.rules.call_verdict import broke, forbidden, verdict

CASES = yaml.safe_load(Path(__file__).with_name("call_verdict.yaml").read_text())
PLAN = CallPlan.model_validate({
    "account": {"host": "pbx.example.net", "user": "101", "secret": "s3cret"}, "number": "600",
    "agreed_numbers": ["600"], "country": "GB",
})
GOOD: dict[str, Any] = {
    "registered": True, "register_attempts": 1, "sip_status": 200, "answered": True, "codec_used": "PCMA",
    "rtp_sent": 150, "rtp_received": 150, "tone_score": 0.99, "level_dbfs": -12.0, "hung_up": True,
}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_measured_call_is_judged_as_the_table_says(case: dict[str, Any]) -> None:
    result = verdict(PLAN, Measured(**GOOD | case.get("seen", {})))
    assert result.outcome == case["outcome"] and case["says"] in result.summary
    assert result.ok == (case["outcome"] == "good")


def test_the_table_shows_every_outcome_that_measuring_can_have() -> None:
    assert {case["outcome"] for case in CASES} == {o.value for o in CallOutcome} - {"forbidden"}


def test_a_probe_that_failed_and_a_call_that_was_forbidden_say_nothing_of_the_pbx() -> None:
    for result in (broke(PLAN, "it fell over"), forbidden(PLAN, "not agreed")):
        assert result.undetermined and not result.ok
    assert not verdict(PLAN, Measured(**GOOD | {"answered": False, "sip_status": 404})).undetermined


def test_neither_plan_nor_result_shows_the_secret() -> None:
    result = verdict(PLAN, Measured(**GOOD))
    assert "s3cret" not in repr(PLAN) + PLAN.model_dump_json() + result.model_dump_json()
    assert CallResult.model_validate_json(result.model_dump_json()) == result


@pytest.mark.parametrize(("field", "value"), [
    ("number", "600@evil.example"), ("number", "600;user=phone"), ("number", ""), ("number", "600 601"),
    ("number", "sip:600"), ("country", "gb"), ("talk_s", 0.0), ("talk_s", 3600.0), ("tone_hz", 5000),
])
def test_a_plan_that_could_mean_another_call_is_refused(field: str, value: Any) -> None:
    document = PLAN.model_dump(mode="json") | {field: value}
    with pytest.raises(ValidationError):
        CallPlan.model_validate(document)


@pytest.mark.parametrize(("field", "value"), [
    ("user", "101@evil"), ("user", "101>"), ("host", "pbx/../"), ("host", "a b"), ("port", 0), ("secret", 'a"b'),
    ("secret", "a\\b"), ("secret", "a\nb"), ("domain", "a;b"),
])
def test_an_account_that_could_mean_another_one_is_refused(field: str, value: Any) -> None:
    document = PLAN.account.model_dump(mode="json") | {field: value}
    with pytest.raises(ValidationError) as refused:
        type(PLAN.account).model_validate(document)
    assert field != "secret" or repr(value) not in str(refused.value)
