"""The database in figures: counters, holes, and where the server's folders lie."""
from __future__ import annotations

from typing import Any

import pytest

from tasks.analysis.database import cdr_counter, fragmented, outer_path, sort_rooms, used_bytes, without_holes
from tasks.model.database_facts import CdrSchema, Column, DatabaseSettings
from tasks.model.facts import Mount, Mounts, Table, Tables
from tasks.model.profile import Paths, Profile
from tasks.model.profile_database import numbers

PROFILE = Profile(name="lab")
FILES = "/opt/pbxware/pw/var/lib/mysql"


def settings(datadir: str = FILES, *tmpdirs: str) -> DatabaseSettings:
    return DatabaseSettings("", frozenset(), False, True, 0, 0, datadir, tmpdirs or ("/tmp",), "", "", False)


@pytest.mark.parametrize(("type_", "largest"), [
    ("int(11)", 2**31 - 1), ("int", 2**31 - 1), ("INT(10) UNSIGNED", 2**32 - 1), ("int unsigned", 2**32 - 1),
    ("mediumint(8) unsigned", 2**24 - 1), ("bigint(20)", 2**63 - 1), ("bigint unsigned", 2**64 - 1),
    ("decimal(20,0)", None), ("", None),
])
def test_a_counter_ends_where_its_type_does(type_: str, largest: int | None) -> None:
    schema = CdrSchema((Column("AcctId", type_, True, False),), (), 0)
    counter = cdr_counter(schema, Tables("pbxware", (Table("cdr", "InnoDB", 5, 1, 1, 0, next_id=6),)), PROFILE)
    assert (counter.largest if counter else None) == largest


@pytest.mark.parametrize(("table", "used", "wasted"), [
    (Table("cdr", "InnoDB", 1, 10**9, 0, 2 * 10**9), 10**9, True),
    (Table("cdr", "InnoDB", 1, 3 * 10**9, 0, 2 * 10**9), 3 * 10**9, False),
    (Table("cdr", "MyISAM", 1, 3 * 10**9, 0, 2 * 10**9), 10**9, True),
    (Table("cdr", "MyISAM", 1, 0, 0, 2 * 10**9), 0, True),
    (Table("cdr", "InnoDB", 0, 0, 0, 0), 0, False),
])
def test_holes_are_a_part_of_the_data_or_lie_beside_it_by_engine(table: Table, used: int, wasted: bool) -> None:
    assert used_bytes(table) == used
    assert fragmented(table, PROFILE) is wasted


@pytest.mark.parametrize(("table", "rebuilt"), [
    (Table("cdr", "MyISAM", 10, 1000, 500, 800), Table("cdr", "MyISAM", 10, 200, 100, 0)),
    (Table("cdr", "Aria", 0, 1000, 500, 1000), Table("cdr", "Aria", 0, 0, 0, 0)),
    (Table("cdr", "MyISAM", 0, 0, 1024, 0), Table("cdr", "MyISAM", 0, 0, 1024, 0)),
    (Table("cdr", "InnoDB", 10, 200, 100, 800), Table("cdr", "InnoDB", 10, 200, 100, 800)),
])
def test_a_rebuild_leaves_the_room_of_deleted_rows_behind(table: Table, rebuilt: Table) -> None:
    assert without_holes(table) == rebuilt


@pytest.mark.parametrize(("datadir", "path"), [
    (FILES + "/", "/tmp"), ("/var/lib/mysql/", "/opt/pbxware/pw/tmp"), ("/srv/mysql", "/tmp"),
])
def test_a_folder_of_a_server_in_the_tree_lies_in_the_tree(datadir: str, path: str) -> None:
    assert outer_path("/tmp", settings(datadir), PROFILE) == path


def test_each_temporary_folder_on_a_disk_of_its_own_needs_room_for_the_indexes() -> None:
    disks = {path: Mount(path, path, 9, 1, 8, None, None) for path in ("/", "/a", "/b")}
    mounts = Mounts(tuple(disks.values()))
    tables = Tables("pbxware", (Table("cdr", "MyISAM", 5, 1000, 500, 0),))
    profile = PROFILE.model_copy(update={"paths": Paths(database_files="/a/mysql")})
    rooms: Any = sort_rooms(tables, mounts, settings("/a/mysql", "/a/tmp", "/b/tmp", "/tmp"), profile)
    assert [(room.path, room.mount, room.needed_bytes) for room in rooms] == [
        ("/b/tmp", disks["/b"], 550), ("/tmp", disks["/"], 550)
    ]


@pytest.mark.parametrize(("version", "told"), [
    ("10.11.6-MariaDB-0+deb12u1", (10, 11, 6)), ("5.5.5-10.5.19-MariaDB", (10, 5, 19)), ("5.5.68-MariaDB", (5, 5, 68)),
    ("8.0.36", (8, 0, 36)), ("5.5.5-m3", (5, 5, 5)), ("main", ()), ("", ()),
])
def test_a_version_as_numbers(version: str, told: tuple[int, ...]) -> None:
    assert numbers(version) == told
