"""``uplift case keep|erase``: how long the personal data of a case stay."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from deployments.cli.case_record import By, CaseId, Reason, accepted, case_store, made, record, tell
from deployments.cli.output import AsJson
from reports.text import one_line
from tasks.model.case import Case
from tasks.model.errors import UserError
from tasks.model.event import DataKept, ErasureAsked, Event
from tasks.rules.personal_data import data_sentence
from tasks.steps.erase import erase_now
from tasks.wire.case_folder import CaseFolder
from tasks.wire.home import find_home
from tasks.wire.retention import read_case_retention


class Kept:
    """What becomes of a case's data, by the retention of this home; read before anything is recorded."""

    def __init__(self) -> None:
        self._keep = read_case_retention(find_home()).keep

    def sentence(self, case: Case) -> str:
        return data_sentence(case, self._keep)

    def lines(self, case: Case) -> list[str]:
        """For people, where there is something to say."""
        said = self.sentence(case)
        return [f"{said[0].upper()}{said[1:]}."] if said else []


def keep(
    case_id: CaseId,
    reason: Reason,
    by: By,
    until: Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], metavar="DATE",
                                                   help="The last day (UTC) on which they are kept.")] = None,
    lift: Annotated[bool, typer.Option("--lift", help="End the legal hold that stands.")] = False,
    as_json: AsJson = False,
) -> None:
    """A legal hold: the case's personal data are not removed before a date, whatever their deadline."""
    if (until is None) != lift:
        raise UserError("usage", "a legal hold has a date or is lifted", "give --until DATE, or --lift")
    moment = None if until is None else until.replace(tzinfo=UTC) + timedelta(days=1)

    def make(case: Case, now: datetime) -> Event:
        return DataKept(at=now, by=by, until=moment, reason=reason)

    record(case_id, make, as_json=as_json, as_seen=False, shown=Kept().lines)


def erase(case_id: CaseId, reason: Reason, by: By, as_json: AsJson = False) -> None:
    """Remove the personal data of a case that is over now, before their deadline: a person asked for it."""
    home, kept = find_home(), Kept()
    with case_store() as store:
        case = store.case(case_id)
        folder = CaseFolder(home, case.id).path
        if not folder.is_dir():
            raise UserError("case_folder_unusable", f"{folder} is not there", "use the UPLIFT_HOME in which the case "
                            "was opened; where its folder is lost for good, make it anew, empty, for the record")
        if case.erasure is None or case.erased_at is not None:
            event = made(lambda case, now: ErasureAsked(at=now, by=by, reason=reason), case, store.now())
            case = accepted(store.record(case.id, event, expected=case))
        case = erase_now(store, home, case, store.now())
        for line in () if as_json else kept.lines(case):
            print(one_line(line))
        tell(store, case, as_json=as_json)
