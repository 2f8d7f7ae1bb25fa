"""Personal data of a case: kept longer, to be erased, erased. A legal hold stops erasing that nobody asked for yet."""
from __future__ import annotations

from tasks.model.case import OVER, State
from tasks.model.case import Case as C
from tasks.model.event import DataKept, Erased, ErasureAsked
from tasks.model.personal_data import Erasure, LegalHold
from tasks.rules.moves.table import Refused, move, stays

_GONE = Refused("the personal data of this case are removed", "look in a backup for them, if they are needed")


@move(DataKept, stays(State), any_time=True)
def data_kept(case: C, event: DataKept) -> C | Refused:
    if case.erasure is not None or case.erased_at is not None:
        return _GONE
    if event.until is None:
        if case.legal_hold is None:
            return Refused("no legal hold stands", "give a date until when the data are to be kept")
        return case.model_copy(update={"legal_hold": None})
    if event.until <= event.at:
        return Refused("this date has passed", "give a later one, or lift the legal hold")
    return case.model_copy(update={"legal_hold": LegalHold(until=event.until, reason=event.reason, by=event.by)})


@move(ErasureAsked, stays(OVER))
def erasure_asked(case: C, event: ErasureAsked) -> C | Refused:
    if case.erasure is not None or case.erased_at is not None:
        return _GONE
    hold = case.legal_hold
    if hold is not None and event.at < hold.until:
        return Refused(f"{hold.by} keeps the data until {hold.until:%Y-%m-%d %H:%M} UTC: {hold.reason}",
                       "lift that with `uplift case keep CASE --lift` first")
    if case.retained:
        return Refused("a clone of this case is still kept", "wait until it is retired at its deadline")
    asked = Erasure(asked_at=event.at, reason=event.reason, by=event.by)
    return case.model_copy(update={"erasure": asked, "legal_hold": None})


@move(Erased, stays(OVER))
def erased(case: C, event: Erased) -> C | Refused:
    if case.erased_at is not None:
        return _GONE
    if case.erasure is None:
        return Refused("nobody has asked for the data to be erased", "ask with `uplift case erase`")
    return case.model_copy(update={"erased_at": event.at})
