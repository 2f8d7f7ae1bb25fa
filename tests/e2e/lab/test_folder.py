"""A lab's folder: what no lab made is never touched, whatever folder is named."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from deployments.lab.command import check_programs
from deployments.lab.down import down
from deployments.lab.layout import Layout
from deployments.lab.trouble import LabError
from deployments.lab.up import up


@pytest.mark.parametrize("name", [path.name for path in Layout(Path("/")).own() if path.name != "lab.lock"])
def test_a_folder_that_bears_a_labs_names_by_chance_is_left_alone(tmp_path: Path, name: str) -> None:
    """As / does, where /home is."""
    theirs = tmp_path / name / "theirs"
    theirs.parent.mkdir(mode=0o755)
    theirs.write_text("precious")
    with pytest.raises(LabError, match=f"holds {name}, which no lab made; name an empty folder"):
        up(tmp_path, [])
    assert not down(tmp_path)
    assert theirs.read_text() == "precious"
    assert theirs.parent.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_programs_are_found_without_the_folders_of_root_in_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    check_programs()
    check_programs()
    assert os.environ["PATH"] == "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
