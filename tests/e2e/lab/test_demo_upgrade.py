"""``make demo-upgrade`` leaves nothing running, however it ends. Whether its points hold the demo itself looks at."""
from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# The demo with a program of ours for `uplift`: here it is only looked at what is called, and when.
DEMO = "import sys; from pathlib import Path; from deployments.lab import demo_upgrade as demo; "
DEMO += "demo.UPLIFT = Path(sys.argv[1]); sys.exit(demo.main())"


def started(folder: Path, script: str) -> subprocess.Popen[str]:
    program = folder / "uplift"
    program.write_text(f'#!/bin/sh\necho "$1 $2" >> {folder}/called\n{script}\n')
    program.chmod(0o755)
    words = [sys.executable, "-c", DEMO, str(program)]
    return subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def called(folder: Path) -> list[str]:
    path = folder / "called"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_upgrade_demo_that_is_stopped_takes_its_lab_down(tmp_path: Path, number: signal.Signals) -> None:
    demo = started(tmp_path, '[ "$2" = up ] && exec sleep 60; exit 0')
    until = time.monotonic() + 30
    while not called(tmp_path) and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1)               # a program that is only just being started is nobody's to end yet
    demo.send_signal(number)
    _, said = demo.communicate(timeout=30)
    assert (demo.returncode, said) == (130, "")
    assert called(tmp_path) == ["lab up", "lab down"]


def test_a_command_that_fails_ends_the_upgrade_demo_with_its_code_after_the_lab_is_down(tmp_path: Path) -> None:
    demo = started(tmp_path, '[ "$2" = up ] && exit 2; exit 0')
    assert (demo.communicate(timeout=30)[1], demo.returncode) == ("", 2)
    assert called(tmp_path) == ["lab up", "lab down"]
