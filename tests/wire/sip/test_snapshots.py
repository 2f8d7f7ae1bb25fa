"""Snapshots of real PBXs: the same phones under another driver are the same, and a PBX that is down is not."""
from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from tasks.analysis.signs import SIGNS, read
from tasks.model.answer import Answer
from tasks.model.fact import Known
from tasks.model.profile import Profile
from tasks.model.snapshot import Area, Snapshot, snapshot
from tasks.rules.diff import AFTER_REVERT, AFTER_UPGRADE, AreaRule, diff
from tasks.wire.sip.caller import place
from tests.wire.sip.conftest import Pbx

PROFILE = Profile(name="lab")
RULES = {area: AFTER_UPGRADE[area] for area in SIGNS}


def look(pbx: Pbx) -> Snapshot:
    """Ask the appliance's own shell."""
    seen = {}
    for area, sign in SIGNS.items():
        said = pbx.box.run("sh", "-c", f"export PATH=$PATH:/usr/sbin; {sign.ask(PROFILE)}; true")
        seen[area] = read(area, Answer(exit_code=0, stdout=said))
    return snapshot(Known(), datetime.now(UTC), seen)


async def look_with_a_phone(pbx: Pbx) -> Snapshot:
    """While extension 103 is registered: no test kills a caller that has registered as it."""
    calling = asyncio.create_task(place(pbx.plan(account=pbx.account("103"), talk_s=2.5)))
    try:
        await asyncio.to_thread(_wait_for_channel, pbx)
        return await asyncio.to_thread(look, pbx)
    finally:
        assert (await calling).ok


async def test_the_same_phones_under_chan_sip_and_pjsip_are_the_same(sip16: Pbx, sip22: Pbx) -> None:
    before, after = await look_with_a_phone(sip16), await look_with_a_phone(sip22)
    registered = before.of(Area.REGISTERED)
    assert registered is not None and registered["103"] == "registered" and "trunk" in registered
    assert before.of(Area.SERVICES) == {"asterisk": "running", "database": "running", "ssh": "running"}
    ports = before.of(Area.PORTS)
    assert ports is not None and ports["5060/udp"] == "asterisk" and ports["2020/tcp"] == "sshd"
    found = diff(before, after, RULES | {Area.REGISTERED: AreaRule(ignored=("101", "102"))})
    assert found.passed, found.changes


async def test_a_phone_that_does_not_come_back_is_named(sip22: Pbx) -> None:
    before = await look_with_a_phone(sip22)
    found = diff(before, await asyncio.to_thread(look, sip22), RULES)
    assert [str(change) for change in found.changes] == ["registered 103 is missing"]


async def test_a_pbx_that_is_down_fails_the_diff_in_every_way_that_it_can(sip22: Pbx) -> None:
    before = look(sip22)
    sip22.box.run("/opt/pbxware/sh/pbxware", "stop")
    try:
        found = diff(before, look(sip22), RULES)
    finally:
        sip22.box.run("/opt/pbxware/sh/pbxware", "start")
    assert [area.area for area in found.undetermined] == [Area.REGISTERED]
    told = {str(change) for change in found.changes}
    assert {"ports 5060/udp is missing", "services asterisk is missing"} <= told


async def test_a_lost_execute_bit_and_a_changed_setting_are_seen_after_a_revert(sip22: Pbx) -> None:
    script = sip22.record.rootfs(sip22.layout) / "script/night.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    before = look(sip22)
    script.chmod(0o644)
    try:
        sip22.rewrite("rtp.conf", lambda text: text + "; touched\n")
        found = diff(before, look(sip22), {Area.CONFIGURATION: AFTER_REVERT[Area.CONFIGURATION]})
    finally:
        script.unlink()
    assert [Path(change.name).name for change in found.changes] == ["rtp.conf", "night.sh"]


def _wait_for_channel(pbx: Pbx) -> None:
    for _ in range(100):
        if pbx.channels():
            return
    raise AssertionError("no call came up")
