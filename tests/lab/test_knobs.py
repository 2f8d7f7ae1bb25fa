"""The registry of the lab's knobs is whole: each check that an appliance can show has one, and each names its check."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from deployments.lab import knobs
from deployments.lab.addresses import Addresses
from deployments.lab.fleet import entry
from deployments.lab.knobs import all_knobs, knob_named, knob_names
from deployments.lab.spec import ApplianceSpec
from deployments.lab.trouble import LabError
from deployments.lab.wanted import plan
from tasks.checks import all_checks
from tasks.model.fleet import Fleet

WITHOUT_KNOB = {
    "api_keys": "it only tells what to ask, and the lab has no API",
    "reachable": "an appliance that cannot be reached is the swarm's part: refused, hanging, denied",
}


def test_every_check_has_a_knob_but_those_that_no_appliance_can_show():
    found = {knob.found_by for knob in all_knobs() if knob.found_by}
    assert sorted({check.id for check in all_checks()} - found - set(WITHOUT_KNOB)) == []
    assert sorted(found & set(WITHOUT_KNOB)) == []


@pytest.mark.parametrize("name", knob_names())
def test_a_knob_names_a_check_says_what_it_is_in_one_sentence_and_makes_a_valid_system(name: str):
    knob = knob_named(name)
    assert knob.found_by in {None, *(check.id for check in all_checks())}
    assert re.fullmatch(r"[A-Z].{10,180}\.", knob.what), knob.what
    wanted = plan([ApplianceSpec(knobs=(name,))], Addresses(), with_databases=False)[1]
    Fleet.model_validate({"systems": [entry(wanted)]})


def test_a_knob_sets_the_fields_of_the_appliance():
    assert ApplianceSpec(knobs=("disk_full", "plain_php")).disk_full
    assert ApplianceSpec(knobs=("disk_full", "plain_php")).plain_php


def test_an_unknown_knob_is_refused_with_the_command_that_lists_them():
    with pytest.raises(ValidationError, match="no knob 'nothing'; see `uplift lab knobs`"):
        ApplianceSpec(knobs=("nothing",))
    with pytest.raises(LabError, match="choose among"):
        knob_named("nothing")


def test_a_knob_that_contradicts_the_spec_is_refused():
    with pytest.raises(ValidationError, match="big_cdr sets rows"):
        ApplianceSpec(knobs=("big_cdr",), rows=5)


def test_an_appliance_is_made_anew_when_its_knob_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fingerprint(*names: str) -> str:
        return plan([ApplianceSpec(knobs=names)], Addresses(), with_databases=False)[1].fingerprint("recipe")

    before, other = fingerprint("plain_php"), fingerprint("foreign_module")
    assert before != other
    for name in ("plain_php", "foreign_module"):
        (tmp_path / f"{name}.py").write_text((Path(knobs.__file__).parent / f"{name}.py").read_text())
    monkeypatch.setattr(knobs, "__file__", str(tmp_path / "__init__.py"))
    assert fingerprint("plain_php") == before
    (tmp_path / "plain_php.py").write_text("# another")
    assert fingerprint("plain_php") != before
    assert fingerprint("foreign_module") == other
