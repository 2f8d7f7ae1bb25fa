"""The variables of the database server that an upgrade meets: modes, limits, folders, and whether it takes writes."""
from __future__ import annotations

from tasks.model.answer import Rows
from tasks.model.database_facts import DatabaseSettings
from tasks.model.fact import Declined, Known, Query, SqlFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import columns, integer, one_row, text

_NAMES = (
    "version_comment", "sql_mode", "read_only", "innodb_file_per_table", "innodb_buffer_pool_size", "max_connections",
    "datadir", "tmpdir", "character_set_server", "collation_server", "event_scheduler",
)
_ON = ("1", "ON", "YES", "TRUE")
_OFF = ("0", "OFF", "NO", "FALSE", "DISABLED", "NULL", "")
# MariaDB 12 and MySQL 8 have more values than on and off: each of them takes no writes of an ordinary login.
_READ_ONLY = (*_ON, "NO_LOCK", "NO_LOCK_NO_ADMIN")


def ask(profile: Profile, known: Known) -> Query | Declined:
    return Query("SELECT " + ", ".join(f"@@GLOBAL.{name} AS {name}" for name in _NAMES))


def parse(rows: Rows) -> DatabaseSettings:
    columns(rows, *_NAMES)
    row = one_row(rows)
    tmpdirs = tuple(part for part in text(row, "tmpdir").split(":") if part)
    if not text(row, "datadir") or not tmpdirs:
        raise Unreadable("expected the server's folders datadir and tmpdir, got none")
    return DatabaseSettings(
        comment=text(row, "version_comment"),
        sql_mode=frozenset(mode for mode in text(row, "sql_mode").split(",") if mode),
        read_only=_is(row, "read_only", _READ_ONLY),
        file_per_table=_is(row, "innodb_file_per_table", _ON),
        buffer_pool_bytes=integer(row, "innodb_buffer_pool_size"),
        max_connections=integer(row, "max_connections"),
        datadir=text(row, "datadir"),
        tmpdirs=tmpdirs,
        character_set=text(row, "character_set_server"),
        collation=text(row, "collation_server"),
        event_scheduler=_is(row, "event_scheduler", _ON),
    )


def _is(row: dict[str, str | int | float | None], name: str, yes: tuple[str, ...]) -> bool:
    value = text(row, name).upper()
    if value not in yes + _OFF:
        raise Unreadable(f"expected {name} to be on or off, got {value[:40]!r}")
    return value in yes


FACT = SqlFact("database_settings", DatabaseSettings, ask, parse)
