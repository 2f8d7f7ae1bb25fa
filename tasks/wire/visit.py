"""One visit to one system: one login, one channel of shell questions, one database session. Reads, never judges."""
from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

import asyncssh

from tasks.facts import shell_facts, sql_facts
from tasks.model.answer import Answer, Contact, ContactState, Recording, Rows, Silence, Why
from tasks.model.fact import Declined, Known, SqlFact
from tasks.model.fleet import System
from tasks.model.profile import Profile
from tasks.model.sweep import Limits
from tasks.rules.known import told
from tasks.wire.known_hosts import fingerprint
from tasks.wire.mysql import CREDENTIALS, NoDatabase, credentials_question, read_credentials, session
from tasks.wire.shell import Question
from tasks.wire.shell_channel import ask_all
from tasks.wire.ssh import Login, NoContact, connect

_MOST_SESSIONS = 2              # a question that ends the database session costs only itself, once
_SHORTEST_S = 0.2
_TIME_OVER = "the time for this system was over before its turn"
_log = logging.getLogger(__name__)


async def visit(
    system: System,
    profile: Profile,
    login: Login,
    *,
    limits: Limits,
    mysql: bool = True,
    now: Callable[[], datetime],
) -> Recording:
    """Ask every fact of one system. Never raises for what a system does; what came before a stall is kept.

    Takes at most ``limits.total_s``. With ``mysql`` false the database is left alone.
    """
    notes = _Visit(system, profile, limits, mysql)
    started_at, begin = now(), _clock()
    try:
        async with asyncio.timeout(limits.total_s):
            await notes.make(login)
    except NoContact as refusal:
        notes.contact = refusal.contact
    except TimeoutError:
        pass                    # the gaps say so
    except Exception as error:  # a defect of ours, or a server that finds one in a library: it costs this system only
        _log.exception("the visit to %s failed", system.id)
        notes.broken_by(error)
    return notes.recording(started_at, _clock() - begin)


class _Visit:
    """What has been learnt so far, so that it is kept wherever the visit ends."""

    def __init__(self, system: System, profile: Profile, limits: Limits, mysql: bool) -> None:
        self._system = system
        self._profile = profile
        self._limits = limits
        self._mysql = mysql
        self._shell: dict[str, Answer | Silence] = {}
        self._sql: dict[str, Rows | Silence] = {}
        self._known: dict[type, Any] = {}
        self.contact = Contact(
            state=ContactState.TIMED_OUT, detail=f"it was not logged in to within {limits.total_s:g} s"
        )

    async def make(self, login: Login) -> None:
        async with connect(self._system, login, self._limits) as connection:
            key = connection.get_server_host_key()
            self.contact = Contact(state=ContactState.REACHED, host_key=fingerprint(key) if key else None)
            credentials = await self._ask_shell(connection)
            if self._mysql:
                try:
                    async with asyncio.timeout(self._limits.sql_s):
                        await self._ask_sql(connection, credentials)
                except TimeoutError:
                    pass        # the gaps say so

    async def _ask_shell(self, connection: asyncssh.SSHClientConnection) -> Answer | Silence:
        """Ask all shell facts; returns the answer about the database's login, which is kept nowhere."""
        try:
            await ask_all(
                connection,
                _questions(self._profile, self._mysql),
                self._shell,
                until=_clock() + self._limits.shell_s,
                max_bytes=self._limits.max_bytes,
            )
        finally:
            credentials = self._shell.pop(CREDENTIALS, Silence(why=Why.NOT_ASKED, detail=_TIME_OVER))
        if not any(isinstance(answer, Answer) for answer in self._shell.values()) and connection.is_closed():
            lost = {"state": ContactState.DROPPED, "detail": "the connection was lost after the login"}
            self.contact = self.contact.model_copy(update=lost)
        for fact in shell_facts():
            self._known[fact.of] = told(fact, self._shell[fact.name])
        return credentials

    async def _ask_sql(self, connection: asyncssh.SSHClientConnection, credentials: Answer | Silence) -> None:
        database = self._profile.database
        waiting = deque(sql_facts())
        last = Silence(why=Why.NOT_ASKED, detail="the database ended the session before its turn")
        try:
            login = read_credentials(credentials, database)
            until = _clock() + self._limits.sql_s
            for _ in range(_MOST_SESSIONS):
                async with session(connection, login, database.name, max_bytes=self._limits.max_bytes) as asking:
                    while waiting and not asking.lost:
                        fact = waiting.popleft()
                        answer = await self._ask_one(asking, fact, until - _clock())
                        self._sql[fact.name] = answer
                        self._known[fact.of] = told(fact, answer)
                if not waiting:
                    break
        except NoDatabase as refusal:
            last = refusal.silence
        for fact in waiting:
            self._sql[fact.name] = last

    async def _ask_one(self, asking: Any, fact: SqlFact[Any], left_s: float) -> Rows | Silence:
        query = fact.ask(self._profile, Known(self._known))
        if isinstance(query, Declined):
            return Silence(why=Why.DECLINED, detail=query.reason)
        if left_s < _SHORTEST_S:
            return Silence(why=Why.NOT_ASKED, detail=_TIME_OVER)
        answer: Rows | Silence = await asking.ask(query, min(fact.limit_s, left_s))
        return answer

    def broken_by(self, error: Exception) -> None:
        if self.contact.state is not ContactState.REACHED:
            detail = f"the login failed with {type(error).__name__}; the log has more"
            self.contact = Contact(state=ContactState.DROPPED, detail=detail)

    def recording(self, started_at: datetime, elapsed_s: float) -> Recording:
        """Facts without an answer say why; of a system that was not reached nothing is listed."""
        if self.contact.state is ContactState.REACHED:
            over = Silence(why=Why.NOT_ASKED, detail=_TIME_OVER)
            excluded = Silence(why=Why.EXCLUDED, detail="the sweep was asked to leave the database alone")
            for fact in shell_facts():
                self._shell.setdefault(fact.name, over)
            for sql_fact in sql_facts():
                self._sql.setdefault(sql_fact.name, over if self._mysql else excluded)
        return Recording(
            system_id=self._system.id,
            started_at=started_at,
            elapsed_s=round(elapsed_s, 3),
            contact=self.contact,
            shell=self._shell,
            sql=self._sql,
        )


def _questions(profile: Profile, mysql: bool) -> tuple[Question, ...]:
    """Quick questions first, so that a system that stalls has told the most."""
    facts = sorted(shell_facts(), key=lambda fact: (fact.name != "identity", fact.limit_s, fact.name))
    questions = [Question(fact.name, fact.ask(profile), fact.limit_s) for fact in facts]
    if mysql:
        questions.insert(1, credentials_question(profile))
    return tuple(questions)


def _clock() -> float:
    return asyncio.get_running_loop().time()
