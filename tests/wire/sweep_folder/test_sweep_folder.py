"""A sweep's folder survives a kill at any byte: what was whole stays, what was torn is visited again."""
from __future__ import annotations

import resource
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.model.answer import Answer, Contact, ContactState, Recording
from tasks.model.errors import UserError
from tasks.model.release import Release
from tasks.model.sweep import SweepOptions, SweepPlan
from tasks.wire.sweep_folder import SweepFolder


def recording(number: int, text: str = "") -> Recording:
    return Recording(
        system_id=f"s{number}",
        started_at=datetime(2026, 11, 23, 1, 30, tzinfo=UTC),
        elapsed_s=1.5,
        contact=Contact(state=ContactState.REACHED),
        shell={"mounts": Answer(exit_code=0, stdout=text)},
    )


def plan(systems: int) -> SweepPlan:
    return SweepPlan(
        sweep_id="a",
        started_at=datetime(2026, 11, 23, tzinfo=UTC),
        options=SweepOptions(target=Release.parse("7.2.0")),
        fleet_file="fleet.yaml",
        systems=systems,
    )


@given(texts=st.lists(st.text(max_size=40), min_size=1, max_size=8), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_kill_at_any_byte_costs_at_most_the_system_that_was_being_written(tmp_path_factory, texts, data):
    folder = SweepFolder(tmp_path_factory.mktemp("sweep"))
    folder.facts.mkdir()
    with folder.appending(0) as appender:
        for number, text in enumerate(texts):
            appender.append(recording(number, text))
    file = folder.facts / "shard-0000.jsonl"
    content = file.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    file.write_bytes(content[:cut])
    whole = content[:cut].count(b"\n")

    assert folder.recorded(0) == {f"s{number}" for number in range(whole)}
    with folder.appending(0) as appender:
        for number in range(whole, len(texts)):
            appender.append(recording(number, texts[number]))
    folder.seal(0)

    assert {one.system_id: one for one in folder.recordings(0)} == {
        f"s{number}": recording(number, text) for number, text in enumerate(texts)
    }


def test_a_kill_between_the_parquet_and_the_removal_of_the_lines_changes_nothing(tmp_path: Path):
    folder = SweepFolder(tmp_path)
    folder.facts.mkdir()
    with folder.appending(0) as appender:
        appender.append(recording(1))
    lines = (folder.facts / "shard-0000.jsonl").read_bytes()
    folder.seal(0)
    (folder.facts / "shard-0000.jsonl").write_bytes(lines)

    assert folder.is_sealed(0)
    assert folder.recorded(0) == {"s1"}
    assert [one.system_id for one in folder.recordings(0)] == ["s1"]


def test_a_half_written_parquet_file_is_not_taken_for_a_shard(tmp_path: Path):
    folder = SweepFolder(tmp_path)
    folder.facts.mkdir()
    with folder.appending(0) as appender:
        appender.append(recording(1))
    (folder.facts / "shard-0000.parquet.part").write_bytes(b"PAR1")

    assert not folder.is_sealed(0)
    folder.seal(0)
    assert folder.contacts(0) == {"reached": 1}


def test_two_sweeps_never_write_to_one_folder(tmp_path: Path):
    first, second = SweepFolder(tmp_path), SweepFolder(tmp_path)
    with first.locked(), pytest.raises(UserError, match="another sweep"), second.locked():
        pass


def test_two_runs_never_visit_one_shard_at_once(tmp_path: Path):
    first, second = SweepFolder(tmp_path), SweepFolder(tmp_path)
    with first.appending(0), pytest.raises(UserError, match="another run visits shard 0"), second.appending(0):
        pass
    with second.appending(1):
        pass


def test_a_run_that_comes_late_leaves_a_sealed_shard_as_it_is(tmp_path: Path):
    folder = SweepFolder(tmp_path)
    folder.facts.mkdir()
    with folder.appending(0) as appender:
        appender.append(recording(1))
        folder.seal(0)
    with folder.appending(0):
        folder.seal(0)

    assert folder.recorded(0) == {"s1"}
    assert not list(folder.facts.glob("*.jsonl"))


def test_a_system_that_was_answered_twice_stands_once(tmp_path: Path):
    folder = SweepFolder(tmp_path)
    with folder.appending(0) as appender:
        appender.append(recording(1, "first"))
        appender.append(recording(1, "second"))
    assert [one.system_id for one in folder.recordings(0)] == ["s1"]
    folder.seal(0)
    assert list(folder.recordings(0)) == [recording(1, "second")]


def test_a_damaged_line_in_the_middle_costs_only_its_system(tmp_path: Path):
    folder = SweepFolder(tmp_path)
    with folder.appending(0) as appender:
        for number in range(3):
            appender.append(recording(number))
    file = folder.facts / "shard-0000.jsonl"
    first, second, third = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + second[:20] + b"\n" + third)
    assert folder.recorded(0) == {"s0", "s2"}


