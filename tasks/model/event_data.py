"""What becomes of the personal data of a case: kept on purpose, to be erased, erased."""
from __future__ import annotations

from typing import Literal

from tasks.model.happened import Happened, Sentence
from tasks.model.moment import Moment


class DataKept(Happened):
    """A legal hold: nothing of the case is erased before ``until``; None lifts the hold that stood."""

    kind: Literal["data_kept"] = "data_kept"
    until: Moment | None
    reason: Sentence


class ErasureAsked(Happened):
    """The data are to be removed: their deadline has come, or a person asked. From here on it is not taken back."""

    kind: Literal["erasure_asked"] = "erasure_asked"
    reason: Sentence


class Erased(Happened):
    """The personal data of a case that is over were removed; the journal stays."""

    kind: Literal["erased"] = "erased"
    what: Sentence
