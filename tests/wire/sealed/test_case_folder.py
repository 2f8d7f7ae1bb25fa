"""A case's folder: sealed, bound to its case, whole after a kill, really empty once it is erased."""
from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import BaseModel

from tasks.model.errors import UserError
from tasks.wire.case_folder import CaseFolder
from tasks.wire.data_keys import key_folder, rotate
from tasks.wire.sealed import MAGIC

WRITER = """
import sys
from pathlib import Path
from pydantic import BaseModel
from tasks.wire.case_folder import CaseFolder
class Seen(BaseModel):
    text: str
folder = CaseFolder(Path(sys.argv[1]), "C-1")
print("on", flush=True)
while True:
    for letter in "ab":
        folder.save("inspection-1-1", Seen(text=("ann@acme.example " + letter) * 20000))
"""


class Seen(BaseModel):
    text: str


@pytest.fixture
def folder(tmp_path: Path) -> CaseFolder:
    made = CaseFolder(tmp_path, "C-1")
    made.create(tmp_path / "fleet.yaml")
    return made


def everything(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(path.rglob("*")) if each.is_file())


def test_what_an_inspection_brought_home_stands_in_no_file(folder: CaseFolder, tmp_path: Path):
    ref = folder.save("inspection-1-1", Seen(text="ann@acme.example"))
    assert ref == "cases/C-1/inspection-1-1.json"
    assert (tmp_path / ref).read_bytes().startswith(MAGIC)
    assert b"ann" not in everything(tmp_path)
    assert (tmp_path / ref).stat().st_mode & 0o777 == 0o600
    assert folder.load("inspection-1-1", Seen) == Seen(text="ann@acme.example")
    assert folder.fleet() == tmp_path / "fleet.yaml"


def test_a_file_of_a_version_before_is_read_and_sealed_by_resealing(folder: CaseFolder, tmp_path: Path):
    (folder.path / "inspection-1-1.json").write_text('{"text": "ann@acme.example"}')
    assert folder.load("inspection-1-1", Seen).text == "ann@acme.example"
    assert folder.keys() == {None: 1}
    assert folder.reseal() == 1 and folder.reseal() == 0
    assert b"ann" not in everything(tmp_path)
    new = rotate(tmp_path).id
    again = CaseFolder(tmp_path, "C-1")
    assert again.reseal() == 1 and again.keys() == {new: 1}
    assert again.load("inspection-1-1", Seen).text == "ann@acme.example"


def test_a_file_of_another_case_does_not_pass(folder: CaseFolder, tmp_path: Path):
    other = CaseFolder(tmp_path, "C-2")
    other.create(tmp_path / "fleet.yaml")
    other.save("inspection-1-1", Seen(text="of another client"))
    (folder.path / "inspection-1-1.json").write_bytes((other.path / "inspection-1-1.json").read_bytes())
    with pytest.raises(UserError, match="altered, cut or damaged; put it back from a backup"):
        folder.load("inspection-1-1", Seen)


def test_with_a_damaged_mark_it_is_told_that_it_is_not_as_written(folder: CaseFolder):
    path = folder.path / "inspection-1-1.json"
    folder.save("inspection-1-1", Seen(text="x"))
    path.write_bytes(b"!" + path.read_bytes()[1:])
    with pytest.raises(UserError, match="it is not as Uplift wrote it"):
        folder.load("inspection-1-1", Seen)


def test_without_the_keys_the_fleet_file_is_still_known(folder: CaseFolder, tmp_path: Path):
    folder.save("inspection-1-1", Seen(text="x"))
    for path in key_folder(tmp_path).iterdir():
        path.unlink()
    with pytest.raises(UserError, match="put the key file back from a backup"):
        CaseFolder(tmp_path, "C-1").load("inspection-1-1", Seen)
    assert CaseFolder(tmp_path, "C-1").fleet() == tmp_path / "fleet.yaml"


def test_a_writer_that_is_killed_leaves_a_whole_file_and_nothing_readable(folder: CaseFolder, tmp_path: Path):
    folder.save("inspection-1-1", Seen(text="first"))
    for number in range(12):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None and process.stdout.readline() == b"on\n"
        time.sleep(0.003 * number)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        text = folder.load("inspection-1-1", Seen).text
        assert text == "first" or len(set(text.split("ann@acme.example "))) == 2, "torn"
        assert b"ann@acme" not in everything(tmp_path)
    folder.save("inspection-1-2", Seen(text="next"))
    assert sorted(path.name for path in folder.path.iterdir()) == [
        "inspection-1-1.json", "inspection-1-2.json", "origin.json"]


def test_erasing_removes_everything_but_where_the_case_came_from(folder: CaseFolder, tmp_path: Path):
    folder.save("inspection-1-1", Seen(text="x"))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "stays").write_text("x")
    (folder.path / "export").mkdir()
    (folder.path / "export" / "cdr.csv").write_text("a call")
    (folder.path / "link").symlink_to(outside)
    (folder.path / ".old-name-of-a-version-before").write_text("ann")
    assert folder.erase() == 4
    assert [path.name for path in folder.path.iterdir()] == ["origin.json"]
    assert (outside / "stays").exists()
    assert folder.erase() == 0


def test_a_case_that_this_home_does_not_know_is_not_erased_here(tmp_path: Path):
    with pytest.raises(UserError, match="use the UPLIFT_HOME in which the case was opened"):
        CaseFolder(tmp_path, "C-9").erase()


def test_a_folder_that_is_away_is_told_in_one_sentence(tmp_path: Path):
    with pytest.raises(UserError, match="cannot be used: No such file"):
        CaseFolder(tmp_path, "C-9").save("inspection-1-1", Seen(text="x"))
