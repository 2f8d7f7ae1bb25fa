"""The appliance's database as SQL: the pbxware schema, the vendor's table of calls, and the calls themselves.

The calls are made by the appliance's own server, out of MariaDB's SEQUENCE engine: no row crosses a wire.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deployments.lab.render import render
from deployments.lab.rhythm import Hour
from deployments.lab.spec import Cdr, Engine


@dataclass(frozen=True)
class Calls:
    """The table of calls, and what calls look like on this appliance."""

    table: Cdr
    multi_tenant: bool = False
    technology: str = "SIP"                 # of the channel names: SIP or PJSIP
    userfield_bytes: int = 0                # what a site's own dialplan writes beside each call


@dataclass(frozen=True)
class Chunk:
    """Statements that belong together, and how many calls there are in the table after them."""

    sql: str
    rows_done: int


def schema(calls: Calls, foreign_tables: bool = False) -> str:
    """Statements that make the pbxware schema with an empty ``cdr``."""
    table = calls.table
    parts = [render("pbxware.sql.j2"), render(
        "cdr.sql.j2", engine=table.engine.value, calldate_index=table.calldate_index, did_column=table.did_column
    )]
    if foreign_tables:
        parts.append(render("fop2.sql.j2"))
    return "\n".join(parts)


def account(user: str, password: str) -> str:
    """Statements that give ``user`` the pbxware schema, and sight of the server's processes and replication.

    Holds the password: only ever sent on standard input.
    """
    quoted = "'" + password.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return (
        f"CREATE OR REPLACE USER {user}@'%' IDENTIFIED BY {quoted};\nGRANT ALL ON pbxware.* TO {user}@'%';\n"
        f"GRANT PROCESS, BINLOG MONITOR, SLAVE MONITOR ON *.* TO {user}@'%';\n"
    )


def seeding(calls: Calls, hours: list[Hour]) -> Iterator[Chunk]:
    """The statements that fill ``cdr`` with the calls of ``hours``, in chunks that a progress bar can show."""
    rows = sum(hour.calls for hour in hours)
    indexed_later = calls.table.engine is not Engine.INNODB
    yield Chunk(_before(indexed_later, rows), 0)
    done = 0
    for portion in _portions(hours, max(25_000, rows // 24)):
        done += sum(hour.calls for hour in portion)
        sql = render(
            "calls.sql.j2", hours=portion, did_column=calls.table.did_column, multi_tenant=calls.multi_tenant,
            technology=calls.technology, userfield_bytes=calls.userfield_bytes,
        )
        yield Chunk(sql, done)
    yield Chunk(_after(indexed_later), done)


def _before(indexed_later: bool, rows: int) -> str:
    lines = ["USE pbxware;", "SET SESSION join_cache_level = 0;"]
    if indexed_later:
        # Building the indexes at the end by sorting is several times faster than row by row.
        lines += [
            "SET SESSION myisam_sort_buffer_size = 268435456;", "SET SESSION aria_sort_buffer_size = 268435456;",
            "ALTER TABLE cdr DISABLE KEYS;",
        ]
    else:
        lines += ["SET GLOBAL innodb_flush_log_at_trx_commit = 0;", "SET SESSION unique_checks = 0;"]
    if not indexed_later and rows > 300_000:
        lines.append("SET GLOBAL innodb_buffer_pool_size = 536870912;")
    lines.append(
        "CREATE TEMPORARY TABLE seed_hours (starts_at datetime NOT NULL, length_s int NOT NULL, "
        "first_id bigint NOT NULL, calls int NOT NULL) ENGINE=Aria;"
    )
    return "\n".join(lines)


def _after(indexed_later: bool) -> str:
    lines = ["ALTER TABLE cdr ENABLE KEYS;"] if indexed_later else ["SET GLOBAL innodb_flush_log_at_trx_commit = 1;"]
    return "\n".join([*lines, "DROP TEMPORARY TABLE seed_hours;", "ANALYZE TABLE cdr;"])


def _portions(hours: list[Hour], size: int) -> Iterator[list[Hour]]:
    portion: list[Hour] = []
    calls = 0
    for hour in hours:
        portion.append(hour)
        calls += hour.calls
        if calls >= size:
            yield portion
            portion, calls = [], 0
    if portion:
        yield portion
