"""A defect in looking for tickets or at the mail is told, and no step of the same round is cancelled by it."""
from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from deployments.cli import tend
from tasks.wire.store import Store


@pytest.mark.parametrize(("turn", "what"), [("tend_tickets", "the desks"), ("tend_mail", "the mail")])
async def test_a_desk_or_mail_that_breaks_does_not_end_the_step_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turn: str, what: str
) -> None:
    def breaks(store: Store, home: Path) -> list[str]:
        raise KeyError("a field that no desk was known to leave out")

    monkeypatch.setattr(tend, turn, breaks)
    with Store.open(f"sqlite:///{tmp_path}/uplift.db") as store:
        tending = tend._Tending(store, tmp_path)
        step = asyncio.create_task(asyncio.sleep(0.5))
        tending.working["C-1:upgrade:1:1"] = step
        await tending.round()
    assert step.done() and not step.cancelled()
    assert [row[3] for row in tending.ended] == [
        f"{what} could not be looked through (KeyError); report this as a defect"
    ]