def test_a_full_disk_leaves_whole_lines_and_says_so(tmp_path: Path):
    folder = SweepFolder(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with folder.appending(0) as appender:
        appender.append(recording(1))
        whole = (folder.facts / "shard-0000.jsonl").read_bytes()
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 10, before[1]))     # room for a part of the next
        try:
            with pytest.raises(UserError, match="make room there and go on with --resume"):
                appender.append(recording(2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert (folder.facts / "shard-0000.jsonl").read_bytes() == whole
        appender.append(recording(3))
    assert folder.recorded(0) == {"s1", "s3"}


def test_nothing_is_written_after_a_shard_was_left(tmp_path: Path):
    folder = SweepFolder(tmp_path)
    with folder.appending(0) as appender:
        pass
    with (tmp_path / "another").open("wb"), pytest.raises(ValueError, match="closed"):
        appender.append(recording(1))
    assert (tmp_path / "another").read_bytes() == b""


def test_a_file_in_the_place_of_the_folder_is_told_in_one_sentence(tmp_path: Path):
    (tmp_path / "report").write_text("mine")
    for path in (tmp_path / "report", tmp_path / "report/sweep"):
        with pytest.raises(UserError, match="choose another folder"), SweepFolder(path).locked():
            pass
        with pytest.raises(UserError, match="holds no sweep"), SweepFolder(path).locked(must_exist=True):
            pass
    assert (tmp_path / "report").read_text() == "mine"


def test_a_folder_without_a_sweep_is_named_with_the_remedy(tmp_path: Path):
    with pytest.raises(UserError, match="holds no sweep"):
        SweepFolder(tmp_path).load()


def test_a_sweep_of_another_version_is_refused_in_one_sentence(tmp_path: Path):
    folder = SweepFolder(tmp_path)
    folder.create(plan(0), ())
    (tmp_path / "run.json").write_text('{"schema_version": 99}')
    with pytest.raises(UserError, match="this version cannot read"):
        folder.load()


@pytest.mark.parametrize(("systems", "shards"), [(0, 0), (1, 1), (500, 1), (501, 2), (10_000, 20)])
def test_shards_cover_every_system_once(systems: int, shards: int):
    assert plan(systems).shards == shards
    numbers = tuple(range(systems))
    cut = [plan(systems).shard_of(numbers, shard) for shard in range(shards)]  # type: ignore[arg-type]
    assert [number for part in cut for number in part] == list(numbers)


def test_what_systems_answered_and_who_their_people_are_stands_in_no_file(tmp_path: Path):
    folder = SweepFolder(tmp_path)
    folder.create(plan(2), ())
    with folder.appending(0) as appender:
        for number in (1, 2):
            appender.append(recording(number, "ann@acme.example"))
            assert b"ann" not in everything(folder)
        folder.seal(0)
    assert b"ann" not in everything(folder)
    assert [one.shell["mounts"].stdout for one in folder.recordings(0)] == ["ann@acme.example"] * 2
    assert folder.facts.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.facts.iterdir()} == {0o600}


def test_an_altered_line_costs_only_its_system_and_a_lost_key_is_told(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    folder = SweepFolder(tmp_path / "sweep", home)
    with folder.appending(0) as appender:
        for number in range(3):
            appender.append(recording(number))
    file = folder.facts / "shard-0000.jsonl"
    first, second, third = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + second[:-6] + b"AAAA=\n" + third)
    assert folder.recorded(0) == {"s0", "s2"}
    for key in (home / "keys/data").iterdir():
        key.unlink()
    with pytest.raises(UserError, match="put the key file back from a backup"):
        SweepFolder(tmp_path / "sweep", home).recorded(0)       # never visited again as if it had not answered


def test_parquet_files_of_a_version_before_are_read(tmp_path: Path):
    folder = SweepFolder(tmp_path)
    with folder.appending(0) as appender:
        appender.append(recording(1, "x"))
        folder.seal(0)
    shard = folder.facts / "shard-0000.parquet"
    shard.write_bytes(folder._content(shard))
    assert shard.read_bytes().startswith(b"PAR1")
    assert list(SweepFolder(tmp_path).recordings(0)) == [recording(1, "x")]
    with folder.locked():
        assert folder.reseal() == 1
    assert not shard.read_bytes().startswith(b"PAR1")
    assert list(SweepFolder(tmp_path).recordings(0)) == [recording(1, "x")]


def everything(folder: SweepFolder) -> bytes:
    return b"".join(path.read_bytes() for path in folder.facts.iterdir())
