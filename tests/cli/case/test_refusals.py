"""What the lifecycle or the command refuses: one sentence with what to do, exit code 2, and nothing is recorded."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.model.case import Case, State
from tests.rules.story import READY_PLAN, SIP_PLAN

ROWS = yaml.safe_load(Path(__file__).with_name("refusals.yaml").read_text())


def filled(text: str, case: Case) -> str:
    local = f"{case.slots[0].local_start:%Y-%m-%d %H:%M}" if case.slots else ""
    return text.replace("{plan}", (case.plan_digest or "")[:12]).replace("{local}", local)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['state']}: {' '.join(row['words'])}"[:90])
async def test_a_refusal_is_one_sentence_that_says_what_to_do(uplift: Any, case_at: Any, stored: Any, row: Any) -> None:
    before = case_at(State(row["state"]), found=SIP_PLAN if row["state"] == "awaiting_approval" else READY_PLAN)
    ended = await uplift("case", *(filled(word, before) for word in row["words"]))
    assert ended.code == 2, ended.out
    assert filled(row["said"], before) in ended.err
    assert ended.err.startswith("error: ") and ended.err.count("\n") == 1
    assert ended.out == ""
    assert stored() == before


async def test_a_refusal_has_its_parts_for_programs(uplift: Any, case_at: Any) -> None:
    case_at(State.WATCHING)
    ended = await uplift("case", "close", "C-1", "--json")
    told = ended.json["error"]
    assert (ended.code, told["code"], told["remedy"]) == (2, "refused", "wait, or give the reason for closing early")
