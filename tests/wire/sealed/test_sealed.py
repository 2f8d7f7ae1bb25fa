"""What is sealed opens as it was, or not at all; the newest key seals, all of them open."""
from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.model.errors import UserError
from tasks.wire.data_keys import data_keys, key_folder, newest_key, rotate
from tasks.wire.sealed import HEADER_BYTES, Altered, Sealer, key_of

PATH = Path("facts/shard-0000.parquet")


@pytest.fixture(scope="module")
def sealer(tmp_path_factory: pytest.TempPathFactory) -> Sealer:
    return Sealer(tmp_path_factory.mktemp("home"))


@given(content=st.binary(max_size=2000), name=st.text(max_size=40), deflate=st.booleans())
@settings(deadline=None)
def test_what_is_sealed_opens_as_it_was(sealer: Sealer, content: bytes, name: str, deflate: bool):
    sealed = sealer.seal(content, name, deflate=deflate)
    assert sealer.unseal(sealed, name, PATH) == content
    assert key_of(sealed[:HEADER_BYTES]) == sealer.newest.id
    assert len(content) < 20 or content not in sealed


@given(content=st.binary(max_size=500))
@settings(deadline=None)
def test_a_sealed_line_is_one_line(sealer: Sealer, content: bytes):
    line = sealer.seal_line(content, "shard")
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert sealer.unseal_line(line, "shard", PATH) == content
    assert key_of(line) == key_of(line[: 2 * HEADER_BYTES]) == sealer.newest.id


@given(content=st.binary(min_size=1, max_size=300), data=st.data())
@settings(deadline=None, max_examples=300)
def test_whatever_bit_is_turned_it_does_not_open(sealer: Sealer, content: bytes, data: st.DataObject):
    sealed = bytearray(sealer.seal(content, "a"))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        opened = sealer.unseal(bytes(sealed), "a", PATH)
    except UserError:
        return
    assert at < 16 and opened == bytes(sealed)      # no seal is left on it: whoever reads it next finds no JSON there


@given(content=st.binary(max_size=300), data=st.data())
@settings(deadline=None)
def test_cut_anywhere_behind_its_mark_it_does_not_open(sealer: Sealer, content: bytes, data: st.DataObject):
    sealed = sealer.seal(content, "a")
    with pytest.raises(UserError, match="altered, cut or damaged"):
        sealer.unseal(sealed[: data.draw(st.integers(16, len(sealed) - 1))], "a", PATH)


def test_a_sealed_file_does_not_pass_for_another_one(sealer: Sealer):
    sealed = sealer.seal(b"of the first case", "cases/C-1/inspection-1-1.json")
    with pytest.raises(Altered, match="put it back from a backup"):
        sealer.unseal(sealed, "cases/C-2/inspection-1-1.json", PATH)


def test_the_same_content_is_never_sealed_to_the_same_bytes(sealer: Sealer):
    assert sealer.seal(b"the same", "a") != sealer.seal(b"the same", "a")


def test_what_was_never_sealed_comes_back_as_it_is(sealer: Sealer):
    assert sealer.unseal(b'{"a": 1}', "a", PATH) == b'{"a": 1}'
    assert sealer.unseal_line(b'{"a": 1}\n', "a", PATH) == b'{"a": 1}\n'
    assert key_of(b'{"a": 1}') is None


def test_after_a_rotation_the_new_key_seals_and_both_open(tmp_path: Path):
    before = Sealer(tmp_path)
    old = before.seal(b"old", "a")
    key = rotate(tmp_path)
    new = Sealer(tmp_path).seal(b"new", "a")
    assert key_of(new) == key.id != key_of(old)
    assert [Sealer(tmp_path).unseal(each, "a", PATH) for each in (old, new)] == [b"old", b"new"]
    assert before.unseal(new, "a", PATH) == b"new"      # one that runs already finds the new key


def test_without_its_key_a_file_stays_shut_and_the_sentence_says_which_is_missing(tmp_path: Path):
    sealed = Sealer(tmp_path / "one").seal(b"x", "a")
    Sealer(tmp_path / "two").seal(b"x", "a")
    with pytest.raises(UserError, match=f"sealed with the key {key_of(sealed)}, which is not in .*backup"):
        Sealer(tmp_path / "two").unseal(sealed, "a", PATH)
    assert len(data_keys(tmp_path / "two")) == 1


def test_the_first_key_is_made_once_however_many_come_first(tmp_path: Path):
    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(lambda _: newest_key(tmp_path).id, range(32)))
    assert len(ids) == 1 and len(list(key_folder(tmp_path).iterdir())) == 1


def test_keys_are_their_owners_alone(tmp_path: Path):
    mask = os.umask(0)
    try:
        key = newest_key(tmp_path)
    finally:
        os.umask(mask)
    assert key.path.stat().st_mode & 0o777 == 0o600
    assert key_folder(tmp_path).stat().st_mode & 0o777 == 0o700
    assert key.secret.hex() not in repr(key) and str(key.secret) not in repr(key)
    key.path.chmod(0o640)
    with pytest.raises(UserError, match=r"is open to other users .*chmod 600"):
        newest_key(tmp_path)
    key.path.chmod(0o600)
    key_folder(tmp_path).chmod(0o755)
    with pytest.raises(UserError, match="chmod 700"):
        newest_key(tmp_path)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"AAAA\n"])
def test_a_key_file_that_holds_another_key_is_told_and_never_used(tmp_path: Path, content: bytes):
    key = newest_key(tmp_path)
    key.path.write_bytes(content)
    with pytest.raises(UserError, match="does not hold the key that its name says; put the key files back"):
        Sealer(tmp_path).seal(b"x", "a")


def test_one_key_file_in_the_place_of_another_is_told(tmp_path: Path):
    first, second = newest_key(tmp_path), rotate(tmp_path)
    first.path.write_bytes(second.path.read_bytes())
    with pytest.raises(UserError, match="does not hold the key that its name says"):
        newest_key(tmp_path)


def test_keys_made_in_one_second_have_an_order(tmp_path: Path):
    made = [rotate(tmp_path) for _ in range(5)]
    assert [key.id for key in data_keys(tmp_path)] == [key.id for key in made]
    assert newest_key(tmp_path).id == made[-1].id


def test_what_a_killed_maker_left_is_no_key(tmp_path: Path):
    key = newest_key(tmp_path)
    key.path.with_name(f".{key.path.name}.part").write_bytes(b"half")
    assert [each.id for each in data_keys(tmp_path)] == [key.id]
