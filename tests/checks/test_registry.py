"""The folder is the registry: what it takes to add a check, and what is refused with file and line."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.checks import all_checks
from tasks.model.check import BadCheck

ROOT = Path(__file__).parents[2]
LATE = '''"""A system whose clock was never set writes calls into the wrong day.

Remedy: set the clock and let it be kept by NTP.
Client: The clock of your phone system is wrong, and we need to set it.
Otherwise: Calls are recorded with the wrong time.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import check
from tasks.model.facts import EvaluatedAt, Identity
from tasks.model.finding import Problem, Severity


@check(severity=Severity.MEDIUM, blocking=True)
def clock(identity: Identity, now: EvaluatedAt) -> Iterator[Problem]:
    off_s = abs((identity.clock - now.moment).total_seconds())
    if off_s > 300:
        yield Problem(subject="clock", summary=f"the clock is {off_s:.0f} s off")
'''
LATE_CASES = """
cases:
- name: a clock that is right
  facts: &right
    Identity: {machine_id: a, hostname: pbx, os_name: Debian, kernel: "6", uptime_s: 1, clock: 2026-11-23T12:01:00Z}
  expect: pass
- name: a clock that is an hour off
  facts:
    Identity: {machine_id: a, hostname: pbx, os_name: Debian, kernel: "6", uptime_s: 1, clock: 2026-11-23T13:00:00Z}
  expect:
  - {outcome: fail, subject: clock, severity: medium, blocking: true, summary: the clock is 3600 s off}
- name: the system did not say
  facts: {Identity: {unknown: timed out}}
  expect:
  - {outcome: unknown, subject: identity, severity: medium, blocking: true, summary: "identity: timed out"}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The project as far as checks need it, to which a check can be added."""
    for name in ("tasks", "tests/checks", "deployments/profiles"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def cases_in(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/checks/test_cases.py"],
        cwd=tree, env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, timeout=120, check=False,
    )


def test_a_check_is_added_by_one_python_file_and_one_case_file(tree: Path) -> None:
    (tree / "tasks/checks/clock.py").write_text(LATE)
    without_cases = cases_in(tree)
    assert without_cases.returncode == 1 and "show_it_passing_failing_and_not_knowing[clock]" in without_cases.stdout

    (tree / "tests/checks/clock.yaml").write_text(LATE_CASES)
    whole = cases_in(tree)
    assert whole.returncode == 0, whole.stdout
    assert "failed" not in whole.stdout

    (tree / "tasks/checks/clock.py").write_text(LATE.replace("> 300", "> 7200"))
    wrong = cases_in(tree)
    assert wrong.returncode == 1 and "[clock: a clock that is an hour off]" in wrong.stdout


def test_a_check_lives_in_any_folder(tmp_path: Path) -> None:
    (tmp_path / "clock.py").write_text(LATE)
    (check,) = all_checks(tmp_path)
    assert (check.id, check.remedy) == ("clock", "set the clock and let it be kept by NTP.")
    assert check.where == f"{tmp_path}/clock.py:16"


@pytest.mark.parametrize(
    ("mended", "by", "line", "why"),
    [
        ("identity: Identity, ", "identity: dict, ", 16, "nobody provides builtins.dict"),
        ("identity: Identity, ", "identity, ", 16, "parameter 'identity' needs the type of a fact"),
        ("identity: Identity, ", "identity: Identity | None, ", 16, "parameter 'identity' needs the type of a fact"),
        ("identity: Identity, ", "identity: Nowhere, ", 16, "name 'Nowhere' is not defined"),
        ("@check(severity=Severity.MEDIUM, blocking=True)", "", 1, "holds one check, this one holds 0"),
        ("severity=Severity.MEDIUM", "severity=Severity.INFO", 16, "what is only worth knowing is a Notice"),
        ("        yield Problem(", "        return Problem(", 16, "a check yields its findings"),
        ("Remedy:", "Remedies:", 16, "the module's docstring has no remedy"),
        ("Otherwise:", "Else:", 16, "the module's docstring has no otherwise"),
        ("Client:", "Customer:", 16, "the module's docstring has no client"),
        ("    off_s = ", "    off_s == = ", 18, "invalid syntax"),
    ],
)
def test_what_cannot_be_a_check_is_refused_with_file_and_line(
    tmp_path: Path, mended: str, by: str, line: int, why: str
) -> None:
    assert mended in LATE
    path = tmp_path / "clock.py"
    path.write_text(LATE.replace(mended, by))
    with pytest.raises(BadCheck) as refused:
        all_checks(tmp_path)
    assert str(refused.value).startswith(f"{path}:{line}: ") and why in str(refused.value)


def test_the_fleet_files_contact_is_not_the_contact_of_a_login(tmp_path: Path) -> None:
    other = LATE.replace("from tasks.model.facts import EvaluatedAt, Identity", "from tasks.model.fleet import Contact")
    (tmp_path / "clock.py").write_text(other.replace("identity: Identity, now: EvaluatedAt", "contact: Contact"))
    with pytest.raises(BadCheck, match=r"nobody provides tasks\.model\.fleet\.Contact"):
        all_checks(tmp_path)
