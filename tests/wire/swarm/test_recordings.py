"""The swarm's answers have the form of those that were recorded on the lab's appliances."""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from deployments.lab.spec import SwarmDatabase
from deployments.lab.swarm.answers import Speaker
from deployments.lab.swarm.draw import draw
from deployments.lab.swarm.says_system import df
from deployments.lab.swarm.traits import Traits
from tasks.facts import shell_facts
from tasks.model.answer import Answer
from tasks.model.facts import Edition, SipDriver

DATABASE = SwarmDatabase("small", "127.23.0.1", 3306, "pbxware", "secret")
SYSTEMS = [draw(1, number) for number in range(1, 301)]
TABLES = {
    "bytes": ("1024-blocks", "Used", "Available", "Capacity"),
    "inodes": ("Inodes", "IUsed", "IFree", "IUse%"),
}
TABLES |= {"held": TABLES["bytes"], "heldinodes": TABLES["inodes"]}


def recorded(fact: str) -> list[Answer]:
    files = sorted(Path("tests/facts", fact).glob("appliance_*.yaml"))
    answers = [yaml.safe_load(file.read_text())["answer"] for file in files]
    return [Answer.model_validate(answer) for answer in answers]


def said(fact: str, traits: Traits) -> Answer:
    return Speaker(traits, DATABASE).reply(fact)


FORMS = {                       # lines that are all value
    "zone": r"(/usr/share/zoneinfo/)?(Africa|America|Asia|Australia|Etc|Europe|Pacific)/[\w/-]+|/etc/localtime",
    "base64": r"[A-Za-z0-9+/]{20,76}={0,2}",
    "kernel": r"(/lib/modules/)?\d+\.\d+\.\d+[\w.-]*/?",
    "offset": r"[+-]\d{4}",
    "job": r"(@\w+|\S+ \S+ \S+ \S+ \S+)\t.*",
}


def openings(answer: Answer) -> Iterator[str]:
    """How each line begins: its label, its section mark, its first word, or what it is; numbers are all one."""
    for line in answer.stdout.splitlines():
        form = next((form for form, pattern in FORMS.items() if re.fullmatch(pattern, line)), None)
        if form:
            yield form
            continue
        yield re.sub(r"\d+", "0", re.split(r"[ =:\t]", line.strip())[0])


@pytest.mark.parametrize("fact", [fact.name for fact in shell_facts() if fact.name not in ("mounts", "sip_drivers")])
def test_every_line_begins_as_a_recorded_one(fact: str) -> None:
    known = {opening for answer in recorded(fact) for opening in openings(answer)}
    ours = {opening for traits in SYSTEMS for opening in openings(said(fact, traits))}
    assert ours <= known | {"", *Edition}


@pytest.mark.parametrize("fact", [fact.name for fact in shell_facts()])
def test_the_marks_of_sections_are_those_of_a_recorded_answer(fact: str) -> None:
    def marks(answer: Answer) -> list[str]:
        return re.findall(r"^--[a-z]+--$", answer.stdout, re.MULTILINE)

    known = [marks(answer) for answer in recorded(fact)]
    assert all(marks(said(fact, traits)) in known for traits in SYSTEMS)


def test_the_version_of_asterisk_is_the_same_to_the_letter() -> None:
    assert said("asterisk_version", SYSTEMS[0]) in recorded("asterisk_version")


def test_modules_are_listed_as_recorded() -> None:
    """The recordings are excerpts: each of their lines, foreign modules aside, is one of the swarm's."""
    plain = next(traits for traits in SYSTEMS if not traits.foreign_module)
    ours = said("modules", plain).stdout.splitlines()
    for answer in recorded("modules"):
        lines = [line for line in answer.stdout.splitlines() if "codec_g729" not in line]
        assert len(lines) > 5
        assert set(lines) <= set(ours)


def test_the_tables_of_df_are_rendered_as_recorded() -> None:
    for answer in recorded("mounts"):
        tables = r"^--(\w*(?:bytes|held|inodes))--\n((?:(?!--).*\n)+)"
        for name, text in re.findall(tables, answer.stdout, re.MULTILINE):
            rows = [line.split(maxsplit=5) for line in text.splitlines()[1:]]
            cells = [(row[0], int(row[1]), int(row[2]), int(row[3]), row[5]) for row in rows]
            assert df(TABLES[name], cells) == text


@pytest.mark.parametrize("driver", list(SipDriver))
def test_the_drivers_are_listed_as_recorded(driver: SipDriver) -> None:
    """The list of modules to the letter, and of each other section the line that counts."""
    def form(answer: Answer) -> list[str]:
        modules, _, rest = answer.stdout.partition("--peers--\n")
        counted = re.findall(r"^(?:Objects found|No such command|\d+ sip peers).*$", rest, re.MULTILINE)
        return [modules, *(re.sub(r"\d+", "0", line) for line in counted)]

    traits = next(traits for traits in SYSTEMS if traits.drivers == (driver,))
    assert form(said("sip_drivers", traits)) in [form(answer) for answer in recorded("sip_drivers")]
