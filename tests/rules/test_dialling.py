"""Which numbers a test may dial: never an emergency number, never one that was not agreed."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks.rules.dialling import BY_COUNTRY, EVERYWHERE, OUTSIDE_LINES, is_emergency, refusal

CASES = yaml.safe_load(Path(__file__).with_name("dialling.yaml").read_text())
NUMBERS = st.text(alphabet="0123456789*#+", min_size=1, max_size=12)


@pytest.mark.parametrize("case", CASES, ids=[f"{case['number']}-{case['country']}" for case in CASES])
def test_a_number_may_be_dialled_where_the_table_says_so(case: dict[str, Any]) -> None:
    why = refusal(case["number"], frozenset(case["agreed"]), case["country"])
    assert (why is None) == case["may"], why


@pytest.mark.parametrize("country", sorted(BY_COUNTRY))
def test_no_emergency_number_of_a_country_can_be_agreed_upon(country: str) -> None:
    for number in EVERYWHERE | BY_COUNTRY[country]:
        for prefix in OUTSIDE_LINES:
            assert refusal(prefix + number, {prefix + number}, country)


@given(NUMBERS, st.frozensets(NUMBERS, max_size=5), st.sampled_from([*BY_COUNTRY, "XX"]))
def test_what_was_not_agreed_is_never_dialled(number: str, agreed: frozenset[str], country: str) -> None:
    assert refusal(number, agreed - {number}, country) is not None


@given(NUMBERS, st.sampled_from([*BY_COUNTRY, "XX"]))
def test_an_agreed_number_is_refused_only_as_an_emergency_number(number: str, country: str) -> None:
    assert (refusal(number, {number}, country) is not None) == is_emergency(number, country)


@given(st.sampled_from(sorted(EVERYWHERE)), st.lists(st.sampled_from("*#+"), max_size=4), st.randoms())
def test_signs_between_the_digits_hide_no_emergency_number(number: str, signs: list[str], chance: Any) -> None:
    written = [*number]
    for sign in signs:
        written.insert(chance.randint(0, len(written)), sign)
    assert is_emergency("".join(written), "XX")
