"""Test the upgraded system: one registration, one echo call with its tone, and what has changed since the baseline."""
from __future__ import annotations

import asyncio
from datetime import timedelta

from tasks.model.errors import UserError
from tasks.model.event import TestsFailed, TestsPassed
from tasks.model.finding import Frozen
from tasks.model.snapshot import Area, Snapshot
from tasks.rules.diff import SnapshotDiff, diff
from tasks.steps.case_site import Site
from tasks.steps.look import Look, look
from tasks.steps.upgrade import baseline_name
from tasks.steps.work import Work, sentence

WATCHED = timedelta(days=7)
_NAMED = 5


class Verified(Frozen):
    """What is kept of the tests in the case's folder."""

    after: Look
    diff: SnapshotDiff


async def verify(work: Work) -> TestsPassed | TestsFailed:
    """Raises UserError where nothing could be tested: that is neither good nor bad."""
    site = await asyncio.to_thread(Site.of, work.case, work.home)
    before = await asyncio.to_thread(work.folder.load, baseline_name(work), Look)
    after = await look(site, work.now)
    found = diff(before.snapshot, after.snapshot)
    kept = Verified(after=after, diff=found)
    await asyncio.to_thread(work.folder.save, f"verified-{work.case.plan_revision}", kept)
    by_hand = "test by hand and record it with `uplift case test`"
    if after.call is None:
        raise UserError("no_test_extension", "the client has given no extension for an echo call", by_hand)
    if after.call.undetermined:
        raise UserError("call_undetermined", after.call.summary, f"release the case to try again, or {by_hand}")
    wrong = _wrong_platform(work, site, after.snapshot)
    said = "; ".join([after.call.summary, *wrong, *_differences(found)])
    if after.call.ok and found.passed and not wrong:
        return TestsPassed(**work.reported(), summary=sentence(said), watch_until=work.now() + WATCHED)
    return TestsFailed(**work.reported(), summary=sentence(said))


def _wrong_platform(work: Work, site: Site, after: Snapshot) -> list[str]:
    """What runs otherwise than the target says: the release, and the Asterisk that the profile names for it."""
    things = after.of(Area.PLATFORM) or {}
    majors = [entry.asterisk_major for entry in site.profile.releases if entry.version == work.case.target]
    wanted = f"{majors[0]}." if majors and majors[0] is not None else ""
    wrong = [f"release {things.get('release')} runs"] if things.get("release") != str(work.case.target) else []
    asterisk = str(things.get("asterisk"))
    return wrong if asterisk.startswith(wanted) else [*wrong, f"Asterisk {asterisk} runs"]


def _differences(found: SnapshotDiff) -> list[str]:
    """The first of what is otherwise than it may be, and what could not be told."""
    changes = [str(change) for change in found.changes]
    more = [f"{len(changes) - _NAMED} more"] if len(changes) > _NAMED else []
    return changes[:_NAMED] + more + [area.summary for area in found.undetermined]
