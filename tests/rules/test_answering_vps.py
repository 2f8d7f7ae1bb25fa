"""A clone that runs in the place of its original is told from it by SERVERware alone."""
from __future__ import annotations

import pytest

from tasks.model.serverware import Vps, VpsState
from tasks.rules.answering_vps import answering_vps

RUNNING, STOPPED, OTHER = VpsState.RUNNING, VpsState.STOPPED, VpsState.OTHER


def vps(name: str, state: VpsState, origin: str | None = None) -> Vps:
    return Vps(id=name, name=name, engine="lxc", state=state, state_told=state.value, origin=origin)


@pytest.mark.parametrize(
    ("vpses", "answers"),
    [
        ([vps("1", RUNNING)], "1"),
        ([vps("1", RUNNING), vps("2", STOPPED, "1")], "1"),
        ([vps("1", RUNNING), vps("9", RUNNING), vps("8", RUNNING, "9")], "1"),
        ([vps("1", STOPPED), vps("2", RUNNING, "1")], "2"),
        ([vps("1", RUNNING), vps("2", RUNNING, "1")], None),
        ([vps("1", STOPPED)], None),
        ([vps("1", RUNNING), vps("2", OTHER, "1")], None),
        ([vps("9", RUNNING)], None),
        ([], None),
    ],
    ids=[
        "it runs", "its clone is stopped", "strangers do not count", "its clone runs in its place", "both run",
        "none runs", "a state that is not known", "it does not exist", "nothing exists",
    ],
)
def test_the_one_of_its_family_that_runs_answers(vpses: list[Vps], answers: str | None) -> None:
    assert answering_vps("1", vpses) == answers
