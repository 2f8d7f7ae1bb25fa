"""The tables of the case database. ``migrations/`` makes them; a test holds the two together on every server.

Ids compare byte by byte everywhere: two orders that differ in case are two orders.
"""
from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

from tasks.wire.store.columns import LongBytes, LongText, UtcTime

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_nopad_bin",
    "mariadb_engine": "InnoDB", "mariadb_charset": "utf8mb4", "mariadb_collate": "utf8mb4_nopad_bin",
}
Number = BigInteger().with_variant(Integer(), "sqlite")      # SQLite counts up only INTEGER keys
metadata = MetaData(naming_convention={
    "pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "ix": "ix_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
})


def _of_case(nullable: bool = False) -> Column[str]:
    return Column("case_id", String(40), ForeignKey("cases.id"), nullable=nullable, index=True)


cases = Table(
    "cases", metadata,
    Column("id", String(40), primary_key=True),
    Column("order_ref", String(190), nullable=False),
    Column("system_id", String(64), nullable=False, index=True),
    Column("state", String(20), nullable=False, index=True),
    Column("plan_revision", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),      # compared and set with every change
    Column("entries", BigInteger, nullable=False),      # of its journal, so that a cut journal shows
    Column("head", String(64), nullable=False),         # digest of the newest entry
    Column("document", LongText, nullable=False),       # the whole case as canonical JSON
    Column("changed_at", UtcTime, nullable=False),
    UniqueConstraint("order_ref"),
    **OPTIONS,
)

journal = Table(
    "journal", metadata,
    Column("case_id", String(40), ForeignKey("cases.id"), nullable=False),
    Column("number", BigInteger, nullable=False, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("who", String(200), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("body", LongText, nullable=False),
    Column("case_digest", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    PrimaryKeyConstraint("case_id", "number"),
    **OPTIONS,
)

approvals = Table(
    "approvals", metadata,
    Column("id", Number, primary_key=True),
    _of_case(),
    Column("digest", String(64), nullable=False),
    Column("word", String(10), nullable=False),         # approved, declined, confirmed
    Column("who", String(200), nullable=False),
    Column("how", String(20), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("decisions", LongText, nullable=False),
    **OPTIONS,
)

waivers = Table(
    "waivers", metadata,
    Column("id", Number, primary_key=True),
    _of_case(),
    Column("check_id", String(100), nullable=False),
    Column("subject", LongText),
    Column("owner", String(200), nullable=False),
    Column("reason", LongText, nullable=False),
    Column("expires_on", Date, nullable=False),
    Column("at", UtcTime, nullable=False),
    **OPTIONS,
)

overrides = Table(
    "overrides", metadata,
    Column("id", Number, primary_key=True),
    _of_case(),
    Column("guard", String(20), nullable=False),
    Column("who", String(200), nullable=False),
    Column("reason", LongText, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("plan_revision", Integer, nullable=False),
    **OPTIONS,
)

step_runs = Table(
    "step_runs", metadata,
    Column("key", String(120), primary_key=True),       # {case_id}:{step}:{plan_revision}:{attempt}
    _of_case(),
    Column("step", String(20), nullable=False),
    Column("plan_revision", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("end", String(10)),
    **OPTIONS,
)

leases = Table(
    "leases", metadata,
    Column("resource", String(190), primary_key=True),
    Column("token", BigInteger, nullable=False),        # only ever grows; the row is never deleted
    Column("holder", String(200)),                      # None: free
    Column("acquired_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    **OPTIONS,
)

outbox = Table(
    "outbox", metadata,
    Column("id", Number, primary_key=True),
    Column("message_id", String(250), nullable=False),
    _of_case(nullable=True),
    Column("channel", String(20), nullable=False),
    Column("recipients", LongText, nullable=False),
    Column("payload", LongBytes, nullable=False),
    Column("state", String(10), nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("not_before", UtcTime),
    Column("claimed_by", String(200)),
    Column("claimed_at", UtcTime),
    Column("sent_at", UtcTime),
    Column("detail", LongText, nullable=False),
    UniqueConstraint("message_id"),
    **OPTIONS,
)

holds = Table(
    "holds", metadata,
    Column("id", Number, primary_key=True),
    Column("who", String(200), nullable=False),
    Column("reason", LongText, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("lifted_by", String(200)),
    Column("lifted_at", UtcTime),
    **OPTIONS,
)

tickets = Table(
    "tickets", metadata,
    Column("desk", String(64), nullable=False),
    Column("ticket", String(20), nullable=False),
    _of_case(nullable=True),
    Column("outcome", String(40), nullable=False),
    Column("told", BigInteger, nullable=False),         # entries of the case's journal that were written back
    Column("seen_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("desk", "ticket"),
    **OPTIONS,
)

desks = Table(
    "desks", metadata,
    Column("desk", String(64), primary_key=True),
    Column("since", UtcTime, nullable=False),           # tickets changed before this were looked at
    **OPTIONS,
)

deliveries = Table(
    "deliveries", metadata,
    Column("source", String(64), nullable=False),
    Column("delivery", String(128), nullable=False),
    Column("digest", String(64), nullable=False),       # of its body: an id that comes with another body is refused
    Column("at", UtcTime, nullable=False),
    PrimaryKeyConstraint("source", "delivery"),
    **OPTIONS,
)

forms = Table(
    "forms", metadata,
    Column("nonce", String(64), primary_key=True),      # of a form of the client's page that was submitted
    _of_case(),
    Column("used_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),      # after this the form is refused anyway
    **OPTIONS,
)
