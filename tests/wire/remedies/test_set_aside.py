"""What a system's own shell does when a module is set aside: nothing, where Asterisk would not start without it."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tasks.wire.fenced import Fence, composed
from tasks.wire.remedies import diary, set_aside_module

NAME = "codec_g729.so"


@pytest.fixture
def system(tmp_path: Path) -> Path:
    for folder in ("etc/modules.d", "modules"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/modules.conf").write_text("[modules]\nautoload = yes\n#include modules.d/site.inc\n")
    (tmp_path / "modules" / NAME).write_bytes(b"\x7fELF")
    return tmp_path


def set_aside(system: Path) -> str:
    values = {"action": "C-1-1", "aside": f"{system}/aside", "name": NAME, "etc": f"{system}/etc",
              "required": set_aside_module._required(NAME)}
    script = set_aside_module._MOVE.replace("REQUIRED", set_aside_module._REQUIRED).replace(
        "FOLDERS", f"'{system}/modules'")
    sent = composed(Fence(f"{system}/state", 1, None), values, diary._OPEN + script, "say done")
    return subprocess.run(["sh", "-s"], input=sent, text=True, capture_output=True, check=True).stdout


def test_what_nothing_requires_is_moved(system: Path) -> None:
    unlike = "load => codec_g729.so\n; require => codec_g729.so\nrequire = codec_g7.so\n"
    (system / "etc/modules.conf").write_text(unlike)
    assert set_aside(system) == "uplift done\n"
    assert not (system / "modules" / NAME).exists()


@pytest.mark.parametrize(("file", "line"), [
    ("modules.conf", "require => codec_g729.so"), ("modules.conf", "preload-require=codec_g729 ; ours"),
    ("modules.conf", "Require = CODEC_G729.SO\r"), ("modules.d/site.inc", "require = codec_g729.so"),
    ("modules.d/site.conf", "  require = codec_g729.so"),
])
def test_what_is_required_stays_however_and_wherever_it_is_written(system: Path, file: str, line: str) -> None:
    with (system / "etc" / file).open("a") as config:
        config.write(f"{line}\n")
    assert "would not start without it" in set_aside(system)
    assert (system / "modules" / NAME).exists()


def test_a_configuration_that_cannot_be_read_is_not_taken_for_one_that_requires_nothing(system: Path) -> None:
    (system / "etc/modules.conf").unlink()
    assert "uplift no" in set_aside(system)
    assert (system / "modules" / NAME).exists()
