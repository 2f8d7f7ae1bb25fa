"""The base image: built once from this machine's own archive, whoever asks and whatever dies."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deployments.lab.debian import Closure, source_stanza
from deployments.lab.pool import loop_devices, mount_points
from deployments.lab.trouble import LabError

SOURCES = """\
Types: deb
# a comment
URIs: http://archive.invalid/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://archive.invalid/debian-security
Suites: bookworm-security
Components: main
"""


def test_the_source_is_this_machines_own_for_another_suite() -> None:
    assert source_stanza(SOURCES, "bullseye").splitlines() == [
        "Types: deb", "URIs: http://archive.invalid/debian", "Suites: bullseye", "Components: main",
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
    ]


@pytest.mark.lab
def test_a_suite_that_the_archive_lacks_is_told(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="does not serve no-such-suite, which the lab is built from"):
        Closure("no-such-suite", ("bash",)).fetch(tmp_path)


@pytest.mark.lab
def test_a_package_that_the_suite_lacks_is_told(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"cannot give bookworm's packages .*no-such-package"):
        Closure("bookworm", ("no-such-package",)).fetch(tmp_path)


@pytest.mark.lab
def test_a_killed_build_is_cleared_away_and_two_askers_share_one_build(tmp_path: Path) -> None:
    first = ask(tmp_path)
    until(lambda: any(tmp_path.glob("build-*/pool/base/usr/bin/*")), first)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert any(point.is_relative_to(tmp_path) for point in mount_points())
    said = [asker.communicate(timeout=300)[0].splitlines() for asker in (ask(tmp_path), ask(tmp_path))]
    assert said[0][-1] == said[1][-1]                       # the image's path
    assert sum("making an empty database" in lines for lines in said) == 1
    assert [path.name for path in tmp_path.iterdir() if path.name != "build.lock"] == [Path(said[0][-1]).name]
    assert not any(point.is_relative_to(tmp_path) for point in mount_points())
    assert loop_devices(tmp_path) == []


def ask(cache: Path) -> subprocess.Popen[str]:
    code = "from deployments.lab import cache; print(cache.base_image(print))"
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"UPLIFT_LAB_CACHE": str(cache)},
    )


def until(there: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not there():
        assert process.poll() is None, "the build ended too soon"
        time.sleep(0.02)
