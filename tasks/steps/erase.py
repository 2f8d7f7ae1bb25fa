"""Remove the personal data of cases that are over, at their deadline or when somebody asked for it.

First it is recorded that they are to be removed, then they are, then that they were: whoever dies in between leaves
the rest to the next round, and the journal says what happened once.
"""
from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from tasks.model.case import Case
from tasks.model.errors import UserError
from tasks.model.event import Erased, ErasureAsked, Event
from tasks.rules.due import RECONCILER
from tasks.rules.lifecycle import Refused
from tasks.rules.personal_data import erasure_due
from tasks.wire.case_folder import CaseFolder
from tasks.wire.retention import read_case_retention
from tasks.wire.store.cases import CaseChanged
from tasks.wire.store.engine import StoreUnavailable
from tasks.wire.store.store import Store

_log = logging.getLogger(__name__)


def erase_due(store: Store, home: Path, cases: Iterable[Case], now: datetime) -> list[str]:
    """Remove what is due; gives the cases whose data were removed. One case's trouble costs only itself.

    Raises StoreUnavailable. A retention file that cannot be read removes nothing.
    """
    try:
        keep = read_case_retention(home).keep
    except UserError as error:
        _log.warning("nothing is erased: %s", error)
        return []
    done = []
    for case in cases:
        if case.erased_at is not None or not (case.erasure or erasure_due(case, keep, now)):
            continue
        try:
            if _erased(store, home, case, keep, now):
                done.append(case.id)
        except StoreUnavailable:
            raise
        except UserError as error:
            _log.warning("the personal data of %s could not be removed: %s", case.id, error)
    return done


def erase_now(store: Store, home: Path, case: Case, now: datetime) -> Case:
    """Remove the data of a case for which it was asked, and record that. Raises UserError where something stays."""
    files = CaseFolder(home, case.id).erase()
    messages = store.erase_messages(case.id)
    what = f"{_count(files, 'file')} of the case's folder, {_count(messages, 'message')}"
    return _recorded(store, case, Erased(at=now, by=RECONCILER, what=what)) or store.case(case.id)


def _erased(store: Store, home: Path, case: Case, keep: timedelta, now: datetime) -> bool:
    if not CaseFolder(home, case.id).path.is_dir():
        _log.debug("%s was opened with another UPLIFT_HOME, which erases its data", case.id)
        return False
    asked: Case | None = case
    if case.erasure is None:
        reason = f"{keep.days} days have passed since the case was {case.state}"
        asked = _recorded(store, case, ErasureAsked(at=now, by=RECONCILER, reason=reason))
    return asked is not None and erase_now(store, home, asked, now).erased_at is not None


def _recorded(store: Store, case: Case, event: Event) -> Case | None:
    """The case after the event; None where somebody was quicker, or it is not allowed any more."""
    try:
        moved = store.record(case.id, event, expected=case)
    except CaseChanged:
        return None
    return None if isinstance(moved, Refused) else moved


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
