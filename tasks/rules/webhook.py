"""Whether a posted message is genuine and fresh: Standard Webhooks 1.0.0 (HMAC-SHA256 over id, timestamp and body)."""
from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from datetime import datetime
from enum import StrEnum

TOLERANCE_S = 300               # the specification's libraries allow as much in both directions
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_PREFIX = "whsec_"
SHORTEST_BYTES, LONGEST_BYTES = 24, 64      # of a secret, as the specification says


class Doubt(StrEnum):
    """Why a message is not believed; none of it tells a forger more than that."""

    UNSIGNED = "a header of the signature is missing or not well formed"
    STALE = "its time is not now"
    FORGED = "its signature is wrong"


def secret_of(text: str) -> bytes:
    """The key of ``whsec_`` and base64. Raises ValueError for anything else, and for one that is too short or long."""
    written = text.strip()
    if not written.startswith(_PREFIX):
        raise ValueError("it does not begin with whsec_")
    try:
        key = base64.b64decode(written.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("what follows whsec_ is not base64") from None
    if not SHORTEST_BYTES <= len(key) <= LONGEST_BYTES:
        raise ValueError(f"it has {len(key)} bytes, not {SHORTEST_BYTES} to {LONGEST_BYTES}")
    return key


def signature(key: bytes, delivery: str, stamp: int, body: bytes) -> str:
    signed = hmac.new(key, f"{delivery}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(signed).decode()


def doubt(
    keys: tuple[bytes, ...], delivery: str, stamp: str, signatures: str, body: bytes, now: datetime
) -> Doubt | None:
    """None where any signature is by any key. All pairs are compared, each in constant time."""
    if not _ID.fullmatch(delivery) or not re.fullmatch(r"[0-9]{1,12}", stamp, re.ASCII) or not signatures:
        return Doubt.UNSIGNED
    given = [each.encode() for each in signatures.split(" ")[:8]]
    genuine = False
    for key in keys:
        right = signature(key, delivery, int(stamp), body).encode()
        for each in given:
            genuine |= hmac.compare_digest(right, each)
    if not genuine:
        return Doubt.FORGED
    return None if abs(now.timestamp() - int(stamp)) <= TOLERANCE_S else Doubt.STALE
