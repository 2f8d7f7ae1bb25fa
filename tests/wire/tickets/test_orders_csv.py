"""Orders of a CSV file: read whole, or every fault named with its line."""
from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks.wire.tickets.orders_csv import parse_orders

CASES = yaml.safe_load(Path(__file__).with_name("orders.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_file_is_orders_or_faults(case: dict[str, Any]):
    rows, faults = parse_orders(case["text"])
    told = [f"{fault.line}: {fault.message}" for fault in faults]
    assert len(told) == len(case.get("faults", []))
    assert all(one.startswith(words) for one, words in zip(told, case.get("faults", []), strict=True)), told
    if "orders" in case:
        assert [[r.line, r.asked.order_ref, r.asked.system_id, str(r.asked.target)] for r in rows] == case["orders"]


@given(st.text(max_size=400))
def test_no_text_makes_it_fail(text: str):
    parse_orders(text)


@given(st.lists(st.tuples(st.from_regex(r"[A-Z]{2}-[0-9]{1,6}", fullmatch=True),
                          st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)), unique_by=lambda row: row[0]))
def test_what_a_spreadsheet_writes_is_read_as_it_is(rows: list[tuple[str, str]]):
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("order", "system", "target"), *((*row, "8.2") for row in rows)])
    found, faults = parse_orders(file.getvalue())
    assert faults == [] and [(row.asked.order_ref, row.asked.system_id) for row in found] == rows
