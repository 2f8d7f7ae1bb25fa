"""What an upgrade needs of each mount."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.analysis.space import NoMount, Purpose, needs_of_upgrade, needs_per_mount, rebuild_bytes
from tasks.model.facts import Mount, Mounts, Table, Tables
from tasks.model.fleet import Environment
from tasks.model.profile import Paths, Profile, Space

PROFILE = Profile(
    name="p",
    paths=Paths(database_files="/opt/pbxware/mysql"),
    space=Space(release_bytes=300, inodes=20, reserve_fraction=0.05, rebuild_factor=1.5, backup_factor=0.25),
)
TABLES = Tables("pbxware", (
    Table("cdr", "InnoDB", 10, data_bytes=600, index_bytes=400, free_bytes=9000),
    Table("users", "InnoDB", 10, data_bytes=200, index_bytes=0, free_bytes=0),
))


def mount(path: str, size_bytes: int = 10_000, free_bytes: int = 5_000, inodes: int | None = 1_000) -> Mount:
    return Mount(path, "dev", size_bytes, size_bytes - free_bytes, free_bytes, inodes, inodes and inodes // 2)


def test_a_rebuild_takes_data_and_indexes_again_and_not_the_holes_in_the_file() -> None:
    assert rebuild_bytes(TABLES.tables[0], PROFILE) == 1_500


def test_needs_on_one_mount_add_up_with_its_reserve() -> None:
    needs = needs_of_upgrade(TABLES, PROFILE, Environment.STANDALONE)
    (all_of_it,) = needs_per_mount(Mounts((mount("/"),)), needs, PROFILE)
    assert all_of_it.needed_bytes == 300 + 1_500 + 300 + 500
    assert all_of_it.needed_inodes == 20 + 50
    assert all_of_it.shortages() == ()


def test_each_need_falls_on_the_mount_that_holds_its_path() -> None:
    mounts = Mounts((mount("/"), mount("/opt"), mount("/opt/pbxware/mysql"), mount("/opt/backup"), mount("/home")))
    needed = needs_per_mount(mounts, needs_of_upgrade(TABLES, PROFILE, Environment.STANDALONE), PROFILE)
    assert [(one.mount.path, one.needs[0].purpose, one.needed_bytes) for one in needed] == [
        ("/opt", Purpose.RELEASE, 800),
        ("/opt/backup", Purpose.BACKUP, 800),
        ("/opt/pbxware/mysql", Purpose.REBUILD, 2_000),
    ]


def test_serverware_clones_the_system_and_needs_no_room_for_a_backup() -> None:
    purposes = {need.purpose for need in needs_of_upgrade(TABLES, PROFILE, Environment.SERVERWARE)}
    assert purposes == {Purpose.RELEASE, Purpose.REBUILD}


def test_inodes_are_no_matter_where_their_number_is_not_fixed() -> None:
    needs = needs_of_upgrade(TABLES, PROFILE, Environment.STANDALONE)
    (free,) = needs_per_mount(Mounts((mount("/", inodes=None),)), needs, PROFILE)
    (bound,) = needs_per_mount(Mounts((mount("/", inodes=40),)), needs, PROFILE)
    assert free.shortages() == ()
    assert [(str(short.free), str(short.needed)) for short in bound.shortages()] == [("20 inodes", "22 inodes")]


def test_a_path_that_no_mount_holds_is_named() -> None:
    with pytest.raises(NoMount, match="/opt/pbxware"):
        needs_per_mount(Mounts((mount("/home"),)), needs_of_upgrade(TABLES, PROFILE, Environment.STANDALONE), PROFILE)


def test_exactly_enough_is_enough() -> None:
    needs = needs_of_upgrade(TABLES, PROFILE, Environment.STANDALONE)
    for free_bytes, short in ((2_600, False), (2_599, True)):
        (all_of_it,) = needs_per_mount(Mounts((mount("/", free_bytes=free_bytes),)), needs, PROFILE)
        assert bool(all_of_it.shortages()) is short


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_it_is_short_exactly_where_less_is_free_than_needed(free_bytes: int, rows_bytes: int) -> None:
    tables = Tables("pbxware", (Table("cdr", "InnoDB", 10, rows_bytes, 0, 0),))
    needs = needs_of_upgrade(tables, PROFILE, Environment.STANDALONE)
    (all_of_it,) = needs_per_mount(Mounts((mount("/", free_bytes=free_bytes),)), needs, PROFILE)
    assert bool(all_of_it.shortages()) is (free_bytes < all_of_it.needed_bytes)
    assert sum(need.size_bytes for need in all_of_it.needs) == all_of_it.needed_bytes
