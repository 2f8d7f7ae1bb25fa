"""The sources from which this server replicates, and whether it still does. No row: it is no replica.

MariaDB can have several sources; MySQL 8.0.22 renamed the statement, and 8.4 no longer knows the old one. Of the answer
only states and numbers are read: the rest names logins and repeats statements.
"""
from __future__ import annotations

from tasks.model.answer import Cell, Rows
from tasks.model.database_facts import ReplicaChannel, Replication
from tasks.model.fact import Declined, Known, Query, SqlFact, Unknown, Unreadable
from tasks.model.facts import DatabaseServer
from tasks.model.profile import Profile
from tasks.model.profile_database import numbers
from tasks.model.reading import integer, text

_RENAMED = (8, 0, 22)
_KEEP = frozenset({
    "Connection_name", "Channel_Name", "Slave_IO_Running", "Slave_SQL_Running", "Seconds_Behind_Master",
    "Replica_IO_Running", "Replica_SQL_Running", "Seconds_Behind_Source", "Last_IO_Errno", "Last_SQL_Errno",
})


def ask(profile: Profile, known: Known) -> Query | Declined:
    server = known.get(DatabaseServer)
    if isinstance(server, Unknown):
        return Declined(f"the kind of the database server is not known: {server.reason}")
    if "mariadb" in server.version.lower():
        return Query("SHOW ALL SLAVES STATUS", keep=_KEEP)
    renamed = numbers(server.version) >= _RENAMED
    return Query("SHOW REPLICA STATUS" if renamed else "SHOW SLAVE STATUS", keep=_KEEP)


def parse(rows: Rows) -> Replication:
    if rows.rows and not {"Slave_IO_Running", "Replica_IO_Running"} & set(rows.columns):
        raise Unreadable(f"expected the state of replication, got {', '.join(rows.columns) or 'nothing'}")
    return Replication(tuple(map(_channel, rows.dicts())))


def _channel(row: dict[str, Cell]) -> ReplicaChannel:
    def either(old: str, new: str) -> str:
        return old if old in row else new

    lag = either("Seconds_Behind_Master", "Seconds_Behind_Source")
    return ReplicaChannel(
        name=text(row, either("Connection_name", "Channel_Name")),
        io_running=text(row, either("Slave_IO_Running", "Replica_IO_Running")) == "Yes",
        sql_running=text(row, either("Slave_SQL_Running", "Replica_SQL_Running")) == "Yes",
        lag_s=None if row.get(lag) is None else integer(row, lag),
        error=integer(row, "Last_SQL_Errno") or integer(row, "Last_IO_Errno"),
    )


FACT = SqlFact("replication", Replication, ask, parse, after=(DatabaseServer,))
