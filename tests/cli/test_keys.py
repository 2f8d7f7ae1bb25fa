"""`uplift keys`: whose ids are shown and whose secrets are not; what is old is sealed anew; what is lost is told."""
from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tasks.model.answer import Answer, Contact, ContactState, Recording
from tasks.model.release import Release
from tasks.model.sweep import SweepOptions, SweepPlan
from tasks.wire.data_keys import data_keys, key_folder
from tasks.wire.sweep_folder import SweepFolder

SECRET = "ann@acme.example"


@pytest.fixture
def sweep(uplift: Any) -> SweepFolder:
    """A sweep whose only shard was cut off in the middle."""
    uplift.home.mkdir(mode=0o700)
    folder = SweepFolder(uplift.home / "sweeps" / "monday", uplift.home)
    plan = SweepPlan(sweep_id="a", started_at=datetime(2026, 11, 23, tzinfo=UTC), fleet_file="fleet.yaml", systems=2,
                     options=SweepOptions(target=Release.parse("7.2.0")))
    folder.create(plan, ())
    with folder.appending(0) as appender:
        appender.append(answer("s1"))
    return folder


def answer(system_id: str) -> Recording:
    return Recording(system_id=system_id, started_at=datetime(2026, 11, 23, tzinfo=UTC), elapsed_s=1,
                     contact=Contact(state=ContactState.REACHED), shell={"who": Answer(exit_code=0, stdout=SECRET)})


def facts(folder: SweepFolder) -> bytes:
    return b"".join(path.read_bytes() for path in folder.facts.iterdir())


async def test_keys_are_listed_by_id_and_shown_nowhere(uplift: Any, sweep: SweepFolder) -> None:
    key = data_keys(uplift.home)[0]
    listed = await uplift("keys", "list")
    assert (listed.code, listed.err) == (0, "") and key.id in listed.out and "seals and opens" in listed.out
    as_json = (await uplift("keys", "list", "--json")).json
    assert as_json["keys"][0]["files"] == 2 and as_json["plain_files"] == 0
    secret = key.path.read_text().strip()
    assert secret not in listed.out + str(as_json) and key.secret.hex() not in listed.out + str(as_json)


async def test_a_home_without_keys_lists_none_and_makes_none(uplift: Any) -> None:
    listed = await uplift("keys", "list", "--json")
    assert (listed.code, listed.json) == (0, {"keys": [], "plain_files": 0})
    assert not key_folder(uplift.home).exists()


async def test_after_a_rotation_everything_is_sealed_anew_and_the_sweep_goes_on(
    uplift: Any, sweep: SweepFolder
) -> None:
    (uplift.home / "sweeps" / "latest").symlink_to("monday")
    rotated = await uplift("keys", "rotate", "--json")
    new = rotated.json["key"]
    assert [key.id for key in data_keys(uplift.home)][-1] == new
    done = await uplift("keys", "reseal")
    assert (done.code, done.out) == (0, "2 files were sealed anew\n"), done.err
    assert (await uplift("keys", "reseal")).out == "every file was sealed with the newest key\n"
    old, _ = data_keys(uplift.home)
    old.path.unlink()       # nothing needs it any more
    again = SweepFolder(sweep.path, uplift.home)
    assert again.load()[0].systems == 2 and again.recorded(0) == {"s1"}
    with again.appending(0) as appender:
        appender.append(answer("s2"))
        again.seal(0)
    assert list(again.recordings(0)) == [answer("s1"), answer("s2")]
    assert SECRET.encode() not in facts(again)


async def test_a_sweep_of_a_version_before_is_read_as_it_is_and_sealed_where_it_lies(
    uplift: Any, sweep: SweepFolder, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "srv" / "tuesday"
    shutil.copytree(sweep.path, elsewhere)
    shutil.rmtree(sweep.path)
    plain = SweepFolder(elsewhere, uplift.home)
    (elsewhere / "facts" / "shard-0000.jsonl").write_text(answer("s1").model_dump_json() + "\n")
    (elsewhere / "facts" / "systems.jsonl").write_text("")
    (elsewhere / "facts" / "shard-0001.parquet.part").write_text(SECRET)
    assert plain.recorded(0) == {"s1"} and plain.load()[1] == ()
    listed = await uplift("keys", "list", "--sweeps", elsewhere.parent)
    assert "2 files of a version before are not sealed; `uplift keys reseal` seals them" in listed.out
    done = await uplift("keys", "reseal", "--sweeps", elsewhere)
    assert (done.code, done.out) == (0, "2 files were sealed anew\n"), done.err
    assert SECRET.encode() not in facts(plain)
    assert list(plain.recordings(0)) == [answer("s1")]


async def test_a_sweep_that_is_running_is_left_and_told(uplift: Any, sweep: SweepFolder) -> None:
    await uplift("keys", "rotate")
    with sweep.locked():
        done = await uplift("keys", "reseal", "--json")
    assert done.code == 1 and done.json["resealed"] == 0
    assert "another sweep is writing to" in done.json["troubles"][0]


async def test_a_lost_key_is_told_with_what_to_do(uplift: Any, sweep: SweepFolder) -> None:
    with sweep.appending(0) as appender:
        appender.append(answer("s2"))
        sweep.seal(0)
    key = data_keys(uplift.home)[0]
    kept = key.path.read_bytes()
    key.path.unlink()
    ended = await uplift("judge", sweep.path)
    assert ended.code == 2 and ended.err.strip().count("\n") == 0
    assert f"is sealed with the key {key.id}, which is not in" in ended.err and "from a backup" in ended.err
    assert f"{key.id}" in (await uplift("keys", "list")).out
    assert "put it back into" in (await uplift("keys", "list")).out
    key.path.write_bytes(kept)
    key.path.chmod(0o600)
    assert SweepFolder(sweep.path, uplift.home).recorded(0) == {"s1", "s2"}


async def test_an_altered_file_is_told_and_not_judged(uplift: Any, sweep: SweepFolder) -> None:
    with sweep.appending(0) as appender:
        appender.append(answer("s2"))
        sweep.seal(0)
    shard = sweep.facts / "shard-0000.parquet"
    whole = shard.read_bytes()
    for damaged in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[: len(whole) // 2], b"X" + whole[1:]):
        shard.write_bytes(damaged)
        ended = await uplift("judge", sweep.path)
        assert ended.code == 2 and "is not as Uplift sealed it" in ended.err and ended.err.strip().count("\n") == 0
