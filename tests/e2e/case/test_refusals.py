"""What keeps an upgrade of a real appliance from being launched: each refused in one sentence, nothing begun there."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tasks.model import event as e
from tasks.model.case import State, Step
from tasks.steps.case_site import Site as CaseSite
from tasks.steps.run_step import run_step
from tasks.steps.vps import serverware
from tasks.wire.profile_file import shipped_profiles
from tests.e2e.case.conftest import Site


async def refused(site: Site) -> str:
    """The upgrade is started; the engineer is told why it was not made, and releases the case afterwards."""
    case = await run_step(site.case_id, Step.UPGRADE, home=site.lab.home, store=site.store, now=site.now)
    assert case.state is State.NEEDS_ENGINEER and case.trouble is not None and case.launch is None
    assert case.trouble.resume is State.BACKED_UP
    site.say(e.Released(at=site.now(), by="eva", note="dealt with"))
    return case.trouble.reason


@contextmanager
def another_profile(site: Site) -> Iterator[None]:
    """The site's profile says something else than when the client agreed."""
    own = site.lab.home / "profiles/lab.yaml"
    own.parent.mkdir(mode=0o700, exist_ok=True)
    shipped = (shipped_profiles() / "lab.yaml").read_text()
    own.write_text(shipped.replace("promised_downtime_s: 40", "promised_downtime_s: 41"))
    try:
        yield
    finally:
        own.unlink()


async def test_each_guard_refuses_in_a_sentence_and_leaves_the_system_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.booked("SO-refused")
    case = await site.tend(State.BACKED_UP)
    assert case.backup is not None
    reached, clone_id = CaseSite.of(case, site.lab.home), case.backup.ref

    with another_profile(site):
        assert "the findings have changed since the plan was agreed; record the inspection" in await refused(site)

    monkeypatch.setattr("tasks.steps.guarded.CALLS_END", timedelta(0))
    site.call(seconds=20)
    assert "up and would be cut off; release the case when they have ended" in await refused(site)
    site.box.run("/opt/pbxware/sh/asterisk", "-rx", "channel request hangup all")

    async with serverware(reached) as client:
        await client.start(clone_id)
        assert "the machine could not be told: its VPS id is unknown" in await refused(site)
        await client.stop(clone_id)

        site.store.put_hold("ops", "a storm in the data centre")
        held = await run_step(site.case_id, Step.UPGRADE, home=site.lab.home, store=site.store, now=site.now)
        assert held.state is State.BACKED_UP and held.running is None
        site.store.lift_hold("ops")

        await client.delete_clone(await client.clone_ref(clone_id))
        assert f"the backup {clone_id} was not found where it should be; find it or take another" in await refused(site)

    assert "upgrade_launching" not in site.kinds()
    with pytest.raises(Exception, match=site.case_id):
        site.launches()
    assert "Asterisk 16." in site.asterisk()
