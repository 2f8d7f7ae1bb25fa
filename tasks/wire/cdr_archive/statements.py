"""Every statement that moves calls, as text for one table. Ranges are keys: above the first, up to the second.

Where a value is compared or summed, it is by its bytes: under a collation 'a' equals 'A'.
"""
# ruff: noqa: S608  (only quoted identifiers are set in; values are bound)
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tasks.wire.cdr_archive.layout import DATE, Column, Layout

_EVERYTHING = 2**64 - 1         # a LIMIT keeps the server from evaluating a derived table's expression twice


@dataclass(frozen=True)
class Statements:
    layout: Layout

    # Parameters are told as (…) behind each statement; `old` rows are those before the cutoff.

    @property
    def create_archive(self) -> str:
        """Columns with their types, character sets and NULLs; no secondary index, no counter."""
        here = self.layout
        return (
            f"CREATE TABLE IF NOT EXISTS {name(here.archive)} (PRIMARY KEY ({name(here.key)})) ENGINE=InnoDB "
            f"COMMENT='old calls, moved by Uplift' SELECT {_list(here.columns)} FROM {name(here.table)} WHERE FALSE"
        )

    @property
    def create_manifest(self) -> str:
        return (
            f"CREATE TABLE IF NOT EXISTS {name(self.layout.manifest)} (lo DECIMAL(20,0) NOT NULL PRIMARY KEY, "
            "hi DECIMAL(20,0) NOT NULL, row_count INT NOT NULL, seal CHAR(32) NOT NULL, state VARCHAR(10) NOT NULL, "
            "cutoff VARCHAR(19) NOT NULL, changed_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP "
            "ON UPDATE CURRENT_TIMESTAMP) ENGINE=InnoDB DEFAULT CHARSET=ascii COMMENT='batches of the archived calls'"
        )

    @property
    def drop(self) -> tuple[str, str]:
        return f"DROP TABLE IF EXISTS {name(self.layout.archive)}", f"DROP TABLE IF EXISTS {name(self.layout.manifest)}"

    @property
    def batches(self) -> str:
        return f"SELECT lo, hi, row_count, seal, state, cutoff FROM {name(self.layout.manifest)} ORDER BY lo"

    @property
    def add_batch(self) -> str:
        """(lo, hi, rows, seal, state, cutoff)"""
        columns = "lo, hi, row_count, seal, state, cutoff"
        return f"INSERT INTO {name(self.layout.manifest)} ({columns}) VALUES (%s, %s, %s, %s, %s, %s)"

    @property
    def set_batch(self) -> str:
        """(rows, seal, state, lo)"""
        return f"UPDATE {name(self.layout.manifest)} SET row_count = %s, seal = %s, state = %s WHERE lo = %s"

    @property
    def ends(self) -> str:
        key = name(self.layout.key)
        return f"SELECT MIN({key}), MAX({key}) FROM {name(self.layout.table)}"

    @property
    def probe(self) -> str:
        """(cutoff, lo, top, limit): the last key of the next rows, how many they are and how many are old."""
        here = self.layout
        return (
            f"SELECT MAX(k), COUNT(*), COALESCE(SUM(d < %s), 0) FROM (SELECT {name(here.key)} AS k, {name(DATE)} AS d "
            f"FROM {name(here.table)} FORCE INDEX ({name(here.index)}) "
            f"WHERE {name(here.key)} > %s AND {name(here.key)} < %s ORDER BY {name(here.key)} LIMIT %s) AS next_rows"
        )

    @property
    def copy(self) -> str:
        """(lo, hi, cutoff)"""
        here, listed = self.layout, _list(self.layout.columns)
        return f"INSERT INTO {name(here.archive)} ({listed}) SELECT {listed} FROM {self._old_rows}"

    @property
    def seal_old(self) -> str:
        """(lo, hi, cutoff): count and checksum of the old rows that are still among the calls."""
        return self._seal(self._old_rows)

    @property
    def seal_archived(self) -> str:
        """(lo, hi)"""
        return self._seal(f"{name(self.layout.archive)} WHERE {self._range('')}")

    @property
    def delete(self) -> str:
        """(lo, hi): rows of which the archive has the identical twin. LOW_PRIORITY lets readers of MyISAM pass."""
        return f"DELETE LOW_PRIORITY c FROM {self._twins} AND {self._same}"

    @property
    def bite(self) -> str:
        """(lo, hi, limit): the last key of the next archived rows."""
        key = name(self.layout.key)
        return (f"SELECT MAX(k) FROM (SELECT {key} AS k FROM {name(self.layout.archive)} WHERE {self._range('')} "
                f"ORDER BY {key} LIMIT %s) AS next_rows")

    @property
    def in_both(self) -> str:
        """(lo, hi): how many keys stand in both tables."""
        return f"SELECT COUNT(*) FROM {self._twins}"

    @property
    def identical(self) -> str:
        """(lo, hi): how many rows stand in both tables, alike in every byte."""
        return f"SELECT COUNT(*) FROM {self._twins} AND {self._same}"

    @property
    def forget_stale(self) -> str:
        """(lo, hi): out of the archive goes what is still among the calls, where it is the truth."""
        return f"DELETE a FROM {self._twins}"

    @property
    def restore(self) -> str:
        """(lo, hi): archived rows whose key is not among the calls."""
        here, key = self.layout, name(self.layout.key)
        kept = [column for column in here.columns if not column.generated]
        return (
            f"INSERT INTO {name(here.table)} ({_list(kept)}) SELECT {_list(kept, 'a.')} FROM {name(here.archive)} AS a "
            f"LEFT JOIN {name(here.table)} AS c ON c.{key} = a.{key} WHERE {self._range('a.')} AND c.{key} IS NULL"
        )

    @property
    def _old_rows(self) -> str:
        here = self.layout
        return (f"{name(here.table)} FORCE INDEX ({name(here.index)}) WHERE {self._range('')} AND {name(DATE)} < %s")

    @property
    def _twins(self) -> str:
        here, key = self.layout, name(self.layout.key)
        return (f"{name(here.table)} AS c JOIN {name(here.archive)} AS a ON a.{key} = c.{key} "
                f"WHERE {self._range('a.')}")

    def _range(self, of: str) -> str:
        return f"{of}{name(self.layout.key)} > %s AND {of}{name(self.layout.key)} <= %s"

    @property
    def _same(self) -> str:
        return " AND ".join(
            f"{_bytes(column, 'c.')} <=> {_bytes(column, 'a.')}" for column in self.layout.columns
        )

    def _seal(self, rows: str) -> str:
        """128 bits: MD5 of each row, combined by XOR, which does not ask for an order. The key makes rows unlike."""
        values = ", ".join(f"QUOTE(CAST({_exact(column)} AS BINARY))" for column in self.layout.columns)
        halves = (f"COALESCE(BIT_XOR(CAST(CONV(SUBSTRING(h, {at}, 16), 16, 10) AS UNSIGNED)), 0)" for at in (1, 17))
        return (f"SELECT COUNT(*), {', '.join(halves)} FROM (SELECT MD5(CONCAT_WS(',', {values})) AS h FROM {rows} "
                f"LIMIT {_EVERYTHING}) AS sums")


def name(identifier: str) -> str:
    """Quoted, for the server and for the driver's placeholders."""
    return "`" + identifier.replace("`", "``").replace("%", "%%") + "`"


def _list(columns: Iterable[Column], of: str = "") -> str:
    return ", ".join(of + name(column.name) for column in columns)


def _bytes(column: Column, of: str) -> str:
    return f"CAST({of}{name(column.name)} AS BINARY)" if column.is_text else f"{of}{name(column.name)}"


def _exact(column: Column) -> str:
    """A FLOAT is written with six digits; the double of the same value with all of them."""
    return f"CAST({name(column.name)} AS DOUBLE)" if column.data_type == "float" else name(column.name)
