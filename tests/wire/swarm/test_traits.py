"""What the swarm's systems are like: always the same, each unlike the others, and a believable mix."""
from __future__ import annotations

from collections import Counter

import pytest

from deployments.lab.spec import SwarmDatabase
from deployments.lab.swarm.config import MOST_SYSTEMS, SwarmConfig
from deployments.lab.swarm.draw import draw
from deployments.lab.swarm.entry import fleet_entry
from deployments.lab.swarm.names import company
from tasks.model.facts import Edition, SipDriver
from tasks.model.fleet import Fleet
from tasks.model.release import Release

DATABASES = tuple(SwarmDatabase(name, "127.23.0.1", 3306, "pbxware", "secret") for name in ("small", "large", "myisam"))
SYSTEMS = [draw(1, number) for number in range(1, 1001)]


def config(count: int, **more: object) -> SwarmConfig:
    return SwarmConfig(count, DATABASES, "ssh-ed25519 AAAA", **more)  # type: ignore[arg-type]


def test_a_system_is_the_same_whenever_it_is_drawn() -> None:
    assert draw(1, 77) == draw(1, 77)
    assert draw(2, 77) != draw(1, 77)


def test_no_two_systems_share_a_name_a_machine_an_address_or_a_key() -> None:
    assert len({company(number, "Ltd") for number in range(1, MOST_SYSTEMS + 1)}) == MOST_SYSTEMS
    whole = config(MOST_SYSTEMS)
    assert len({whole.address(number) for number in whole.numbers()}) == MOST_SYSTEMS
    assert len({system.machine_id for system in SYSTEMS}) == len(SYSTEMS)
    assert len({whole.public_host_key(number) for number in range(1, 1001)}) == 1000


def test_the_entries_are_a_fleet_file() -> None:
    entries = [fleet_entry(system, config(1000)) for system in SYSTEMS]
    fleet = Fleet.model_validate({"systems": entries})
    assert fleet.systems[0].id == "swarm-00001"
    assert fleet.systems[999].ssh.host == "127.30.3.250"
    assert len({system.timezone for system in fleet.systems}) > 10


def test_most_systems_have_nothing_that_stands_in_the_way() -> None:
    troubled = [
        system for system in SYSTEMS
        if system.foreign_module or system.custom_scripts or system.plain_php or system.stylesheet
        or system.dialplan_uses or system.configuration_errors
        or any(m.inodes - m.inodes_used < 20_000 or m.free_kib < 1_000_000 for m in system.mounts)
        or (system.edition is Edition.MULTI_TENANT and system.domain_name is None)
    ]
    assert 0.25 < len(troubled) / len(SYSTEMS) < 0.40


@pytest.mark.parametrize("trouble", [
    lambda system: system.foreign_module,
    lambda system: system.custom_scripts,
    lambda system: system.plain_php,
    lambda system: "Macro" in system.dialplan_uses,
    lambda system: system.configuration_errors,
    lambda system: any(mount.free_kib < 300_000 for mount in system.mounts),
    lambda system: any(mount.inodes - mount.inodes_used < 10_000 for mount in system.mounts),
    lambda system: system.edition is Edition.MULTI_TENANT and system.domain_name is None,
])
def test_each_trouble_occurs_and_is_rare(trouble: object) -> None:
    share = sum(bool(trouble(system)) for system in SYSTEMS) / len(SYSTEMS)  # type: ignore[operator]
    assert 0.005 < share < 0.10


def test_releases_drivers_and_domain_names_agree() -> None:
    for system in SYSTEMS:
        release = Release.parse(system.release)
        assert Release.parse("6.0") <= release < Release.parse("7.2")
        assert system.drivers == (SipDriver.CHAN_SIP,) or release >= Release.parse("6.6")
        if system.edition is Edition.MULTI_TENANT and release >= Release.parse("6.7.3"):
            assert system.domain_name


def test_most_systems_have_the_small_database() -> None:
    chosen = Counter(config(1).database(system.database_draw).name for system in SYSTEMS)
    assert chosen["small"] > 850
    assert min(chosen["large"], chosen["myisam"]) > 20


@pytest.mark.parametrize(("more", "said"), [
    ({"faults": {3: "hang:banner"}}, "the systems are 1 to 2"),
    ({"faults": {1: "explode"}}, "unknown fault 'explode'; write one of hang:banner"),
    ({"faults": {1: "drop"}}, "which question; write drop:mounts"),
    ({"faults": {1: "latency:soon"}}, "write latency:80"),
    ({"faults": {1: "deny:all"}}, "deny takes no argument"),
])
def test_a_wrong_start_up_file_is_refused_with_the_remedy(more: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        config(2, **more)


@pytest.mark.parametrize("count", [0, MOST_SYSTEMS + 1])
def test_a_swarm_that_cannot_be_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=r"1 to 19,000 systems"):
        config(count)
