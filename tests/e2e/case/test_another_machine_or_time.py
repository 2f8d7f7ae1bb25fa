"""Another machine at the address, another time on its clock, an old backup, a window that was moved: not launched."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path

import asyncssh
import pytest

from tasks.model import event as e
from tasks.model.case import Case, How, State, Step
from tasks.model.window import Window
from tasks.rules.lifecycle import Due, NeedsPerson, next_step
from tasks.steps.run_step import run_step
from tests.e2e.case.conftest import Site
from tests.e2e.case.test_refusals import refused

# The listener of the appliance reads its host key again.
_HUP = (
    "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '^sshd: .*listener' && "
    "kill -HUP ${p#/proc/}; done; true"
)


async def upgrade_run(site: Site) -> Case:
    return await run_step(site.case_id, Step.UPGRADE, home=site.lab.home, store=site.store, now=site.now)


@contextmanager
def written(path: Path, text: str, mode: int = 0o644) -> Iterator[None]:
    """Another content for as long as it lasts."""
    before = path.read_bytes() if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    try:
        yield
    finally:
        path.unlink() if before is None else path.write_bytes(before)


async def test_a_machine_that_is_not_the_one_that_was_inspected_is_left_alone(site: Site) -> None:
    await site.booked("SO-other")
    await site.tend(State.BACKED_UP)
    rootfs = site.box.rootfs

    with written(rootfs / "etc/machine-id", "0" * 32 + "\n"):
        assert f"another machine answers: its machine id is {'0' * 32}" in await refused(site)

    with written(rootfs / "usr/local/bin/date", '#!/bin/sh\nexec /bin/date -d "+5 min" "$@"\n', 0o755):
        said = await refused(site)
        assert "the system's clock is off by 300 s; set it right" in said or "off by 299 s; set it right" in said

    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    with written(rootfs / "etc/ssh/ssh_host_ed25519_key", other, 0o600):
        site.box.run("sh", "-c", _HUP)
        assert "another machine answers: its host key is SHA256:" in await refused(site)
    site.box.run("sh", "-c", _HUP)

    assert "upgrade_launching" not in site.kinds() and "Asterisk 16." in site.asterisk()


async def test_a_backup_that_is_older_than_a_day_when_the_window_opens_is_not_relied_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Site.booked.__globals__, "AHEAD", timedelta(hours=30))
    await site.booked("SO-old")
    await site.tend(State.BACKED_UP)
    said = await refused(site)
    assert "UTC is too old; take another" in said and "upgrade_launching" not in site.kinds()


async def test_a_postponed_case_is_upgraded_in_its_new_window_and_only_then(site: Site) -> None:
    await site.booked("SO-postponed")
    await site.tend(State.BACKED_UP)
    site.say(e.Postponed(at=site.now(), by="eva", reason="the client is closed that day"))
    assert (await upgrade_run(site)).state is State.POSTPONED       # the run that was scheduled comes all the same

    case, start = site.case, (site.now() + timedelta(hours=3)).astimezone(UTC).replace(microsecond=0, tzinfo=None)
    assert case.plan is not None
    window = Window.at_local(start, "UTC", duration_s=7200, needs_s=case.plan.estimate_s)
    site.say(e.Proposed(at=site.now(), by="eva", slots=(window,)))
    site.say(e.Confirmed(at=site.now(), by="Ann", digest=case.plan.digest, window=window, how=How.MAIL))
    assert (await upgrade_run(site)).launch is None and "upgrade_launching" not in site.kinds()

    site.ahead = window.starts_at - site.store.now() + timedelta(seconds=1)
    await site.tend(State.TESTING)
    assert site.kinds().count("upgrade_launching") == 1
    assert site.box.run("cat", f"/var/lib/uplift/runs/{site.case_id}-2/launches").strip() == "1"
    await site.reverted()


async def test_nothing_begins_after_the_latest_start_of_the_window(site: Site) -> None:
    await site.booked("SO-closed")
    await site.tend(State.BACKED_UP)
    site.ahead += timedelta(hours=2)
    case = await upgrade_run(site)
    missed = [entry.body["reason"] for entry in site.store.journal(site.case_id) if entry.kind == "window_missed"]
    assert missed == ["the window was missed: its latest start passed before the upgrade was started"]
    what = next_step(case, site.now())
    assert isinstance(what, NeedsPerson) or (isinstance(what, Due) and what.step is Step.SCHEDULE), what
    assert case.plan_revision == 2 and "upgrade_launching" not in site.kinds()


async def test_nothing_begins_in_what_is_left_of_a_window_when_the_upgrade_needs_longer(site: Site) -> None:
    await site.booked("SO-short", needs_s=1)        # as if the system had grown since the window was agreed
    case = await site.tend(State.BACKED_UP)
    assert case.window is not None
    site.ahead = case.window.ends_at - case.needed() - site.store.now() + timedelta(seconds=2)
    assert site.now() < case.window.latest_start
    case = await upgrade_run(site)
    missed = [entry.body["reason"] for entry in site.store.journal(site.case_id) if entry.kind == "window_missed"]
    assert missed == ["the window was missed: what is left of it became too short before the upgrade was started"]
    assert "upgrade_launching" not in site.kinds() and case.launch is None and "Asterisk 16." in site.asterisk()
