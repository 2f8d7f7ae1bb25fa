"""A list of files is kept and read back byte for byte, and its seal is of exactly that list."""
from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.wire.remedies.listing import Holds, Item, SealedList, Untold, _Told
from tasks.wire.remedies.remedy import remedies

part = st.binary(min_size=1, max_size=20).filter(lambda name: b"/" not in name and b"\0" not in name and name not in (
    b".", b".."))
paths = st.lists(part, min_size=1, max_size=4).map(lambda parts: b"/".join(parts).decode("utf-8", "surrogateescape"))
items = st.builds(
    Item, st.just("/srv/monitor"), paths, st.integers(1, 2**63), st.integers(0, 2**50), st.integers(0, 2**33)
)


@given(st.lists(items, max_size=20))
def test_any_name_survives_the_list(found: list[Item]) -> None:
    sealed = SealedList.of(found)
    again = SealedList.model_validate_json(sealed.model_dump_json())
    assert sorted(again.items, key=repr) == sorted(found, key=repr)
    assert again.seal == sealed.seal == SealedList.of(reversed(found)).seal


@given(st.lists(items, min_size=1, max_size=5), items)
def test_another_list_has_another_seal(found: list[Item], more: Item) -> None:
    assert SealedList.of([*found, more]).seal != SealedList.of(found).seal


@given(st.lists(items, max_size=10))
def test_what_the_system_lists_is_read_as_it_was_told(found: list[Item]) -> None:
    told = "folder\0/srv/monitor\0" + "".join(f"file\0{i.identity} {i.path}\0" for i in found) + "end\0over\0"
    assert _Told(told.encode("utf-8", "surrogateescape")).items == found


@pytest.mark.parametrize(("told", "why"), [
    ("folder\0/srv\0closed\0", "cannot be opened"), ("folder\0/srv\0link\0/etc\0", "is a link to /etc"),
    ("folder\0/srv\0cut\0", "could not be read to its end"), ("nolist\0", "legal hold cannot be read"),
    ("list\0acme/*\0", "not read to its end"), ("nonsense\0", "not understood"),
    ("folder\0/srv\0file\x001 2 3 ../../etc/passwd\0", "not understood"),
    ("folder\0/srv\0file\x001 2 3 /etc/passwd\0", "not understood"),
])
def test_what_was_not_told_whole_is_no_list(told: str, why: str) -> None:
    with pytest.raises(Untold, match=why):
        _Told(told.encode())


@pytest.mark.parametrize(("path", "held"), [
    ("a/b/c.wav", True), ("a/b.wav", True), ("x-court-1.wav", True), ("z/x-court-2.wav", True), ("ab/c.wav", False),
    ("other.wav", False), ("exact/name.wav", True),
])
def test_a_hold_is_by_pattern_of_name_or_path_and_by_marked_folder(path: str, held: bool) -> None:
    holds = Holds(("*-court-*", "exact/name.wav"), frozenset({("/srv/monitor", "a")}))
    assert holds.hold(Item("/srv/monitor", path, 1, 1, 1)) is held
    assert Holds((), frozenset({("/srv/monitor", "")})).hold(Item("/srv/monitor", path, 1, 1, 1)), "the whole folder"


@pytest.mark.parametrize("line", [
    "2024/05/Smith [court].wav", "Smith [court].wav", "/srv/monitor/2024/05/Smith [court].wav", "2024/05", "2024/05/",
    "2024/", "/srv/monitor/2024", "./2024/05/Smith [court].wav", "/srv/monitor/", "20*/05",
])
def test_a_line_of_the_hold_holds_the_file_that_it_names_letter_by_letter_and_all_below_a_folder(line: str) -> None:
    holds = Holds((line,), frozenset())
    assert holds.hold(Item("/srv/monitor", "2024/05/Smith [court].wav", 1, 1, 1))
    assert not holds.hold(Item("/srv/other", "2025/06/Smith d.wav", 1, 1, 1))


def test_a_time_is_told_in_utc() -> None:
    assert Item("/srv", "a", 1, 1, 0).changed_at == datetime(1970, 1, 1, tzinfo=UTC)


def test_every_remedy_is_found_and_what_destroys_cannot_be_undone() -> None:
    known = remedies()
    assert {"archive_old_cdr", "clear_temporary_files", "delete_old_recordings", "repair_table", "set_aside_module"} \
        <= set(known)
    assert all(known[name].id == name for name in known)
    assert {name for name in known if known[name].destroys} == {"clear_temporary_files", "delete_old_recordings"}
    assert not any(known[name].undo for name in known if known[name].destroys)
