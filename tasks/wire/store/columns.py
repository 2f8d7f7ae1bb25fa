"""Column types that mean the same on SQLite, PostgreSQL and MariaDB."""
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, LargeBinary, Text, TypeDecorator
from sqlalchemy.dialects.mysql import DATETIME, LONGBLOB, LONGTEXT

LongText = Text().with_variant(LONGTEXT(), "mysql", "mariadb")          # plain TEXT there ends at 64 KB
LongBytes = LargeBinary().with_variant(LONGBLOB(), "mysql", "mariadb")


class UtcTime(TypeDecorator[datetime]):
    """An instant in UTC with microseconds; always with its zone in Python. A naive time is refused on writing."""

    impl = DateTime(timezone=True).with_variant(DATETIME(fsp=6), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone is not kept; give it one")
        in_utc = value.astimezone(UTC)
        return in_utc if dialect.name == "postgresql" else in_utc.replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        found: datetime = value
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
