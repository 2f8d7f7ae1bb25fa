"""First and last call. Asked only where an index or a small table makes it cheap.

Without an index on ``calldate`` the rows with the lowest and highest ``AcctId`` (auto-increment) stand for them:
CDRs are written in the order in which calls end.
"""
from __future__ import annotations

from tasks.model.answer import Rows
from tasks.model.fact import Declined, Known, Query, SqlFact, Unknown, Unreadable
from tasks.model.facts import CdrColumns, CdrSpan, Tables
from tasks.model.profile import Profile
from tasks.model.reading import columns, moment, one_row


def ask(profile: Profile, known: Known) -> Query | Declined:
    cdr, columns_ = profile.database.cdr_table, known.get(CdrColumns)
    if isinstance(columns_, Unknown):
        return Declined(f"the columns of {cdr} are not known: {columns_.reason}")
    if "calldate" not in columns_.columns:
        return Declined(f"{cdr} has no column calldate")
    if not columns_.calldate_indexed and "AcctId" in columns_.leading_index_columns:
        return Query(
            f"SELECT (SELECT calldate FROM `{cdr}` ORDER BY AcctId LIMIT 1) AS first_call, "  # noqa: S608  (a Word)
            f"(SELECT calldate FROM `{cdr}` ORDER BY AcctId DESC LIMIT 1) AS last_call"
        )
    if not columns_.calldate_indexed:
        tables = known.get(Tables)
        table = None if isinstance(tables, Unknown) else tables.get(cdr)
        limit = profile.database.scan_limit_rows
        if table is None or table.rows > limit:
            rows = "an unknown number of" if table is None else f"{table.rows:,}"
            return Declined(f"{cdr} has {rows} rows and no index on calldate or AcctId; up to {limit:,} are scanned")
    return Query(f"SELECT MIN(calldate) AS first_call, MAX(calldate) AS last_call FROM `{cdr}`")  # noqa: S608  (a Word)


def parse(rows: Rows) -> CdrSpan:
    columns(rows, "first_call", "last_call")
    row = one_row(rows)
    first, last = moment(row, "first_call"), moment(row, "last_call")
    if first and last and last < first:
        raise Unreadable(f"expected the first call before the last, got {first} and {last}")
    return CdrSpan(first, last)


FACT = SqlFact("cdr_span", CdrSpan, ask, parse, after=(CdrColumns, Tables))
