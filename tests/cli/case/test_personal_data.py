"""`uplift case close|cancel|keep|erase` and what `case show` says of the personal data of a case."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tasks.model.case import State
from tasks.wire.case_folder import CaseFolder


class Seen(BaseModel):
    text: str


def folder_of(home: Path) -> CaseFolder:
    folder = CaseFolder(home, "C-1")
    folder.create(home / "fleet.yaml")
    folder.save("inspection-1-1", Seen(text="ann@acme.example"))
    return folder


def day(later: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=later):%Y-%m-%d}"


async def test_closing_starts_the_clock_and_says_until_when(uplift: Any, case_at: Any) -> None:
    case_at(State.WATCHING)
    assert "ersonal data" not in (await uplift("case", "show", "C-1")).out
    closed = await uplift("case", "close", "C-1", "--early", "the client is content", "--by", "eva")
    assert closed.code == 0, closed.err
    assert closed.out.startswith(f"Personal data are kept until {day(90)} ")
    shown = await uplift("case", "show", "C-1")
    assert f"personal data are kept until {day(90)} " in shown.out


async def test_cancelling_says_it_too_by_the_retention_of_the_site(uplift: Any, case_at: Any, home: Path) -> None:
    case_at(State.INSPECTED)
    (home / "retention.yaml").write_text("cases: {personal_data_days: 10}\n")
    said = (await uplift("case", "cancel", "C-1", "--reason", "they stay", "--by", "eva")).out
    assert said.startswith(f"Personal data are kept until {day(10)} ")


async def test_a_retention_that_cannot_be_read_is_told_before_anything_is_recorded(
    uplift: Any, case_at: Any, home: Path, stored: Any
) -> None:
    case_at(State.INSPECTED)
    (home / "retention.yaml").write_text("cases: {days: 10}\n")
    ended = await uplift("case", "cancel", "C-1", "--reason", "they stay", "--by", "eva")
    assert ended.code == 2 and "retention.yaml: cases.days" in ended.err and ended.err.count("\n") == 1
    assert stored().state is State.INSPECTED


async def test_a_legal_hold_is_put_told_and_lifted(uplift: Any, case_at: Any, home: Path) -> None:
    case_at(State.INSPECTED)
    folder_of(home)
    held = await uplift("case", "keep", "C-1", "--until", day(400), "--reason", "a dispute", "--by", "eva")
    assert held.code == 0 and f"eva keeps them until {day(401)} 00:00 UTC: a dispute" in held.out
    assert (await uplift("case", "cancel", "C-1", "--reason", "they stay")).code == 0
    assert f"personal data are kept until {day(401)} 00:00 UTC" in (await uplift("case", "show", "C-1")).out
    refused = await uplift("case", "erase", "C-1", "--reason", "Ann asks")
    assert refused.code == 2 and "lift that with `uplift case keep CASE --lift` first" in refused.err
    lifted = await uplift("case", "keep", "C-1", "--lift", "--reason", "it is settled", "--json")
    assert lifted.code == 0 and lifted.json["state"] == "cancelled"
    assert (await uplift("case", "show", "C-1", "--json")).json["personal_data"].startswith(
        f"personal data are kept until {day(90)} ")


async def test_mistakes_of_a_legal_hold_are_one_sentence(uplift: Any, case_at: Any) -> None:
    case_at(State.INSPECTED)
    for words, said in (
        ((), "give --until DATE, or --lift"), (("--until", day(3), "--lift"), "give --until DATE, or --lift"),
        (("--until", day(-3)), "has passed"), (("--until", "soon"), "does not match the format"),
        (("--lift",), "no legal hold stands"),
    ):
        ended = await uplift("case", "keep", "C-1", "--reason", "x", *words)
        assert ended.code == 2 and said in ended.err and "Traceback" not in ended.err, ended.err


async def test_a_persons_request_is_carried_out_at_once_and_recorded_once(
    uplift: Any, case_at: Any, home: Path, kinds: Any
) -> None:
    case_at(State.INSPECTED)
    folder = folder_of(home)
    early = await uplift("case", "erase", "C-1", "--reason", "Ann asks", "--by", "eva")
    assert early.code == 2 and "is not possible" in early.err and folder.has("inspection-1-1")
    assert (await uplift("case", "cancel", "C-1", "--reason", "they stay")).code == 0
    erased = await uplift("case", "erase", "C-1", "--reason", "Ann asks", "--by", "eva")
    assert erased.code == 0, erased.err
    assert erased.out.startswith("Personal data were removed on ")
    assert [path.name for path in folder.path.iterdir()] == ["origin.json"]
    assert kinds()[-2:] == ["erasure_asked", "erased"]
    told = (await uplift("case", "journal", "C-1")).out
    assert "eva: personal data are to be removed: Ann asks" in told
    assert "personal data removed: 1 file of the case's folder, 0 messages" in told
    again = await uplift("case", "erase", "C-1", "--reason", "Ann asks")
    assert again.code == 2 and "the personal data of this case are removed" in again.err
    assert (await uplift("case", "verify-journal")).code == 0


async def test_a_case_of_another_home_is_not_recorded_as_erased(uplift: Any, case_at: Any, stored: Any) -> None:
    case_at(State.INSPECTED)
    assert (await uplift("case", "cancel", "C-1", "--reason", "they stay")).code == 0
    ended = await uplift("case", "erase", "C-1", "--reason", "Ann asks")
    assert ended.code == 2 and "use the UPLIFT_HOME in which the case was opened" in ended.err
    assert stored().erasure is None
