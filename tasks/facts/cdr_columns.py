"""The columns of the CDR table and the first column of each index that a range can use.

The schema depends on the release (some have ``did``) and no index is documented, so both are read, never assumed. An
index that ALTER TABLE … DISABLE KEYS has switched off is none.
"""
from __future__ import annotations

from tasks.model.answer import Rows
from tasks.model.fact import Declined, Known, Query, SqlFact, Unreadable
from tasks.model.facts import CdrColumns
from tasks.model.profile import Profile
from tasks.model.reading import columns, integer, text

_SQL = (
    "SELECT 'column' AS kind, COLUMN_NAME AS name, ORDINAL_POSITION AS position FROM information_schema.COLUMNS "
    "WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s "
    "UNION ALL SELECT 'index', COLUMN_NAME, 0 FROM information_schema.STATISTICS "
    "WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND SEQ_IN_INDEX = 1 AND COALESCE(COMMENT, '') <> 'disabled'"
)


def ask(profile: Profile, known: Known) -> Query | Declined:
    table = (profile.database.name, profile.database.cdr_table)
    return Query(_SQL, table + table)


def parse(rows: Rows) -> CdrColumns:
    told = columns(rows, "kind", "name", "position")
    names = [(integer(row, "position"), text(row, "name")) for row in told if row["kind"] == "column"]
    if not names:
        raise Unreadable("expected the columns of the CDR table; there is no such table, or the login may not see it")
    indexed = {text(row, "name") for row in told if row["kind"] == "index"}
    return CdrColumns(tuple(name for _, name in sorted(names)), tuple(sorted(indexed)))


FACT = SqlFact("cdr_columns", CdrColumns, ask, parse)
