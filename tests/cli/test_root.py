"""The command line as a whole: it starts at once, and a mistake is one sentence and an exit code, never a traceback."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deployments.cli import main
from tasks.model.errors import UserError

UPLIFT = Path(sys.executable).with_name("uplift")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["swep"], "No such command 'swep'. Did you mean 'sweep'?; see `uplift --help`"),
        (["--loud"], "No such option: --loud"),
        (["fleet", "chekc", "x"], "No such command 'chekc'"),
        (["fleet", "check"], "Missing argument 'FLEET'; see `uplift fleet check --help`"),
        (["fleet", "check", "no-such.yaml"], "the fleet file no-such.yaml does not exist; correct the path"),
        (["fleet", "enroll", "no-such.yaml", "--concurrency", "none"], "Invalid value for '--concurrency'"),
        (["fleet", "enroll", "no-such.yaml", "--limit-s", "-4"], "Invalid value for '--limit-s'"),
        (["checks", "explain", "sufficient_spice"], "there is no check 'sufficient_spice'; did you mean"),
        (["fleet", "import", "fleet.xlsx"], "is not a .csv file; save the spreadsheet as CSV"),
    ],
)
async def test_a_mistake_is_one_sentence_with_exit_code_2(uplift: Any, arguments: list[str], said: str) -> None:
    ended = await uplift(*arguments)
    assert ended.code == 2
    assert said in ended.err
    assert ended.err.startswith("error: ") and ended.err.count("\n") == 1
    assert "Traceback" not in ended.err and ended.out == ""

    told = (await uplift(*arguments, "--json")).json["error"]
    assert sorted(told) == ["code", "message", "remedy"]
    assert all(told.values())


@pytest.mark.parametrize("arguments", [[], ["fleet"], ["checks"]])
async def test_a_command_without_its_word_shows_the_help(uplift: Any, arguments: list[str]) -> None:
    ended = await uplift(*arguments)
    assert ended.code == 2
    assert "Usage: uplift" in ended.out + ended.err


@pytest.mark.parametrize("command", list(main.MOUNTS))
async def test_every_command_that_the_help_names_is_there(uplift: Any, command: str) -> None:
    assert command in (await uplift("--help")).out
    ended = await uplift(command, "--help")
    assert ended.code == 0
    assert f"Usage: uplift {command}" in ended.out
    assert "completion" not in ended.out


def test_help_imports_nothing_slow() -> None:
    program = "import sys, deployments.cli.main as m; m.run(['--help']); print(sorted(set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    slow = ("prefect", "pandas", "asyncssh", "sqlalchemy", "matplotlib", "pymysql", "tasks.checks")
    assert [name for name in slow if f"'{name}'" in loaded] == []


def crash(*_: object) -> None:
    raise RuntimeError("the disk fell out")


def test_a_crash_is_one_sentence_and_a_private_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(main.Mount, "load", crash)
    assert main.run(["fleet", "check", "x"]) == 1
    (log,) = tmp_path.glob("uplift-crash-*.log")
    said = capsys.readouterr().err
    assert said == f"error: Uplift failed unexpectedly (RuntimeError); send {log} to the maintainers\n"
    assert "the disk fell out" in log.read_text() and "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("raised", "code"), [(KeyboardInterrupt(), 130), (UserError("x", "m", "r"), 2)])
def test_how_a_command_ends_is_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(*_: object) -> None:
        raise raised

    monkeypatch.setattr(main.Mount, "load", load)
    assert main.run(["fleet"]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_crash() -> None:
    with subprocess.Popen([UPLIFT, "fleet", "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
