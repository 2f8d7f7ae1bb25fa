"""How the table of calls is defined, as far as moving its rows depends on it, and what forbids to move them."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tasks.model.errors import UserError
from tasks.wire.cdr_archive.asking import Asks

DATE = "calldate"
ENGINES = frozenset({"innodb", "myisam", "aria"})
_TEXT = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json"})
_COLUMNS = (
    "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, COALESCE(COLLATION_NAME, ''), EXTRA FROM information_schema.COLUMNS "
    "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION"
)
_KEYS = (
    "SELECT INDEX_NAME, MIN(COLUMN_NAME) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() "
    "AND TABLE_NAME = %s AND NON_UNIQUE = 0 GROUP BY INDEX_NAME HAVING COUNT(*) = 1"
)
_TRIGGERS = (
    "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = DATABASE() "
    "AND EVENT_OBJECT_TABLE = %s AND EVENT_MANIPULATION IN ('INSERT', 'DELETE')"
)
_REFERENCES = (
    "SELECT COUNT(*) FROM information_schema.REFERENTIAL_CONSTRAINTS "
    "WHERE UNIQUE_CONSTRAINT_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME = %s"
)


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    data_type: str              # varchar
    type: str                   # varchar(80)
    collation: str              # "" for what is no text
    generated: bool = False

    @property
    def is_text(self) -> bool:
        """Whether equal values may differ in their bytes (case, trailing blanks)."""
        return self.data_type in _TEXT

    @property
    def kind(self) -> tuple[str, str, str]:
        """What has to be alike for a value to be the same in another table."""
        return self.name.lower(), self.type.lower(), self.collation


@dataclass(frozen=True, slots=True)
class Layout:
    """``key`` is the AUTO_INCREMENT column (PBXware's AcctId, documented), alone in the unique index ``index``."""

    table: str
    archive: str
    key: str
    index: str
    engine: str
    columns: tuple[Column, ...]

    @property
    def manifest(self) -> str:
        return f"{self.archive}_batches"


async def read_layout(db: Asks, table: str, archive: str, *, limit_s: float) -> Layout:
    """Raises UserError where the table cannot be archived row by row."""
    found = await db.rows("SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() "
                          "AND TABLE_NAME = %s AND TABLE_TYPE = 'BASE TABLE'", (table,), limit_s=limit_s)
    if not found or found[0][0] is None:
        raise refused(f"there is no table {table} that can be opened", "repair or restore it first")
    engine = str(found[0][0])
    if engine.lower() not in ENGINES:
        raise refused(f"the table {table} has the engine {engine}", "archive its rows by hand")
    told = await db.rows(_COLUMNS, (table,), limit_s=limit_s)
    columns = tuple(map(_column, told))
    if DATE not in {column.name.lower() for column in columns}:
        raise refused(f"the table {table} has no column {DATE}", "archive its rows by hand")
    counter = next((str(row[0]) for row in told if "auto_increment" in str(row[4]).lower()), None)
    unique = {str(column): str(index) for index, column in await db.rows(_KEYS, (table,), limit_s=limit_s)}
    if counter is None or counter not in unique:
        raise refused(f"the table {table} has no AUTO_INCREMENT column with a unique index",
                      "without one no row can be told from another; archive its rows by hand")
    await _nothing_hangs_on(db, table, limit_s)
    return Layout(table, archive, counter, unique[counter], engine, columns)


async def columns_of(db: Asks, table: str, *, limit_s: float) -> tuple[Column, ...]:
    """Empty where there is no such table."""
    return tuple(map(_column, await db.rows(_COLUMNS, (table,), limit_s=limit_s)))


async def _nothing_hangs_on(db: Asks, table: str, limit_s: float) -> None:
    """A trigger would do its work once more for each row, and a foreign key may delete rows of other tables."""
    if (await db.rows(_TRIGGERS, (table,), limit_s=limit_s))[0][0]:
        raise refused(f"the table {table} has a trigger on INSERT or DELETE, which would run for each moved row",
                      "have the client take it away for the time, or archive the rows by hand")
    if (await db.rows(_REFERENCES, (table,), limit_s=limit_s))[0][0]:
        raise refused(f"another table refers to {table} by a foreign key", "archive its rows by hand")


def refused(message: str, remedy: str) -> UserError:
    return UserError("archive_refused", message, remedy)


def _column(row: tuple[Any, ...]) -> Column:
    name, data_type, type_, collation, extra = map(str, row)
    generated = any(word in extra.lower().split() for word in ("virtual", "stored", "persistent", "generated"))
    return Column(name, data_type.lower(), type_, collation, generated)
