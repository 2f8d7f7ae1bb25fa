"""Where a path of the profile really lies is asked of the system: by its text, a link misleads."""
from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.analysis.space import Need, NoMount, Purpose, needs_per_mount
from tasks.facts import mounts as question
from tasks.model.answer import Answer
from tasks.model.facts import Mount, Mounts
from tasks.model.profile import Paths, Profile


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own, mounted beside where the profile looks."""
    folder = tmp_path / "a disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "small", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def profile_of(root: Path) -> Profile:
    return Profile(name="odd", paths=Paths(root=str(root), backup="/nonexistent/backup"))


def ask(profile: Profile) -> Mounts:
    ran = subprocess.run(["sh", "-c", question.ask(profile)], capture_output=True, text=True, env={
        "PATH": os.environ["PATH"], "LC_ALL": "C",
    })
    return question.parse(Answer(exit_code=ran.returncode, stdout=ran.stdout, stderr=ran.stderr))


def test_a_linked_folder_lies_on_the_mount_that_the_link_leads_to(disk: Path, tmp_path: Path) -> None:
    (disk / "pbxware").mkdir()
    link = tmp_path / "opt pbxware"
    link.symlink_to(disk / "pbxware")
    found = ask(profile_of(link)).holding(str(link))
    assert found is not None and (found.path, found.size_bytes) == (str(disk), 8 << 20)


def test_a_folder_that_is_yet_to_be_made_lies_where_its_nearest_parent_does(disk: Path) -> None:
    found = ask(profile_of(disk / "later/pbxware")).holding(str(disk / "later/pbxware"))
    assert found is not None and found.path == str(disk)
    root = ask(profile_of(disk)).holding("/nonexistent/backup")
    assert root is not None and root.path == "/"


def test_where_a_link_leads_nowhere_nothing_is_told(tmp_path: Path) -> None:
    link = tmp_path / "pbxware"
    link.symlink_to("/nonexistent/disk/pbxware")
    mounts, profile = ask(profile_of(link)), profile_of(link)
    assert mounts.holding(str(link)) is None
    with pytest.raises(NoMount, match="a link to a place that does not exist"):
        needs_per_mount(mounts, (Need(Purpose.RELEASE, str(link), 1),), profile)


def test_a_folder_bound_to_another_shares_the_room_of_its_disk(tmp_path: Path) -> None:
    bound, folder = tmp_path / "bound", tmp_path / "folder"
    bound.mkdir()
    folder.mkdir()
    subprocess.run(["mount", "--bind", folder, bound], check=True)
    try:
        mounts = ask(profile_of(bound))
    finally:
        subprocess.run(["umount", bound], check=True)
    assert mounts.holding(str(bound)) == mounts.holding("/nonexistent/backup")


def test_what_an_old_recording_lacks_is_judged_by_the_text_of_the_path() -> None:
    root, disk = (Mount(path, path, 9, 1, 8, None, None) for path in ("/", "/opt/pbxware"))
    assert Mounts((root, disk)).holding("/opt/pbxware/pw") == disk
    assert Mounts((root, disk), places=()).holding("/opt/pbxware/pw") is None
