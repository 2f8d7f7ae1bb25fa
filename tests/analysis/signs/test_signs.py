"""What a snapshot asks beyond the facts: recorded answers and what is read of them."""
from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks.analysis.signs import SIGNS, read
from tasks.model.answer import Answer, Silence, Why
from tasks.model.fact import Unknown
from tasks.model.profile import Profile
from tasks.model.snapshot import Area
from tests.asterisk_prints import asterisk, busybox

CASES = yaml.safe_load(Path(__file__).with_name("registered.yaml").read_text())
PORTS = Path(__file__).with_name("ports.txt").read_text()


@pytest.mark.parametrize("shell", ["coreutils", "busybox"])
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_registrations_are_read_alike_of_both_drivers(case: dict[str, Any], shell: str, tmp_path: Path) -> None:
    """Asked of a shell: what is not needed of Asterisk's tables is left out on the system itself."""
    command = asterisk(tmp_path, case["prints"], case.get("complaint", ""))
    profile = Profile.model_validate({"name": "odd", "commands": {"asterisk": command}})
    path = busybox(tmp_path / "applets") if shell == "busybox" else "/usr/bin:/bin"
    ran = subprocess.run(
        [shutil.which("sh", path=path) or "sh", "-c", SIGNS[Area.REGISTERED].ask(profile)], capture_output=True,
        text=True, env={"PATH": path, "LC_ALL": "C"}, stdin=subprocess.DEVNULL, timeout=30,
    )
    told = read(Area.REGISTERED, Answer(exit_code=ran.returncode, stdout=ran.stdout, stderr=ran.stderr))
    if "says" in case:
        assert isinstance(told, Unknown) and case["says"] in told.reason
    else:
        assert told == case["things"]
        assert not re.search(r"(?<!registration )\b(10|127)\.\d+\.\d+\.\d+", ran.stdout), "a phone's address leaves"


def test_ports_are_those_of_this_systems_own_processes_and_none_that_come_and_go() -> None:
    assert read(Area.PORTS, Answer(exit_code=0, stdout=PORTS)) == {
        "2020/tcp": "sshd", "3306/tcp": "mariadbd", "8088/tcp": "asterisk", "5060/udp": "asterisk",
    }


def test_a_login_that_sees_no_process_of_others_cannot_tell_the_ports() -> None:
    told = read(Area.PORTS, Answer(exit_code=0, stdout=PORTS.partition("--held--")[0]))
    assert isinstance(told, Unknown) and "may not see them" in told.reason


def test_services_are_known_by_any_name_of_theirs() -> None:
    answer = Answer(exit_code=0, stdout="asterisk\nmariadbd\nphp-fpm8.2\nsleep\nnginx\n")
    assert read(Area.SERVICES, answer) == {
        "asterisk": "running", "database": "running", "php": "running", "web": "running",
    }


def test_a_configuration_file_is_its_mode_owner_and_digest() -> None:
    told = read(Area.CONFIGURATION, Answer(exit_code=1, stdout=(
        f"--digests--\n{'a' * 64}  /etc/asterisk/sip.conf\n\\{'b' * 64}  /etc/odd\\nname\n{'c' * 64}  /script/a b.pl\n"
        "--modes--\n640 992:992 /etc/asterisk/sip.conf\n755 0:0 /script/a b.pl\n"
    )))
    assert told == {
        "/etc/asterisk/sip.conf": "640 992:992 aaaaaaaaaaaaaaaa", "/script/a b.pl": "755 0:0 cccccccccccccccc",
    }


@pytest.mark.parametrize("area", list(SIGNS))
def test_an_answer_that_is_empty_cut_or_missing_is_never_an_empty_system(area: Area) -> None:
    full = Answer(exit_code=0, stdout=PORTS, truncated=True)
    silent = Silence(why=Why.TIMED_OUT, detail="it took longer than 10 s")
    for answer in (Answer(exit_code=127, stdout=""), full, silent):
        told = read(area, answer)
        assert isinstance(told, Unknown) and told.reason


@pytest.mark.parametrize("area", list(SIGNS))
def test_a_question_is_one_line_with_the_profiles_words_quoted(area: Area) -> None:
    profile = Profile.model_validate({
        "name": "odd", "commands": {"asterisk": ["/opt/my pbx/asterisk", "-rx"]},
        "paths": {"asterisk_etc": "/etc/a b; rm -rf /"},
    })
    command = SIGNS[area].ask(profile)
    assert "\n" not in command
    assert "/opt/my pbx" not in command or "'/opt/my pbx/asterisk'" in command
    assert "rm -rf" not in command or "'/etc/a b; rm -rf /'" in command


@given(st.sampled_from(list(SIGNS)), st.text(max_size=400), st.text(max_size=40))
def test_no_answer_makes_a_parser_fall_over(area: Area, stdout: str, stderr: str) -> None:
    assert isinstance(read(area, Answer(exit_code=0, stdout=stdout, stderr=stderr)), (dict, Unknown))
