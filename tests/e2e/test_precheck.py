"""One system inspected from the shell, on the lab's real appliances."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.model.case import State, Step
from tasks.model.release import Release
from tasks.steps.intake import open_ticket
from tasks.steps.run_step import run_step
from tasks.wire.store import Store
from tests.operator_site import Site

pytestmark = pytest.mark.lab


def precheck(lab: Site, system: str, *more: str):
    return lab.uplift("precheck", system, "--fleet", lab.fleet, "--target", "7.2.0", *more)


def test_a_healthy_system_is_ready(lab: Site):
    done = precheck(lab, "healthy", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (told["verdict"], told["contact"], told["source"]) == ("ready", "reached", "6.7.1")
    assert [finding for finding in told["findings"] if finding["outcome"] in ("fail", "unknown")] == []


def test_what_stands_in_the_way_comes_first_and_in_words(lab: Site):
    done = precheck(lab, "full")
    assert done.returncode == 0, done.stderr
    assert "runs 6.7.1; for 7.2.0: blocked" in done.stdout.splitlines()[0]
    first = next(line for line in done.stdout.splitlines() if line.startswith("sufficient_space"))
    assert "blocks, high" in first and "free and needs" in first


def test_a_system_whose_host_key_has_changed_is_not_logged_in_to(lab: Site):
    done = precheck(lab, "changed")
    assert done.returncode == 3, done.stderr
    assert "was not reached" in done.stdout and "host_key" in done.stdout


def test_a_system_that_the_fleet_file_does_not_have_is_one_sentence(lab: Site):
    done = precheck(lab, "nobody")
    assert done.returncode == 2 and "there is no system nobody in" in done.stderr and "Traceback" not in done.stderr


def test_a_system_that_runs_the_target_already_has_nothing_to_be_done(lab: Site):
    done = lab.uplift("precheck", "full", "--fleet", lab.fleet, "--target", "6.7.1", "--json")
    told = json.loads(done.stdout)
    found = {finding["check_id"]: finding for finding in told["findings"] if finding["outcome"] == "fail"}
    assert told["verdict"] == "ready", done.stdout
    assert found["supported_hop"]["subject"] == "already_there" and "sufficient_space" in found


async def test_a_case_for_the_release_that_runs_goes_no_further_than_its_inspection(lab: Site, tmp_path: Path):
    with Store.open(f"sqlite:///{tmp_path}/uplift.db") as store:
        case, _ = open_ticket(store, home=lab.home, fleet=lab.fleet, system_id="healthy",
                              target=Release.parse("6.7.1"), order_ref="SO-already", by="the store")
        for step in (Step.INTAKE, Step.PRECHECK):
            case = await run_step(case.id, step, home=lab.home, store=store, now=store.now)
    assert (case.state, case.plan) == (State.NEEDS_ENGINEER, None)
    assert case.trouble.reason == "healthy runs 6.7.1 already: there is nothing to upgrade"
    assert case.trouble.remedy == "cancel the case, or open one for another release"
