"""Signatures of posted messages, with the vectors of the Standard Webhooks specification's libraries."""
from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.rules.webhook import Doubt, doubt, secret_of, signature

KEY = secret_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
BODY, AT = b'{"test": 2432232314}', 1614265330
GOOD = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = datetime.fromtimestamp(AT, UTC)


def test_a_signature_is_as_the_specification_has_it():
    assert signature(KEY, "msg_p5jXN8AQM9LWM0D4loKWxJek", AT, BODY) == GOOD


@pytest.mark.parametrize(("delivery", "stamp", "signatures", "body", "found"), [
    ("msg_p5jXN8AQM9LWM0D4loKWxJek", str(AT), GOOD, BODY, None),
    ("msg_p5jXN8AQM9LWM0D4loKWxJek", str(AT), f"v1,AAAA v1a,x {GOOD}", BODY, None),
    ("msg_p5jXN8AQM9LWM0D4loKWxJek", str(AT), GOOD, BODY + b" ", Doubt.FORGED),
    ("msg_p5jXN8AQM9LWM0D4loKWxJe", str(AT), GOOD, BODY, Doubt.FORGED),
    ("msg_p5jXN8AQM9LWM0D4loKWxJek", str(AT + 1), GOOD, BODY, Doubt.FORGED),
    ("msg_p5jXN8AQM9LWM0D4loKWxJek", str(AT), GOOD.replace("v1,", "v2,"), BODY, Doubt.FORGED),
    ("msg_p5jXN8AQM9LWM0D4loKWxJek", str(AT), "", BODY, Doubt.UNSIGNED),
    ("", str(AT), GOOD, BODY, Doubt.UNSIGNED), ("a b", str(AT), GOOD, BODY, Doubt.UNSIGNED),
    ("msg", "now", GOOD, BODY, Doubt.UNSIGNED), ("msg", "١", GOOD, BODY, Doubt.UNSIGNED),
])
def test_only_a_genuine_message_is_believed(delivery: str, stamp: str, signatures: str, body: bytes, found: Doubt):
    assert doubt((b"old" * 10, KEY), delivery, stamp, signatures, body, NOW) is found


@given(st.integers(-10_000, 10_000))
def test_a_genuine_message_is_fresh_for_five_minutes(late_s: int):
    now = datetime.fromtimestamp(AT + late_s, UTC)
    found = doubt((KEY,), "msg_p5jXN8AQM9LWM0D4loKWxJek", str(AT), GOOD, BODY, now)
    assert (found is None) == (abs(late_s) <= 300)


@given(st.text(max_size=200), st.text(max_size=20), st.text(max_size=300), st.binary(max_size=50))
def test_nothing_else_is_ever_believed(delivery: str, stamp: str, signatures: str, body: bytes):
    assert doubt((KEY,), delivery, stamp, signatures, body, NOW) in (Doubt.FORGED, Doubt.UNSIGNED)


@pytest.mark.parametrize("text", ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAA", "whsec_*", "whsec_" + 99 * "A"])
def test_a_secret_that_is_none_is_refused(text: str):
    with pytest.raises(ValueError, match=r"whsec_|bytes"):
        secret_of(text)
