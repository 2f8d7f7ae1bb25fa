"""Statements of other sessions that have run for long: a rebuild, a dump, one that waits for a lock.

The process list shows a login without the PROCESS right its own statements only (MySQL and MariaDB manuals), so the
answer begins with whether it has that right. The statement's text is not asked for.
"""
from __future__ import annotations

from tasks.model.answer import Rows
from tasks.model.database_facts import RunningStatement, RunningStatements
from tasks.model.fact import Declined, Known, Query, SqlFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import columns, integer, text

_SQL = (
    "SELECT 'right' AS kind, PRIVILEGE_TYPE AS command, '' AS state, 0 AS elapsed_s "
    "FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'PROCESS' "
    "AND GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') "
    "UNION ALL SELECT 'statement', COMMAND, STATE, TIME FROM information_schema.PROCESSLIST "
    "WHERE ID <> CONNECTION_ID() AND COMMAND IN ('Query', 'Execute') AND TIME >= %s LIMIT 200"
)


def ask(profile: Profile, known: Known) -> Query | Declined:
    return Query(_SQL, (profile.database_health.long_statement_s,))


def parse(rows: Rows) -> RunningStatements:
    told = columns(rows, "kind", "command", "state", "elapsed_s")
    if all(row["kind"] != "right" for row in told):
        raise Unreadable("expected a login that sees all statements; give that of pbxware.ini the right PROCESS")
    return RunningStatements(tuple(
        RunningStatement(text(row, "command"), text(row, "state"), float(integer(row, "elapsed_s")))
        for row in told if row["kind"] == "statement"
    ))


FACT = SqlFact("running_statements", RunningStatements, ask, parse)
