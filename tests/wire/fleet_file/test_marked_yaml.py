"""The strict YAML reader: the same data as YAML's own, each part at its true line, and no input that breaks it."""
from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks.wire.marked_yaml import line_of, parse_yaml, plain, walk

text = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
numberish = st.text("0123456789.+-eExo_: ", max_size=8)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), text, numberish)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=20
)


@given(documents)
def test_what_yaml_writes_is_read_back(data: Any) -> None:
    found, faults = parse_yaml(yaml.safe_dump(data, allow_unicode=True))
    merge_keys = [key for place, _ in walk(data) if (key := place[-1]) == "<<"]
    assert plain(found) == data
    assert len(faults) == len(merge_keys)


@given(documents)
def test_json_is_read_as_json(data: Any) -> None:
    assert plain(parse_yaml(json.dumps(data, ensure_ascii=False))[0]) == data


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(raw: str) -> None:
    _, faults = parse_yaml(raw)
    assert all(0 <= fault.line <= raw.count("\n") + len(raw.splitlines()) + 1 for fault in faults)


@given(st.lists(st.lists(st.integers(), max_size=3), min_size=1, max_size=5), st.integers(0, 5))
def test_each_part_knows_its_line(rows: list[list[int]], comments: int) -> None:
    lines = ["# a comment"] * comments + ["rows:"]
    where = {}
    for index, row in enumerate(rows):
        lines += ["  -", f"    cells: {row}", "    name: x"]
        where[index] = len(lines) - 1
    data, faults = parse_yaml("\n".join(lines))
    assert not faults
    assert {index: line_of(data, ("rows", index, "cells")) for index in where} == where
    assert line_of(data, ("rows", 0, "absent", "deeper")) == where[0]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("NO", "NO"), ("on", "on"), ("17:30", "17:30"), ("2026-12-24", "2026-12-24"), ("0x1F", "0x1F"), ("1_000", "1_000"),
     ("012", "012"), ("08", "08"), ("12e3", "12e3"), ("12", 12), ("-7", -7), ("0", 0), ("6.0", 6.0), (".5", 0.5),
     ("1.5e+3", 1500.0), ("6.7.3", "6.7.3"), ("~", None), ("'5'", "5"), ("true", True)],
)  # fmt: skip
def test_a_scalar_is_what_it_looks_like(written: str, meant: object) -> None:
    found = parse_yaml(f"key: {written}")[0]["key"]
    assert (found, isinstance(found, bool)) == (meant, isinstance(meant, bool))


def test_a_number_remembers_how_it_was_written() -> None:
    assert str(parse_yaml("version: 8.10")[0]["version"]) == "8.10"
