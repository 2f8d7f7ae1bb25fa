"""A clone is put in the place of its original only where everything holds: the table of what does not."""
from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.model.serverware import CloneRef, Pool, Vps, VpsState
from tasks.rules.restorable import objection

CASES = yaml.safe_load(Path(__file__).with_name("restorable.yaml").read_text())
ORIGINAL = Vps(id="101", name="pbx", engine="lxc", state=VpsState.RUNNING, state_told="running")
CLONE = CloneRef(
    id="c1", of="101", label="case-1", state=VpsState.STOPPED, task=None, complete=True, size_bytes=1_000_000_000,
    taken_at=datetime(2026, 11, 23, 20, tzinfo=UTC),
)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_stands_in_the_way_of_a_restore(case: dict[str, Any]) -> None:
    found = None if case.get("gone") else CLONE.model_copy(update=_typed(case.get("clone", {})))
    original = ORIGINAL.model_copy(update=_typed(case.get("original", {})))
    pool = Pool(size_bytes=50_000_000_000, free_bytes=case.get("free_bytes", 20_000_000_000))
    told = objection(original, CLONE, found, pool, case.get("factor", 1.0))
    if case["said"] is None:
        assert told is None
    else:
        assert told is not None and case["said"] in told.message
        assert told.remedy


def _typed(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: VpsState(value) if name == "state" else value for name, value in changes.items()}
