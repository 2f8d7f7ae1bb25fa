"""The tables of the PBXware schema with engine, rows and sizes, from information_schema: no row of them is read."""
from __future__ import annotations

from tasks.model.answer import Rows
from tasks.model.fact import Declined, Known, Query, SqlFact, Unreadable
from tasks.model.facts import Table, Tables
from tasks.model.profile import Profile
from tasks.model.reading import columns, integer, text

_SQL = (
    "SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS name, ENGINE AS engine, TABLE_ROWS AS row_count, "
    "DATA_LENGTH AS data_bytes, INDEX_LENGTH AS index_bytes, DATA_FREE AS free_bytes, TABLE_COMMENT AS comment, "
    "ROW_FORMAT AS row_format, TABLE_COLLATION AS collation, CREATE_OPTIONS AS options, AUTO_INCREMENT AS next_id "
    "FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s ORDER BY TABLE_NAME LIMIT 5000"
)


def ask(profile: Profile, known: Known) -> Query | Declined:
    return Query(_SQL, (profile.database.name,))


def parse(rows: Rows) -> Tables:
    told = columns(rows, "schema", "name", "engine", "row_count", "data_bytes", "index_bytes", "free_bytes")
    if not told:
        raise Unreadable("expected the tables of the PBXware schema; there are none, or the login may not see them")
    return Tables(
        schema=text(told[0], "schema"),
        tables=tuple(
            Table(
                name=text(row, "name"),
                engine=text(row, "engine") or None,
                rows=integer(row, "row_count"),
                data_bytes=integer(row, "data_bytes"),
                index_bytes=integer(row, "index_bytes"),
                free_bytes=integer(row, "free_bytes"),
                comment=text(row, "comment"),
                row_format=text(row, "row_format"),
                collation=text(row, "collation"),
                partitioned="partitioned" in text(row, "options").lower(),
                next_id=integer(row, "next_id") or None,
            )
            for row in told
        ),
    )


FACT = SqlFact("tables", Tables, ask, parse)
