"""A look at a system from inside and outside, before or after a change: a small snapshot and one echo call."""
from __future__ import annotations

import asyncio

from tasks.analysis.signs import SIGNS, read
from tasks.model.answer import Answer, Silence, Why
from tasks.model.call import CallResult
from tasks.model.fact import Known
from tasks.model.finding import Frozen
from tasks.model.snapshot import Snapshot, snapshot
from tasks.model.sweep import Limits
from tasks.rules.known import known_from
from tasks.steps.case_site import Site
from tasks.steps.work import Clock
from tasks.wire.echo_call import echo_call
from tasks.wire.shell import Question
from tasks.wire.shell_channel import ask_all
from tasks.wire.sip.caller import place
from tasks.wire.ssh import NoContact
from tasks.wire.visit import visit

_SIGNS_S = 60.0
_MAX_BYTES = 4_000_000


class Look(Frozen):
    """``call`` is None where the client has given no extension for tests."""

    snapshot: Snapshot
    call: CallResult | None


async def look(site: Site, now: Clock, known: Known | None = None) -> Look:
    """Never raises for what the system does. ``known``: facts that were read a moment ago, else they are read."""
    if known is None:
        recording = await visit(site.system, site.profile, site.login(), limits=Limits(), now=now)
        known = known_from(recording)
    told = await _signs(site)
    seen = {area: read(area, told.get(area.value, _nothing("it was not asked"))) for area in SIGNS}
    return Look(snapshot=snapshot(known, now(), seen), call=await call(site))


async def call(site: Site) -> CallResult | None:
    plan = await asyncio.to_thread(echo_call, site.home, site.system)
    return None if plan is None else await place(plan)


async def _signs(site: Site) -> dict[str, Answer | Silence]:
    questions = tuple(Question(area.value, sign.ask(site.profile), sign.limit_s) for area, sign in SIGNS.items())
    told: dict[str, Answer | Silence] = {}
    try:
        async with site.connected() as connection:
            until = asyncio.get_running_loop().time() + _SIGNS_S
            await ask_all(connection, questions, told, until=until, max_bytes=_MAX_BYTES)
    except NoContact as error:
        return {question.name: _nothing(str(error)) for question in questions}
    return told


def _nothing(reason: str) -> Silence:
    return Silence(why=Why.NOT_ASKED, detail=reason)
