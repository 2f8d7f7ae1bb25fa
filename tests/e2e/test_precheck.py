"""One system inspected from the shell, on the lab's real appliances."""
from __future__ import annotations

import json

import pytest

from tests.operator_site import Site

pytestmark = pytest.mark.lab


def precheck(lab: Site, system: str, *more: str):
    return lab.uplift("precheck", system, "--fleet", lab.fleet, "--target", "7.2.0", *more)


def test_a_healthy_system_is_ready(lab: Site):
    done = precheck(lab, "healthy", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (told["verdict"], told["contact"], told["source"]) == ("ready", "reached", "6.7.1.0 (cd7e9ac3)")
    assert [finding for finding in told["findings"] if finding["outcome"] in ("fail", "unknown")] == []


def test_what_stands_in_the_way_comes_first_and_in_words(lab: Site):
    done = precheck(lab, "full")
    assert done.returncode == 0, done.stderr
    assert "(cd7e9ac3); for 7.2.0: blocked" in done.stdout.splitlines()[0]
    first = next(line for line in done.stdout.splitlines() if line.startswith("sufficient_space"))
    assert "blocks, high" in first and "free and needs" in first


def test_a_system_whose_host_key_has_changed_is_not_logged_in_to(lab: Site):
    done = precheck(lab, "changed")
    assert done.returncode == 3, done.stderr
    assert "was not reached" in done.stdout and "host_key" in done.stdout


def test_a_system_that_the_fleet_file_does_not_have_is_one_sentence(lab: Site):
    done = precheck(lab, "nobody")
    assert done.returncode == 2 and "there is no system nobody in" in done.stderr and "Traceback" not in done.stderr
