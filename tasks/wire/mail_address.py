"""Which addresses can stand in the envelope of a mail."""
from __future__ import annotations

import re

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_FIT = re.compile(rf"{_ATOM}(\.{_ATOM})*@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def fit(address: str) -> bool:
    """Whether it is one word of ASCII, without what an envelope gives a meaning to."""
    return len(address) <= 254 and _FIT.fullmatch(address) is not None
