"""The swarm's telephony as the checks see it: each trouble is found, is rare, and nothing of it is unknown."""
from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from deployments.lab.spec import SwarmDatabase
from deployments.lab.swarm import says_asterisk
from deployments.lab.swarm.answers import Speaker
from deployments.lab.swarm.draw import draw
from deployments.lab.swarm.says_asterisk import TROUBLES, troubles
from deployments.lab.swarm.traits import Traits
from tasks.checks import all_checks
from tasks.facts import shell_facts
from tasks.model.answer import Contact, ContactState, Recording
from tasks.model.asterisk_facts import Registrations
from tasks.model.fact import Known
from tasks.model.facts import SipDriver, SipDrivers
from tasks.model.finding import Finding, Outcome
from tasks.model.fleet import System
from tasks.model.profile import Profile
from tasks.model.release import Release
from tasks.rules.judge import judge

DATABASE = SwarmDatabase("small", "127.23.0.1", 3306, "pbxware", "secret")
SYSTEMS = [draw(1, number) for number in range(1, 1001)]
FOUND_BY = {
    "trunk_silent": "trunk_down", "registration_rejected": "trunk_down", "nobody": "nobody_registered",
    "unreachable": "unreachable_extensions", "busy": "calls_up", "stuck": "stuck_channel", "mgcp": "dropped_modules",
    "declined": "modules_not_loaded", "g729": "g729_transcoding", "ilbc": "codec_not_available",
    "noisy_log": "log_error_rate", "blocked": "source_blocked", "transport": "transport_not_running",
}
CHECKS = tuple(check for check in all_checks() if check.id in FOUND_BY.values())
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SYSTEM = System.model_validate({
    "id": "swarm", "client": "A client", "environment": "standalone", "edition": "business", "timezone": "UTC",
    "country": "GB", "ssh": {"host": "127.30.0.1", "credential": "inspect"},
})


def found(traits: Traits, profile: Profile) -> list[Finding]:
    speaker = Speaker(traits, DATABASE)
    asked = [fact for fact in shell_facts() if fact.name in (*says_asterisk.SAYS, "platform")]
    known = Known({fact.of: fact.parse(speaker.reply(fact.name)) for fact in asked})
    recording = Recording(system_id="swarm", started_at=AT, elapsed_s=1, contact=Contact(state=ContactState.REACHED))
    judged = judge(SYSTEM, profile, recording, known, Release.parse("7.2.0"), AT, checks=CHECKS)
    return [finding for finding in judged.findings if finding.outcome in (Outcome.FAIL, Outcome.UNKNOWN)]


@pytest.mark.parametrize("trouble", [name for _, name in TROUBLES])
def test_each_trouble_occurs_and_is_rare(trouble: str) -> None:
    assert 1 <= sum(trouble in troubles(traits) for traits in SYSTEMS) <= 30


def test_what_was_drawn_is_found_by_its_check_and_by_no_other(profile: Profile) -> None:
    troubled = [traits for traits in SYSTEMS if troubles(traits)]
    for traits in [*SYSTEMS[:150], *troubled]:
        drawn = troubles(traits)
        if SipDriver.PJSIP not in traits.drivers:
            drawn -= {"transport"}
        if "nobody" in drawn:
            drawn -= {"unreachable"}
        expected = {FOUND_BY[name] for name in drawn} - ({"codec_not_available"} if "g729" in drawn else set())
        findings = found(traits, profile)
        assert not [finding for finding in findings if finding.outcome is Outcome.UNKNOWN]
        assert {finding.check_id for finding in findings} == expected, (traits.id, drawn)


@pytest.mark.parametrize("extensions", [5, 6, 41])
@pytest.mark.parametrize("drivers", [(SipDriver.CHAN_SIP,), (SipDriver.PJSIP,), (SipDriver.CHAN_SIP, SipDriver.PJSIP)])
def test_lines_are_as_many_as_the_drivers_say(drivers: tuple[SipDriver, ...], extensions: int) -> None:
    traits = dataclasses.replace(SYSTEMS[0], drivers=drivers, extensions=extensions)
    facts = {fact.of: fact.parse(Speaker(traits, DATABASE).reply(fact.name)) for fact in shell_facts()
             if fact.of in (Registrations, SipDrivers)}
    lines: Registrations = facts[Registrations]
    both = (*lines.extensions, *lines.trunks)
    assert len([line for line in both if line.driver is SipDriver.CHAN_SIP]) == facts[SipDrivers].chan_sip_peers
    assert len([line for line in both if line.driver is SipDriver.PJSIP]) == facts[SipDrivers].pjsip_endpoints
    assert len({line.name for line in lines.extensions}) == len(lines.extensions)
