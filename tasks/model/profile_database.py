"""The profile's section ``database_health``, and what a release demands of the database server."""
from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, StringConstraints

from tasks.model.section import Section

Version = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+){0,3}$")]
# PBXware's documented columns of cdr; `did` is in some releases (observed).
CDR_COLUMNS = (
    "AcctId", "tenant", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "calldate",
    "duration", "billsec", "billamount", "disposition", "amaflags", "accountcode", "uniqueid", "userfield", "did",
)


class DatabaseHealth(Section):
    """Thresholds of the checks of the database. Names are compared without regard to case, as MySQL does."""

    cdr_columns: tuple[str, ...] = CDR_COLUMNS
    own_objects: tuple[str, ...] = ()           # patterns of views, triggers, … that PBXware ships itself
    count_limit_rows: int = Field(2_000_000, gt=0)      # so many index entries may be counted in one question
    long_statement_s: int = Field(60, gt=0)
    replica_lag_s: int = Field(300, gt=0)
    counter_used_fraction: float = Field(0.9, gt=0, le=1)
    fragmented_fraction: float = Field(0.5, gt=0, le=1)         # free within a table, in parts of its size
    fragmented_bytes: int = Field(1_000_000_000, ge=0)          # less than that is no matter
    supported_engines: tuple[str, ...] = ("InnoDB", "MyISAM", "Aria", "MEMORY")
    old_row_formats: tuple[str, ...] = ("Redundant", "Compact")         # InnoDB: index keys of at most 767 bytes


class DatabaseDemand(Section):
    """The oldest database servers with which a release works; None where any will do, or none is known."""

    mariadb_min: Version | None = None
    mysql_min: Version | None = None

    def least(self, server: str) -> tuple[str, str | None]:
        """The kind of ``server`` (its version as it writes it) and the least version of that kind."""
        mariadb = "mariadb" in server.lower()
        return ("MariaDB", self.mariadb_min) if mariadb else ("MySQL", self.mysql_min)


def numbers(version: str) -> tuple[int, ...]:
    """10.11.6-MariaDB-1 as (10, 11, 6), without the 5.5.5- that MariaDB puts before its version for old replicas.

    Empty for a version that does not begin with a number.
    """
    plain = re.sub(r"^5\.5\.5-(?=\d)", "", version)
    found = re.match(r"\d{1,4}(\.\d{1,4}){0,3}", plain)
    return tuple(map(int, found[0].split("."))) if found else ()
