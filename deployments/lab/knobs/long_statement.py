"""A rebuild of a table has waited for minutes, because another session holds that table."""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob

_CLIENT = "mariadb --no-defaults -uroot -S /run/mysqld/mysqld.sock pbxware"


def running(appliance: Appliance) -> None:
    """The lab is not made to wait a minute: the profile's threshold of this system is a second.

    One session holds a read lock on a small table, another's ALTER waits behind it, as behind a dump.
    """
    appliance.start(f"{_CLIENT} -e 'LOCK TABLES voicemail READ; SELECT SLEEP(1000000)'")
    appliance.start(
        f"sleep 1; {_CLIENT} -e 'SET SESSION lock_wait_timeout = 1000000; ALTER TABLE voicemail ENGINE=InnoDB'"
    )


KNOB = Knob(
    found_by="long_statement_running",
    entry={"overrides": {"database_health": {"long_statement_s": 1}}},
    running=running,
)
