"""``make demo`` and ``make demo-upgrade`` leave nothing running, however they end.

Whether the points of demo-upgrade hold, the demo itself looks at.
"""
from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# The demo with a program of ours for `uplift`: here it is only looked at what is called, and when.
DEMO = "import sys; from pathlib import Path; from deployments.lab import {} as demo; demo.UPLIFT = Path(sys.argv[1]); "
DEMO += "sys.exit(demo.main())"
BOTH = pytest.mark.parametrize("demo", ["demo", "demo_upgrade"])


def started(demo: str, folder: Path, script: str) -> subprocess.Popen[str]:
    program = folder / "uplift"
    program.write_text(f'#!/bin/sh\necho "$1 $2" >> {folder}/called\n{script}\n')
    program.chmod(0o755)
    words = [sys.executable, "-c", DEMO.format(demo), str(program)]
    return subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def called(folder: Path) -> list[str]:
    path = folder / "called"
    return path.read_text().splitlines() if path.exists() else []


@BOTH
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_stopped_takes_its_lab_down(demo: str, tmp_path: Path, number: signal.Signals) -> None:
    running = started(demo, tmp_path, '[ "$2" = up ] && exec sleep 60; exit 0')
    until = time.monotonic() + 30
    while not called(tmp_path) and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1)               # a program that is only just being started is nobody's to end yet
    running.send_signal(number)
    _, said = running.communicate(timeout=30)
    assert (running.returncode, said) == (130, "")
    assert called(tmp_path) == ["lab up", "lab down"]


def test_a_sweep_that_ends_badly_ends_the_demo_with_its_code(tmp_path: Path) -> None:
    running = started("demo", tmp_path, '[ "$1" = sweep ] && exit 3; exit 0')
    assert (running.communicate(timeout=30)[1], running.returncode) == ("", 3)
    assert [line.split()[0] for line in called(tmp_path)] == ["lab", "fleet", "sweep", "lab"]


def test_a_command_that_fails_ends_the_upgrade_demo_with_its_code_after_the_lab_is_down(tmp_path: Path) -> None:
    running = started("demo_upgrade", tmp_path, '[ "$2" = up ] && exit 2; exit 0')
    assert (running.communicate(timeout=30)[1], running.returncode) == ("", 2)
    assert called(tmp_path) == ["lab up", "lab down"]


@BOTH
def test_a_lab_that_cannot_be_taken_down_is_told_by_the_exit_code_and_no_traceback(demo: str, tmp_path: Path) -> None:
    fails = '[ "$2" = down ] && exit 2; exit 0' if demo == "demo" else '[ "$1" = lab ] && exit 2; exit 0'
    running = started(demo, tmp_path, fails)
    assert (running.communicate(timeout=30)[1], running.returncode) == ("", 2)
