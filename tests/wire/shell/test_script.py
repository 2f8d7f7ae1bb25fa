"""The composed script in the shells that systems have."""
from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tasks.model.answer import Answer, Silence, Why
from tasks.wire.shell import Question, compose
from tasks.wire.splitter import split

NONCE = "0123456789abcdef"
CUT = Silence(why=Why.NOT_ASKED, detail="cut")
SHELLS = ["dash", "bash", "busybox"]


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[list[str], str]:
    """The words that start the shell, and a folder that comes first in its PATH: of busybox all its programs."""
    program = shutil.which(request.param)
    if program is None and request.param == "busybox":
        pytest.fail("busybox is missing: apt-get install busybox")
    if request.param != "busybox":
        (tmp_path / "sh").symlink_to(str(program))
        return [str(program), "-s"], str(tmp_path)
    for name in ("sh", "head", "timeout", "true", "cat", "sleep", "yes", "echo", "printf", "seq"):
        (tmp_path / name).symlink_to(str(program))
    return [str(program), "sh", "-s"], str(tmp_path)


def run(shell: tuple[list[str], str], *questions: Question, max_bytes: int = 100) -> dict[str, Answer | Silence]:
    words, folder = shell
    script = compose(questions, NONCE, max_bytes).replace("PATH=", f"PATH={folder}:", 1)
    ran = subprocess.run(words, input=script.encode(), capture_output=True, timeout=60, env={"HOME": "/"}, check=True)
    return split(NONCE, questions, ran.stdout, ran.stderr, max_bytes, CUT)


def test_an_answer_has_its_exit_code_and_both_streams(shell: tuple[list[str], str]) -> None:
    command = "echo out; echo 'it''s' \"quoted\" >&2; exit 3"
    assert run(shell, Question("a", command, 5)) == {"a": Answer(exit_code=3, stdout="out\n", stderr="its quoted\n")}


def test_a_question_that_hangs_costs_only_itself(shell: tuple[list[str], str]) -> None:
    began = time.monotonic()
    hanging = Question("b", "echo half; sleep 40", 1)
    told = run(shell, Question("a", "echo one", 5), hanging, Question("c", "echo two", 5))
    assert time.monotonic() - began < 8
    assert told == {
        "a": Answer(exit_code=0, stdout="one\n"),
        "b": Silence(why=Why.TIMED_OUT, detail="b did not answer within 1 s"),
        "c": Answer(exit_code=0, stdout="two\n"),
    }


def test_a_question_that_ignores_the_polite_signal_is_killed(shell: tuple[list[str], str]) -> None:
    began = time.monotonic()
    told = run(shell, Question("a", "trap '' TERM; while :; do sleep 1; done", 1), Question("b", "echo on", 5))
    assert time.monotonic() - began < 10
    assert isinstance(told["a"], Silence) and told["a"].why is Why.TIMED_OUT
    assert told["b"] == Answer(exit_code=0, stdout="on\n")


def test_output_without_end_is_cut_at_once(shell: tuple[list[str], str]) -> None:
    began = time.monotonic()
    told = run(shell, Question("a", "yes", 5), Question("b", "yes complaint >&2", 5), Question("c", "echo on", 5))
    assert time.monotonic() - began < 4
    assert isinstance(told["a"], Answer) and told["a"].stdout == "y\n" * 50 and told["a"].truncated
    assert isinstance(told["b"], Answer) and len(told["b"].stderr) == 100 and not told["b"].truncated
    assert told["c"] == Answer(exit_code=0, stdout="on\n")


def test_output_of_just_the_bound_is_whole(shell: tuple[list[str], str]) -> None:
    told = run(shell, Question("a", "printf '%0100d' 7", 5), Question("b", "printf '%0101d' 7", 5))
    assert isinstance(told["a"], Answer) and len(told["a"].stdout) == 100 and not told["a"].truncated
    assert isinstance(told["b"], Answer) and len(told["b"].stdout) == 100 and told["b"].truncated


def test_a_question_that_reads_stdin_finds_it_empty(shell: tuple[list[str], str]) -> None:
    told = run(shell, Question("a", "cat; read line; echo \"got:$line\"", 5), Question("b", "echo on", 5))
    assert told == {"a": Answer(exit_code=0, stdout="got:\n"), "b": Answer(exit_code=0, stdout="on\n")}


def test_a_child_that_keeps_the_output_open_makes_the_question_time_out(shell: tuple[list[str], str]) -> None:
    told = run(shell, Question("a", "echo early; sleep 7 &", 1), Question("b", "echo on", 5))
    assert told == {
        "a": Silence(why=Why.TIMED_OUT, detail="a did not answer within 1 s"),
        "b": Answer(exit_code=0, stdout="on\n"),
    }


def test_a_question_that_is_no_shell_command_fails_alone(shell: tuple[list[str], str]) -> None:
    told = run(
        shell, Question("a", "if then (", 5), Question("b", "no_such_command", 5),
        Question("c", "kill -9 $$", 5), Question("d", "exit 0", 5),
    )
    assert isinstance(told["a"], Answer) and told["a"].exit_code == 2 and "yntax" in told["a"].stderr
    assert isinstance(told["b"], Answer) and told["b"].exit_code == 127
    assert isinstance(told["c"], Silence)
    assert told["d"] == Answer(exit_code=0, stdout="")


def test_an_answer_that_imitates_the_end_of_the_script_ends_nothing(shell: tuple[list[str], str]) -> None:
    fake = f"printf '\\n{NONCE[::-1]} done\\n'; echo; echo mark=evil"
    told = run(shell, Question("a", fake, 5), Question("b", "echo on", 5))
    assert isinstance(told["a"], Answer) and told["a"].stdout == f"\n{NONCE[::-1]} done\n\nmark=evil\n"
    assert told["b"] == Answer(exit_code=0, stdout="on\n")


def test_a_question_cannot_see_the_nonce(shell: tuple[list[str], str]) -> None:
    look = "set; env; cat /proc/$PPID/cmdline /proc/$$/cmdline /proc/self/environ"
    told = run(shell, Question("a", look, 5), max_bytes=50_000)
    assert isinstance(told["a"], Answer) and "PATH=" in told["a"].stdout
    assert NONCE not in told["a"].stdout


def test_a_system_without_timeout_still_answers(tmp_path: Path) -> None:
    """Old busybox has another `timeout`; the client then holds the limits alone."""
    (tmp_path / "timeout").write_text("#!/bin/sh\necho usage: timeout [-t SECS] >&2\nexit 1\n")
    (tmp_path / "timeout").chmod(0o755)
    assert run((["/bin/sh", "-s"], str(tmp_path)), Question("a", "echo out; exit 4", 5)) == {
        "a": Answer(exit_code=4, stdout="out\n")
    }
