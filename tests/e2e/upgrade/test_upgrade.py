"""An upgrade that goes well: Asterisk 16 with chan_sip becomes 22 with PJSIP, and nothing of the client's is lost."""
from __future__ import annotations

import asyncio
import re
from contextlib import aclosing, asynccontextmanager

import pytest

from deployments.lab.upgrade_faults import Fault, Stage, Trouble
from tasks.facts import shell_facts
from tasks.model.facts import CustomFiles, Platform, SipDrivers
from tasks.model.release import Release
from tasks.rules.known import told
from tasks.wire.shell import Question
from tasks.wire.shell_channel import ask_all
from tasks.wire.upgrader import follow, read_stages

pytestmark = pytest.mark.lab
RUN = "C-1:upgrade:1:1"
STAGES = ["unpack", "stop", "migrate", "convert", "swap", "start", "version"]
CALLS = "SELECT COUNT(*), MIN(AcctId), MAX(AcctId), " \
        "SUM(CRC32(CONCAT_WS('|', AcctId, src, dst, calldate, uniqueid))) FROM cdr"
OTHERS = "SELECT (SELECT COUNT(*) FROM extensions), (SELECT COUNT(*) FROM voicemail), " \
         "(SELECT COUNT(*) FROM queue_log), (SELECT GROUP_CONCAT(number ORDER BY number) FROM dids)"


async def test_a_clean_upgrade(appliance) -> None:
    others = appliance.sql(OTHERS)
    appliance.asterisk("database put uplift kept yes")
    assert appliance.asterisk("core show version").startswith("Asterisk 16.")
    assert (await appliance.call("600")).ok
    calls = int(appliance.sql("SELECT MAX(AcctId) FROM cdr"))
    before = appliance.sql(CALLS)
    facts_before = await facts(appliance)

    assert (await appliance.launch()).launches == 1
    ended = await appliance.until("exited")
    assert (ended.state.code, ended.state.stage) == (0, "version")
    seen = (await appliance.lifted()).evidence
    assert (seen.release, seen.schema_state, seen.fence) == (Release.parse("7.2.0"), "new", None)
    assert seen.asterisk is not None and seen.asterisk.startswith("22.")

    assert appliance.sql(f"{CALLS} WHERE AcctId <= {calls}") == before
    assert appliance.sql(OTHERS) == others
    assert appliance.asterisk("database get uplift kept") == "Value: yes"
    for number in ("600", "95550100"):
        result = await appliance.call(number)
        assert result.ok, result
    written = appliance.sql(f"SELECT dstchannel FROM cdr WHERE AcctId > {calls} AND dstchannel <> ''")
    assert written.startswith("PJSIP/trunk-")
    after = await facts(appliance)
    assert after[Platform].release == Release.parse("7.2.0")
    assert after[SipDrivers].chan_sip_peers == 0
    assert after[SipDrivers].pjsip_endpoints == facts_before[SipDrivers].chan_sip_peers
    assert {file.path for file in after[CustomFiles].files} == {file.path for file in facts_before[CustomFiles].files}
    assert "ERROR" not in appliance.box.run("cat", "/opt/pbxware/pw/var/log/asterisk/messages")


async def facts(appliance) -> dict[type, object]:
    """What the sweep's shell questions find; every one of them must have an answer that can be read."""
    asked = tuple(Question(fact.name, fact.ask(appliance.profile), fact.limit_s) for fact in shell_facts())
    answers: dict[str, object] = {}
    async with appliance.connect() as connection:
        await ask_all(connection, asked, answers, until=asyncio.get_running_loop().time() + 60, max_bytes=4_000_000)
    found = {fact.of: told(fact, answers[fact.name]) for fact in shell_facts()}
    assert all(isinstance(value, kind) for kind, value in found.items()), found
    return found


async def test_a_connection_cut_in_the_migration_changes_nothing_and_the_story_is_told_whole(appliance) -> None:
    appliance.faults(Fault(Stage.MIGRATE, Trouble.HALF))
    lines, connections = [], []

    @asynccontextmanager
    async def connect():
        async with appliance.connect() as connection:
            connections.append(connection)
            yield connection

    await appliance.launch()
    cut = False
    async with aclosing(follow(connect, appliance.profile, RUN, every_s=0.2)) as following:
        async for progress in following:
            lines += progress.lines
            if progress.status.state.kind == "running" and progress.status.state.stage == "migrate" and not cut:
                connections[-1].abort()
                cut = True
                appliance.clear()
    assert cut
    assert len(connections) >= 2
    assert (progress.status.state.kind, progress.status.state.code) == ("exited", 0)
    assert "\n".join(lines) + "\n" == appliance.log()
    async with aclosing(follow(appliance.connect, appliance.profile, RUN)) as again:
        assert [line async for progress in again for line in progress.lines] == lines
    async with appliance.connect() as connection:
        stages = await read_stages(connection, appliance.profile, RUN)
    assert [mark.stage for mark in stages] == STAGES
    assert appliance.starts() == 1


async def test_the_trunk_and_every_extension_are_moved_to_pjsip(appliance) -> None:
    await appliance.launch()
    await appliance.until("exited")
    endpoints = appliance.asterisk("pjsip show endpoints")
    assert {"101", "102", "103", "trunk"} == set(re.findall(r"Endpoint:  (\w+)", endpoints))
    shown = appliance.asterisk("pjsip show endpoint 101")
    assert re.search(r"allow\s+: \(ulaw\|alaw\|g722\)", shown)
    assert re.search(r"context\s+: from-internal", shown)
    assert (await appliance.call("600", user="103")).ok
