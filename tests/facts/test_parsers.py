"""Every parser over its recorded answers: ``<fact>/<case>.yaml`` holds what a system said and the fact it is.

A case has ``answer`` (shell) or ``rows`` (SQL), and ``fact`` (plain data) or ``unreadable`` (words of the complaint).
"""
from __future__ import annotations

import dataclasses
import time
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.facts import all_facts, shell_facts, sql_facts
from tasks.model.answer import Answer, Rows
from tasks.model.fact import ShellFact, SqlFact, Unreadable
from tasks.model.release import Release

HERE = Path(__file__).parent
FACTS = {fact.name: fact for fact in all_facts()}
CASES = sorted(HERE.glob("*/*.yaml"))


def plain(value: Any) -> Any:
    """A fact as the data that a YAML file holds."""
    if isinstance(value, Release):
        return f"{value} ({value.build})" if value.build else str(value)
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(plain(item) for item in value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_recorded_answer_is_read_as_its_fact(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    fact = FACTS[path.parent.name]
    if isinstance(fact, ShellFact):
        answer: Any = Answer.model_validate(case["answer"])
    else:
        answer = Rows.model_validate(case["rows"])
    if "unreadable" in case:
        with pytest.raises(Unreadable) as complaint:
            fact.parse(answer)
        assert case["unreadable"] in str(complaint.value)
        assert str(complaint.value).count("\n") == 0
        return
    told = fact.parse(answer)
    assert isinstance(told, fact.of)
    assert plain(told) == case["fact"]


def test_every_fact_has_a_case_that_is_read_and_one_that_is_not() -> None:
    told = {(path.parent.name, "unreadable" in yaml.safe_load(path.read_text())) for path in CASES}
    assert told == {(name, unreadable) for name in FACTS for unreadable in (False, True)}


# Words that parsers look for, so that arbitrary text comes near to what they know.
WORDS = st.sampled_from([
    "--bytes--\n", "--inodes--\n", "--release--\n", "--edition--\n", "--settings--\n", "--modules--\n", "--peers--\n",
    "--endpoints--\n", "--readable--\n", "--unreadable--\n", "folder\n", "release 1 /opt\n", "release 99999999999 x\n",
    "clock=", "2026-11-23T16:48:42+0000\n", "hostname=a\n", "kernel=b\n", "uptime_s=", "1.5\n", "nan\n", "1e999\n",
    "/dev/vda 100 10 90 10% /\n", "/dev/vda - - -5 - /x\n", "wrapped\n", " 1 2 3 4% /y\n", "Asterisk 16.28.0 built\n",
    "PBXware v6.7.1.0 (cd7e9ac3)\n", "multi-tenant\n", "domain=x\n", "1 modules loaded\n", "chan_sip.so Running\n",
    "4 sip peers\n", "Objects found: 4\n", "size 1 a.so\n", f"sum a.so:{'0' * 32}\n", "use macro a:1\n",
    "cron 0 /x/y\n", "plain_php 9 /a/b.php\n", "  1 encoded /a\n", "script 99999999999 /s\n", "\x1b[0;37m",
    "\x1b[", "=",
    "--registry--\n", "--outbound--\n", "--count--\n", "--channels--\n", "--translation--\n", "listed\n",
    "--trunks--\n",
    "--running--\n", "--configured--\n", "--uptime--\n", "absent\n", "peer 101 dynamic known OK\n", "endpoint 101\n",
    "contact 101 Avail\n", "contact\n", "trunk 101\n", "trunk\n", "registration a Rejected\n", "1 active call\n",
    "channel 9 Up Echo SIP/1\n", "running a.so\n", "codecs chan_sip a b|c\n", " ulaw alaw\n", "now 2026-11-23 12:00\n",
    "first Feb 29 07\n", "first 2026-11-23 07\n", "hour 1 2 Feb 29 07\n", "hour 1 2 x\n", "sources ::1\n", "list a 1\n",
    "blocked ::1 a\n", "transport udp udp\n", "System uptime: 9\n", "asterisk\n", "--places--\n", "held /\n",
    "dangling /a\n", "--held--\n", "--heldinodes--\n", "--options--\n",
    "ro /\n", "load 0.1 0.2 0.3 1/2 3\n", "MemTotal: 5 kB\n", "--running--\n", "--offset--\n", "+0100\n", "-9999\n",
    "--ntp--\n", "====\n", "--told--\n", "expires=", "2027-01-01\n", "cert\t./pjsip.conf:1\t/a\n",
    "file\tfound\tcert\t/a\n", "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n", "@daily\tx\t/y\n",
    "--programs--\n", "--locks--\n", "--files--\n", "--end--\n",
])
TEXT = st.lists(WORDS | st.text(max_size=20), max_size=12).map("".join)
CELL = st.none() | st.integers() | st.floats() | TEXT | st.sampled_from([
    "0000-00-00 00:00:00", "2026-11-23T01:02:03", "column", "index", "calldate", "cdr", 6, 23, 86_399, -90_000,
])


@given(st.sampled_from(shell_facts()), TEXT, TEXT, st.integers(0, 255), st.booleans())
@settings(max_examples=600, deadline=None)
def test_no_shell_parser_raises_anything_but_unreadable(
    fact: ShellFact[Any], stdout: str, stderr: str, exit_code: int, truncated: bool
) -> None:
    try:
        told = fact.parse(Answer(exit_code=exit_code, stdout=stdout, stderr=stderr, truncated=truncated))
    except Unreadable as complaint:
        assert str(complaint)
    else:
        assert isinstance(told, fact.of)


@given(st.sampled_from(sql_facts()), st.data())
@settings(max_examples=600, deadline=None)
def test_no_sql_parser_raises_anything_but_unreadable(fact: SqlFact[Any], data: st.DataObject) -> None:
    known = [path for path in CASES if path.parent.name == fact.name]
    real = yaml.safe_load(known[0].read_text())["rows"]["columns"] if known else ["a"]
    columns = data.draw(st.just(tuple(real)) | st.lists(st.sampled_from(real), unique=True).map(tuple))
    rows = data.draw(st.lists(st.tuples(*[CELL] * len(columns)), max_size=4))
    try:
        told = fact.parse(Rows(columns=columns, rows=tuple(rows)))
    except Unreadable as complaint:
        assert str(complaint)
    else:
        assert isinstance(told, fact.of)


def test_the_longest_answer_is_read_quickly() -> None:
    """A parser that backtracks on hostile text would hold up a whole sweep."""
    heads = ("", *(f"--{name}--\n" for name in ("bytes", "release", "readable", "settings", "modules")), "folder\n")
    hostile = ("a " * 120_000, "/" * 250_000, "[" * 250_000, "1 " * 125_000, "Asterisk " * 28_000, "\x1b[" * 125_000)
    for fact in shell_facts():
        for text in hostile:
            began = time.perf_counter()
            for head in heads:
                try:
                    fact.parse(Answer(exit_code=0, stdout=head + text))
                except Unreadable:
                    continue
            assert time.perf_counter() - began < 1.0, fact.name
