"""Docs and code match: commands that docs show exist with their options, and files that they name are there."""
from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from deployments.cli.main import MOUNTS, NESTED
from tasks.checks import all_checks
from tasks.model.fleet import Fleet
from tasks.model.profile import Profile

ROOT = Path(__file__).parents[2]
DOCS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
MAKE = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def code_of(text: str) -> str:
    return "\n".join(re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


def commands() -> list[tuple[str, str]]:
    found = []
    for path in DOCS:
        text = path.read_text()
        lines = [line.removeprefix("$ ") for line in code_of(text).splitlines() if line.startswith("$ ")]
        lines += re.findall(r"`((?:\.venv/bin/)?uplift [^`]+)`", text)
        found += [(path.name, line.split(" #")[0].strip().removeprefix(".venv/bin/")) for line in lines]
    return found


@pytest.mark.parametrize(("page", "line"), [each for each in commands() if each[1].startswith("uplift ")])
def test_a_command_that_the_docs_show_exists_with_its_options(page: str, line: str):
    words = shlex.split(line.replace("…", "X"))[1:]
    for name in words[0].split("|"):
        nested = NESTED.get((name, words[1])) if words[1:] else None
        command = (nested or MOUNTS[name]).load()
        rest = words[2:] if nested else words[1:]
        if isinstance(command, click.Group) or hasattr(command, "commands"):
            if not rest:
                continue
            for part in rest[0].split("|"):
                assert part in command.commands, f"{page}: {line}"
            command, rest = command.commands[rest[0].split("|")[0]], rest[1:]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word.split("=")[0] for word in rest if word.startswith("--")} <= known, f"{page}: {line}"


@pytest.mark.parametrize(("page", "line"), [each for each in commands() if each[1].startswith("make ")])
def test_a_make_target_that_the_docs_show_exists(page: str, line: str):
    assert shlex.split(line)[1] in MAKE, page


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(path: Path):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_commands_of_the_script_are_all_documented():
    text = "\n".join(path.read_text() for path in DOCS)
    assert [name for name in MOUNTS if f"uplift {name}" not in text] == []


@pytest.mark.parametrize("group", ["case", "engineers", "ticket", "hold"])
def test_every_command_of_a_group_is_documented(group: str):
    text = "\n".join(path.read_text() for path in DOCS)
    names = MOUNTS[group].load().commands
    assert [name for name in names if not re.search(rf"uplift {group} (\w+\|)*{name}\b", text)] == []


def test_every_section_of_a_profile_is_described():
    text = (ROOT / "docs/profiles.md").read_text()
    sections = [name for name in Profile.model_fields if name != "name"]
    assert [name for name in sections if f"`{name}`" not in text] == []


def test_every_check_is_listed_in_the_guide():
    text = (ROOT / "docs/checks.md").read_text()
    assert [check.id for check in all_checks() if f"`{check.id}`" not in text] == []


def test_the_fleet_file_of_the_guide_is_valid():
    text = (ROOT / "docs/operators.md").read_text()
    block = re.search(r"^```yaml\n(systems:.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert block
    assert Fleet.model_validate(yaml.safe_load(block[1])).systems[0].id == "northgate"


@pytest.mark.parametrize("name", ["lab", "pbxware"])
def test_the_shipped_profiles_are_valid(name: str):
    text = (ROOT / f"deployments/profiles/{name}.yaml").read_text()
    assert Profile.model_validate(yaml.safe_load(text)).name == name
