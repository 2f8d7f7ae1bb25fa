"""When a registration is tried again, told by a clock that stands still between attempts."""
from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.call import CallLimits
from tasks.wire.sip.registration import NotRegistered, register


@dataclass
class Registrar:
    """Gives its answers in turn (the last for ever; 200 registers), and tells when it was asked."""

    answers: list[int | None]
    takes_s: float = 0.0
    now_s: float = 0.0
    asked_s: list[float] = field(default_factory=list)

    async def attempt(self) -> None:
        self.asked_s.append(self.now_s)
        self.now_s += self.takes_s
        answer = self.answers[min(len(self.asked_s), len(self.answers)) - 1]
        if answer != 200:
            raise NotRegistered(answer, f"answer {answer}")

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    async def register(self, limits: CallLimits | None = None) -> None:
        await register(self.attempt, limits or CallLimits(), clock=lambda: self.now_s, sleep=self.sleep)


async def test_a_registration_that_succeeds_is_not_repeated() -> None:
    registrar = Registrar([200])
    await registrar.register()
    assert registrar.asked_s == [0]


async def test_the_24_seconds_of_403_after_a_configuration_are_waited_out_with_few_attempts() -> None:
    registrar = Registrar([403, 403, 403, 403, 200])
    await registrar.register()
    assert registrar.asked_s == [0, 4, 12, 24, 36]


async def test_403_for_ever_is_given_up_within_the_budget_and_told() -> None:
    registrar = Registrar([403])
    with pytest.raises(NotRegistered) as told:
        await registrar.register()
    assert told.value.status == 403 and len(registrar.asked_s) == 5 and registrar.now_s <= 40


@pytest.mark.parametrize("status", [401, 404, 407, 423, 600])
async def test_an_answer_that_waiting_cannot_change_is_taken_at_once(status: int) -> None:
    registrar = Registrar([status, 200])
    with pytest.raises(NotRegistered) as told:
        await registrar.register()
    assert told.value.status == status and registrar.asked_s == [0]


@pytest.mark.parametrize("status", [None, 500, 503])
async def test_a_pbx_that_is_still_starting_is_asked_again(status: int | None) -> None:
    registrar = Registrar([status, 200])
    await registrar.register()
    assert registrar.asked_s == [0, 4]


async def test_a_wrong_secret_after_a_403_ends_it() -> None:
    registrar = Registrar([403, 401, 200])
    with pytest.raises(NotRegistered) as told:
        await registrar.register()
    assert told.value.status == 401 and registrar.asked_s == [0, 4]


@given(
    budget=st.floats(0, 120), first=st.floats(0.5, 10), most=st.floats(0.5, 30), takes=st.floats(0, 6),
    answers=st.lists(st.sampled_from([None, 403, 500, 503, 401, 200]), min_size=1, max_size=8),
)
async def test_no_attempt_begins_after_the_budget_and_the_last_answer_is_told(
    budget: float, first: float, most: float, takes: float, answers: list[int | None]
) -> None:
    registrar = Registrar(answers, takes_s=takes)
    limits = CallLimits(register_budget_s=budget, retry_first_s=first, retry_most_s=most)
    try:
        await registrar.register(limits)
        last: int | None = 200
    except NotRegistered as error:
        last = error.status
    assert last == answers[min(len(registrar.asked_s), len(answers)) - 1]
    assert registrar.asked_s[-1] <= max(budget, 0) + 1e-6
