"""SERVERware's records become typed values; what is missing is told by its field, and no secret is read."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.profile_serverware import ServerwareApi
from tasks.wire.profile_file import load_profile, shipped_profiles
from tasks.wire.serverware import records
from tasks.wire.serverware.secrecy import Secrecy

CASES = yaml.safe_load(Path(__file__).with_name("records.yaml").read_text())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12,
)
NAMES = st.sampled_from(["id", "name", "state", "task", "origin", "size_bytes", "created_at", "complete", "last_task"])


def lab() -> ServerwareApi:
    api = load_profile(shipped_profiles() / "lab.yaml").serverware
    assert api is not None
    return api


API = lab()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_record_is_read_as_the_table_says(case: dict[str, Any]) -> None:
    hide = Secrecy().hide
    if "said" in case:
        with pytest.raises(records.Malformed, match=case["said"]):
            records.vps_of(case["record"], API, hide)
            records.clone_of(case["record"], API)
        return
    read = {"vps": records.vps_of(case["record"], API, hide), "clone": records.clone_of(case["record"], API)}
    for kind, value in read.items():
        assert "hunter" not in repr(value)
        if kind in case and case[kind] is None:
            assert value is None
        elif kind in case:
            told = value.model_dump() | {"last_task": getattr(value, "last_task", None)}
            got = {name: _plain(told[name]) for name in case[kind]}
            assert got == case[kind]


@given(st.dictionaries(NAMES, JSON, max_size=9) | JSON)
def test_whatever_a_server_says_is_read_or_told_as_malformed(record: Any) -> None:
    for read in (lambda: records.vps_of(record, API, str), lambda: records.clone_of(record, API)):
        try:
            read()
        except records.Malformed as error:
            assert "\n" not in str(error)


@given(st.text(min_size=4, max_size=20), st.text(max_size=30), st.text(max_size=30))
def test_a_secret_that_was_seen_is_hidden_in_any_text(secret: str, before: str, after: str) -> None:
    secrecy = Secrecy()
    secrecy.note([{"vps": {"root_password": secret}, "name": "pbx"}])
    assert secret not in secrecy.hide(before + secret + after).replace("[hidden]", "\n")


@pytest.mark.parametrize(("text", "shown"), [
    ("password: abc def", "password: [hidden] def"), ("Invalid token", "Invalid token"),
    ("pwd=x;retry", "pwd=[hidden];retry"), ("the API key is k1, sorry", "the API key is [hidden], sorry"),
    ("line\none\ttwo", "line one two"), ("disk full", "disk full"),
])  # fmt: skip
def test_what_calls_itself_a_secret_is_hidden(text: str, shown: str) -> None:
    assert Secrecy().hide(text) == shown


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return value.isoformat() if hasattr(value, "isoformat") else value if value is None or isinstance(
        value, bool | int) else str(value)
