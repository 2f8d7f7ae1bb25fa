"""The database server: version, where its files lie, and its clock, in whose zone ``calldate`` is written."""
from __future__ import annotations

from tasks.model.answer import Rows
from tasks.model.fact import Declined, Known, Query, SqlFact, Unreadable
from tasks.model.facts import DatabaseServer
from tasks.model.profile import Profile
from tasks.model.reading import integer, moment, offset, one_row, text

_SQL = (
    "SELECT VERSION() AS version, @@datadir AS datadir, NOW() AS clock, "
    "TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()) AS utc_offset_s"
)


def ask(profile: Profile, known: Known) -> Query | Declined:
    return Query(_SQL)


def parse(rows: Rows) -> DatabaseServer:
    row = one_row(rows)
    clock, version = moment(row, "clock"), text(row, "version")
    if clock is None or not version:
        raise Unreadable("expected the server's version and clock, got none")
    # both clocks are read in one statement, and zones lie on quarter hours
    utc_offset_s = round(integer(row, "utc_offset_s") / 900) * 900
    return DatabaseServer(version, text(row, "datadir"), offset(utc_offset_s), clock)


FACT = SqlFact("database_server", DatabaseServer, ask, parse)
