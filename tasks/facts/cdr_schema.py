"""The CDR table as it is defined: columns with their types, indexes with their columns, partitions."""
from __future__ import annotations

from tasks.model.answer import Cell, Rows
from tasks.model.database_facts import CdrSchema, Column, Index
from tasks.model.fact import Declined, Known, Query, SqlFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import columns, integer, text

_OF = "WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
_SQL = (
    "SELECT 'column' AS kind, '' AS of_index, COLUMN_NAME AS name, ORDINAL_POSITION AS position, COLUMN_TYPE AS type, "  # noqa: S608
    f"EXTRA AS extra FROM information_schema.COLUMNS {_OF} "
    "UNION ALL SELECT 'index', INDEX_NAME, COLUMN_NAME, SEQ_IN_INDEX, IF(NON_UNIQUE, '', 'unique'), COMMENT "
    f"FROM information_schema.STATISTICS {_OF} "
    f"UNION ALL SELECT 'partitions', '', '', COUNT(PARTITION_NAME), '', '' FROM information_schema.PARTITIONS {_OF}"
)


def ask(profile: Profile, known: Known) -> Query | Declined:
    return Query(_SQL, (profile.database.name, profile.database.cdr_table) * 3)


def parse(rows: Rows) -> CdrSchema:
    told = columns(rows, "kind", "of_index", "name", "position", "type", "extra")
    told = sorted(told, key=lambda row: integer(row, "position"))
    defined = tuple(_column(row) for row in told if row["kind"] == "column")
    if not defined:
        raise Unreadable("expected the columns of the CDR table; there is no such table, or the login may not see it")
    parts: dict[str, list[dict[str, Cell]]] = {}
    for row in told:
        if row["kind"] == "index":
            parts.setdefault(text(row, "of_index"), []).append(row)
    partitions = sum(integer(row, "position") for row in told if row["kind"] == "partitions")
    return CdrSchema(defined, tuple(_index(name, parts[name]) for name in sorted(parts)), partitions)


def _column(row: dict[str, Cell]) -> Column:
    extra = text(row, "extra").lower()
    # MySQL's DEFAULT_GENERATED only says that the default is an expression
    generated = any(word in extra.split() for word in ("virtual", "stored", "persistent", "generated"))
    return Column(text(row, "name"), text(row, "type"), "auto_increment" in extra, generated)


def _index(name: str, parts: list[dict[str, Cell]]) -> Index:
    usable = all("disabled" not in text(part, "extra") for part in parts)
    return Index(name, tuple(text(part, "name") for part in parts), parts[0]["type"] == "unique", usable)


FACT = SqlFact("cdr_schema", CdrSchema, ask, parse)
