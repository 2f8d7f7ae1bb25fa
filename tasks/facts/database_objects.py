"""What the PBXware schema holds besides plain tables: triggers, events, routines, views, foreign keys and the like.

A login without the rights TRIGGER, EVENT and EXECUTE on the schema is shown none of the first three (MySQL and MariaDB
manuals), so the answer begins with the rights that it has.
"""
from __future__ import annotations

from tasks.model.answer import Rows
from tasks.model.database_facts import DatabaseObject, DatabaseObjects, ObjectKind
from tasks.model.fact import Declined, Known, Query, SqlFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import columns, text

_RIGHTS = ("TRIGGER", "EVENT", "EXECUTE")
_OWN = (
    "GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') "
    "AND PRIVILEGE_TYPE IN ('TRIGGER', 'EVENT', 'EXECUTE')"
)
_SQL = (
    "SELECT 'right' AS kind, PRIVILEGE_TYPE AS name, '' AS on_table "  # noqa: S608  (no value is set in by hand)
    f"FROM information_schema.USER_PRIVILEGES WHERE {_OWN} "
    "UNION SELECT 'right', PRIVILEGE_TYPE, '' FROM information_schema.SCHEMA_PRIVILEGES "
    f"WHERE %s LIKE TABLE_SCHEMA AND {_OWN} "
    "UNION ALL SELECT 'trigger', TRIGGER_NAME, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS "
    "WHERE TRIGGER_SCHEMA = %s "
    "UNION ALL SELECT 'event', EVENT_NAME, '' FROM information_schema.EVENTS WHERE EVENT_SCHEMA = %s "
    "UNION ALL SELECT 'routine', ROUTINE_NAME, '' FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = %s "
    "UNION ALL SELECT 'view', TABLE_NAME, '' FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = %s AND TABLE_TYPE = 'VIEW' "
    "UNION ALL SELECT 'foreign_key', CONSTRAINT_NAME, TABLE_NAME FROM information_schema.TABLE_CONSTRAINTS "
    "WHERE TABLE_SCHEMA = %s AND CONSTRAINT_TYPE = 'FOREIGN KEY' "
    "UNION ALL SELECT 'generated_column', COLUMN_NAME, TABLE_NAME FROM information_schema.COLUMNS "
    "WHERE TABLE_SCHEMA = %s AND (EXTRA LIKE '%%VIRTUAL%%' OR EXTRA LIKE '%%STORED%%' OR EXTRA LIKE '%%PERSISTENT%%') "
    "LIMIT 5000"
)


def ask(profile: Profile, known: Known) -> Query | Declined:
    return Query(_SQL, (profile.database.name,) * 7)


def parse(rows: Rows) -> DatabaseObjects:
    told = columns(rows, "kind", "name", "on_table")
    rights = {text(row, "name") for row in told if row["kind"] == "right"}
    if missing := [right for right in _RIGHTS if right not in rights]:
        raise Unreadable(f"expected a login that sees triggers, events and routines; it lacks {missing[0]}")
    kinds = {kind.value: kind for kind in ObjectKind}
    found = []
    for row in told:
        kind = text(row, "kind")
        if kind in kinds:
            found.append(DatabaseObject(kinds[kind], text(row, "name"), text(row, "on_table")))
        elif kind != "right":
            raise Unreadable(f"expected a kind of object, got {kind[:40]!r}")
    return DatabaseObjects(tuple(sorted(found, key=lambda one: (one.kind, one.table, one.name))))


FACT = SqlFact("database_objects", DatabaseObjects, ask, parse)
