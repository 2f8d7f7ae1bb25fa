"""How long the personal data of a case are kept: from its end on for a time, longer under a legal hold or a clone."""
from __future__ import annotations

from datetime import datetime, timedelta

from tasks.model.case import OVER, Case


def kept_until(case: Case, keep: timedelta) -> datetime | None:
    """When the data of a case are to be erased, ``keep`` after it was closed or cancelled.

    None while the case is not over, and once erasing was asked for. A clone holds all that the system held, so that
    erasing waits for the end of the last one.
    """
    if case.state not in OVER or case.erasure is not None or case.erased_at is not None:
        return None
    moments = [case.since + keep, *(clone.keep_until for clone in case.retained if clone.keep_until)]
    if case.legal_hold is not None:
        moments.append(case.legal_hold.until)
    return max(moments)


def erasure_due(case: Case, keep: timedelta, now: datetime) -> bool:
    """Whether the time has come; a clone that is still there is retired first."""
    until = kept_until(case, keep)
    return until is not None and until <= now and not case.retained


def data_sentence(case: Case, keep: timedelta) -> str:
    """What becomes of the data of a case, without a full stop; "" while there is nothing to say."""
    if case.erased_at is not None:
        return f"personal data were removed on {case.erased_at:%Y-%m-%d %H:%M} UTC"
    if case.erasure is not None:
        return f"personal data are being removed: {case.erasure.reason} ({case.erasure.by})"
    hold = case.legal_hold
    held = f"; {hold.by} keeps them until {hold.until:%Y-%m-%d %H:%M} UTC: {hold.reason}" if hold else ""
    until = kept_until(case, keep)
    if until is not None:
        return f"personal data are kept until {until:%Y-%m-%d %H:%M} UTC{held}"
    return f"personal data are kept for {keep.days} days after its end{held}" if hold else ""
