"""Questions to the database: what both a read-only session and a run that writes can be asked."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from tasks.model.answer import Silence
from tasks.model.errors import UserError
from tasks.model.fact import Query
from tasks.wire.mysql import Session


class Asks(Protocol):
    async def rows(
        self, sql: str, parameters: Sequence[str | int] = (), *, limit_s: float
    ) -> tuple[tuple[Any, ...], ...]: ...


class Reading:
    """A read-only session. Raises UserError for whatever it did not answer."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def rows(
        self, sql: str, parameters: Sequence[str | int] = (), *, limit_s: float
    ) -> tuple[tuple[Any, ...], ...]:
        text = sql if parameters else sql.replace("%%", "%")
        told = await self._session.ask(Query(text, tuple(parameters)), limit_s)
        if isinstance(told, Silence):
            raise UserError("archive_not_measured", told.detail, "")
        return told.rows
