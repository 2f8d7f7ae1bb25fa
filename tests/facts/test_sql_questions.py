"""The questions to a database: bounded, and declined with a reason where they would cost the system too much."""
from __future__ import annotations

import pytest

from tasks.facts import sql_facts
from tasks.model.fact import Declined, Known, Query, Unknown
from tasks.model.facts import (
    CdrColumns,
    Table,
    Tables,
)
from tasks.model.profile import Database, Profile

COLUMNS = CdrColumns(("AcctId", "calldate"), ("AcctId",))


def asked(name: str, columns: CdrColumns | Unknown, rows: int | None = None) -> str:
    fact = next(fact for fact in sql_facts() if fact.name == name)
    tables = Unknown("tables", "no") if rows is None else Tables("pbxware", (Table("cdr", "MyISAM", rows, 1, 1, 0),))
    query = fact.ask(Profile(name="lab", database=Database(scan_limit_rows=1000)),
                     Known({CdrColumns: columns, Tables: tables}))
    if isinstance(query, Declined):
        return query.reason
    assert isinstance(query, Query)
    return query.sql


@pytest.mark.parametrize("name", ["cdr_span", "cdr_rhythm"])
def test_a_question_about_calls_is_declined_with_its_reason(name: str) -> None:
    assert "not known: the login may not" in asked(name, Unknown("cdr_columns", "the login may not"))
    assert "has no column calldate" in asked(name, CdrColumns(("AcctId",), ("AcctId",)))
    unindexed = CdrColumns(("AcctId", "calldate"), ())
    assert "cdr has 29,000,000 rows and no index on calldate" in asked(name, unindexed, 29_000_000)
    assert "an unknown number of rows" in asked(name, unindexed)
    assert asked(name, unindexed, 1000).startswith("SELECT ")


def test_the_span_takes_the_cheapest_way() -> None:
    assert "ORDER BY AcctId DESC LIMIT 1" in asked("cdr_span", COLUMNS, 29_000_000)
    assert "MIN(calldate)" in asked("cdr_span", CdrColumns(("AcctId", "calldate"), ("AcctId", "calldate")), 29_000_000)
    assert "29,000,000 rows" in asked("cdr_rhythm", COLUMNS, 29_000_000)


def test_every_query_is_a_bounded_select() -> None:
    for fact in sql_facts():
        query = fact.ask(Profile(name="lab"), Known({CdrColumns: COLUMNS, Tables: Tables("pbxware", ())}))
        assert isinstance(query, Declined) or query.sql.startswith("SELECT ")
