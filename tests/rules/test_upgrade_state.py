"""The state of an upgrade from what was found, case by case and for whatever else can be found."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tasks.model.release import Release
from tasks.model.upgrade import Died, Evidence, Exited, NotStarted, Running, Schema, Untold, UpgradeState, UpgradeStatus
from tasks.rules.upgrade_state import judge_status

CASES = yaml.safe_load(Path(__file__).with_name("upgrade_state.yaml").read_text())
STATE: TypeAdapter[UpgradeState] = TypeAdapter(UpgradeState)
QUIET = {"started": True, "runner_lock": False, "session_alive": False, "platform_lock": False}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_state_follows_from_what_was_found(case: dict[str, Any]) -> None:
    seen = Evidence.model_validate({**QUIET, **case["seen"]})
    state = judge_status(seen)
    assert state == STATE.validate_python(case["state"])
    if "migration_running" in case:
        assert UpgradeStatus(run_id="r", state=state, evidence=seen).migration_running is case["migration_running"]


def test_every_state_and_every_schema_stands_in_the_table() -> None:
    assert {case["state"]["kind"] for case in CASES} == {"not_started", "running", "exited", "died", "untold"}
    assert {case["seen"].get("schema_state") for case in CASES} >= {Schema.HALF, Schema.ALTERING, Schema.NEW}


FOUND = st.builds(
    Evidence, gap=st.sampled_from(["", "lost"]), started=st.booleans(), runner_lock=st.none() | st.booleans(),
    session_alive=st.none() | st.booleans(), exit_code=st.none() | st.integers(0, 255),
    platform_lock=st.none() | st.booleans(), platform_exit=st.none() | st.integers(0, 255),
    schema_state=st.sampled_from(Schema),
    stage=st.none() | st.just("migrate"), release=st.none() | st.just(Release.parse("7.2.0")),
)


@given(FOUND)
def test_nothing_that_may_still_work_is_called_dead_or_harmless(seen: Evidence) -> None:
    status = UpgradeStatus(run_id="r", state=judge_status(seen), evidence=seen)
    works = seen.platform_lock is True or seen.schema_state is Schema.ALTERING
    match status.state:
        case Died():
            assert seen.started
            assert seen.exit_code is None and seen.platform_exit is None
            assert seen.runner_lock is False and seen.session_alive is False and not works
            assert status.migration_running is False
        case Exited(code=code):
            assert code == (seen.platform_exit if seen.exit_code is None else seen.exit_code)
        case NotStarted():
            assert not seen.started
        case Running():
            assert status.migration_running is True
        case Untold():
            assert status.migration_running is None
    if works and not seen.gap:
        assert status.migration_running is not False
