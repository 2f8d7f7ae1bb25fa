"""Visit a batch of systems and append what they answered to the sweep's folder.

One task run for 25 to 100 systems: a task run per system would cost more than the visit (see docs/performance.md).
One system's failure is a recording that says so, never an exception.
"""
from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.model.answer import Contact, ContactState, Recording
from tasks.model.errors import UserError
from tasks.model.profile import Profile
from tasks.model.sweep import SweepOptions, Target
from tasks.wire.credentials import Credentials
from tasks.wire.home import Home
from tasks.wire.known_hosts import KnownHosts
from tasks.wire.names import look_up_at_once
from tasks.wire.ssh import Login
from tasks.wire.sweep_folder import Appender
from tasks.wire.visit import visit

on_visited: ContextVar[Callable[[Recording], None] | None] = ContextVar("on_visited", default=None)
"""Called after each visit, for a progress bar in the same process."""


@dataclass(frozen=True)
class Visitor:
    """What every visit of a sweep shares: the operator's keys, the profiles, the limits and one gate for all shards."""

    options: SweepOptions
    profiles: dict[str, Profile]
    credentials: Credentials
    known_hosts: KnownHosts
    gate: asyncio.Semaphore

    @classmethod
    def open(cls, options: SweepOptions, profiles: dict[str, Profile], home: Path) -> Visitor:
        """Call it in the loop that will visit."""
        place = Home(home)
        look_up_at_once(options.concurrency)
        return cls(
            options=options,
            profiles=profiles,
            credentials=Credentials.load(place.credentials),
            known_hosts=KnownHosts.load(place.known_hosts),
            gate=asyncio.Semaphore(options.concurrency),
        )

    async def visit(self, target: Target) -> Recording:
        """Visit one system; a credential that cannot be used is that system's contact, not the sweep's end."""
        system = target.system
        async with self.gate:
            try:
                trusted = self.known_hosts.trusted_keys(system.ssh.host, system.ssh.port)
                login = Login.of(self.credentials.resolve(system.ssh.credential), trusted)
            except UserError as error:
                return _no_login(system.id, error)
            return await visit(
                system,
                self.profiles[target.profile],
                login,
                limits=self.options.limits,
                mysql=self.options.mysql,
                now=lambda: datetime.now(UTC),
            )


@task(task_run_name="inspect-{first}-to-{last}", cache_policy=NO_CACHE, persist_result=False, retries=0)
async def inspect_batch(
    visitor: Visitor, targets: tuple[Target, ...], appender: Appender, first: str, last: str
) -> int:
    """Visit the systems at once, as many as the gate lets through; returns how many were reached."""

    async def one(target: Target) -> bool:
        recording = await visitor.visit(target)
        appender.append(recording)
        if (told := on_visited.get()) is not None:
            told(recording)
        return recording.contact.state is ContactState.REACHED

    return sum(await asyncio.gather(*map(one, targets)))


def _no_login(system_id: str, error: UserError) -> Recording:
    contact = Contact(state=ContactState.NO_CREDENTIAL, detail=f"{error.message}; {error.remedy}")
    return Recording(system_id=system_id, started_at=datetime.now(UTC), elapsed_s=0.0, contact=contact)
