"""The matrix of the inspection: each knob is found by its check and by no other, each fault costs its own system only.

One lab holds a real appliance for each knob and a healthy one, and a swarm of which every second system has a fault. It
is swept once as it is, and its swarm once more without the faults. UPLIFT_PROVE_POINTS below 40 takes a seeded sample
of knobs and of faults; a whole run writes its table into docs/checks.md.
"""
from __future__ import annotations

import os
import random
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from deployments.lab.addresses import Addresses
from deployments.lab.down import down
from deployments.lab.knobs import knob_named, knob_names
from deployments.lab.spec import ApplianceSpec
from deployments.lab.swarm import control
from deployments.lab.up import Lab, Swarm, up
from tests.operator_site import Site
from tests.prove import inspection_page as page

pytestmark = [pytest.mark.prove, pytest.mark.lab]
SEED = os.environ.get("UPLIFT_PROVE_SEED", "1")
POINTS = int(os.environ.get("UPLIFT_PROVE_POINTS", "40"))
WHOLE = POINTS >= 40
NETWORK = 43
ALSO: dict[tuple[str, str], str] = {
    ("asterisk_stopped", check): "a stopped Asterisk tells nothing: unknown"
    for check in (
        "calls_up", "chan_sip_in_use", "codec_not_available", "dropped_modules", "g729_transcoding",
        "modules_not_loaded", "nobody_registered", "stuck_channel", "transport_not_running", "trunk_down",
        "unreachable_extensions",
    )
}
"""What may be found beside a knob because it cannot be otherwise: (knob, check) to the reason."""

MEASURED_ANEW = {"clock_offset"}
"""Checks whose figure is measured in each visit: two sweeps agree in all but that."""

FAULTS = {          # what the report must say of a system with it
    "refuse": r"not reached \(refused\): .* refused the connection",
    "hang:banner": r"not reached \(timed out\): .* within \d+ s",
    "hang:kex": r"not reached \(timed out\): .* did not finish the login within \d+ s",
    "hang:auth": r"not reached \(timed out\): .* did not finish the login within \d+ s",
    "deny": r"not reached \(auth failed\): .* refused the credential",
    "changed_key": r"host key seen SHA256:\S+, recorded SHA256:\S+; compare it on the console",
    "hang:channel": r"\w+: .*opened no shell|over before",
    "hang:question:mounts": r"mounts: mounts did not answer within \d+ s",
    "hang:all:modules": r"did not answer within|over before|stalled|no shell|did not finish",
    "drop:mounts": r"the connection ended",
    "flood:modules": r"did not end within what is read|more than is read",
    "non_utf8:mounts": r"",
    "no_permission:mounts": r"mounts: expected",
    "no_permission:database_credentials": r"pbxware\.ini cannot be read where the profile says it is",
    "gzip_bomb:configuration_errors": r"configuration_errors: expected",
    "slow:custom_files": r"custom_files did not answer within \d+ s",
    "hang:mysql": r"the database did not finish the login within \d+ s",
    "mysql_gone": r"no tunnel to the database at \S+: nothing answers there",
    "mysql_lost": r"the database ended the session",
    "mysql_slow:4000": r"the database did not finish the login within \d+ s",
    "wrong_login": r"the database refused the login that pbxware\.ini holds",
}


def chosen(things: list[str]) -> list[str]:
    return things if WHOLE else sorted(random.Random(SEED).sample(things, min(POINTS, len(things))))


KNOBS, TROUBLES = chosen(list(knob_names())), chosen(list(FAULTS))
SYSTEM_OF = {fault: f"swarm-{2 * place:05}" for place, fault in enumerate(FAULTS, 1)}
MOST = 2 * len(FAULTS) + 1


@dataclass(frozen=True)
class Seen:
    """What a sweep found, and what one of the same swarm without faults did."""

    findings: pd.DataFrame
    verdicts: dict[str, str]
    undisturbed: pd.DataFrame

    def stand(self, system: str) -> pd.DataFrame:
        frame = self.findings
        return frame[(frame.system_id == system) & frame.outcome.isin(["fail", "unknown"]) & (frame.severity != "info")]


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    directory = Path(tempfile.mkdtemp(prefix="uplift-matrix-", dir="/var/tmp"))
    try:
        yield inspected(directory)
    finally:
        down(directory / "lab")
        shutil.rmtree(directory, ignore_errors=True)


def inspected(directory: Path) -> Seen:
    specs = [ApplianceSpec(name="healthy"), *(ApplianceSpec(name=system_of(name), knobs=(name,)) for name in KNOBS)]
    faults = {int(SYSTEM_OF[fault].removeprefix("swarm-")): fault for fault in TROUBLES}
    lab = up(directory / "lab", specs, Swarm(MOST, faults), network=NETWORK)
    site = Site(lab.fleet, lab.home)
    swept(site, lab.fleet, directory / "out")
    without_faults(lab)
    swept(site, site.narrowed(directory, "swarm-"), directory / "undisturbed")
    systems = pd.read_parquet(directory / "out/systems.parquet").set_index("id")
    return Seen(
        pd.read_parquet(directory / "out/findings.parquet"), systems.verdict.to_dict(),
        pd.read_parquet(directory / "undisturbed/findings.parquet"),
    )


def without_faults(lab: Lab) -> None:
    control.start(lab.directory, MOST, list(lab.databases), network=Addresses(NETWORK).swarm)


def swept(site: Site, fleet: Path, out: Path) -> None:
    done = site.uplift("sweep", fleet, "--target", "7.2.0", "--out", out)
    assert done.returncode in (0, 3), done.stderr


def system_of(knob: str) -> str:
    return knob.replace("_", "-")


def row_of(seen: Seen, name: str) -> page.KnobRow:
    knob = knob_named(name)
    found = sorted({check for check in seen.stand(system_of(name)).check_id if (name, check) not in ALSO})
    return page.KnobRow(name, knob.what, knob.found_by, tuple(found))


def fault_row(seen: Seen, fault: str) -> page.FaultRow:
    said = sorted(set(map(page.without_address, reasons(seen, fault))))
    if FAULTS[fault] == "":
        return page.FaultRow(fault, ("nothing: it is read around",), not said)
    clear = bool(said) and all(re.search(FAULTS[fault], reason) for reason in reasons(seen, fault))
    return page.FaultRow(fault, tuple(said), clear and seen.verdicts[SYSTEM_OF[fault]] != "ready")


def reasons(seen: Seen, fault: str) -> list[str]:
    """What is found of the system only because of its fault."""
    before = set(told(seen.undisturbed, SYSTEM_OF[fault]))
    stands = set(told(seen.stand(SYSTEM_OF[fault]), SYSTEM_OF[fault])) - before
    return sorted(summary for *_, summary in stands)


def told(findings: pd.DataFrame, system: str) -> list[tuple[str, ...]]:
    frame = findings[findings.system_id == system][["check_id", "subject", "outcome", "severity", "summary"]]
    return [
        (check, *rest, re.sub(r"[\d,.]+", "…", summary) if check in MEASURED_ANEW else summary)
        for check, *rest, summary in frame.astype(str).itertuples(index=False, name=None)
    ]


def test_a_healthy_appliance_is_silent(seen: Seen):
    assert told(seen.stand("healthy"), "healthy") == []


@pytest.mark.parametrize("name", KNOBS)
def test_a_knob_is_found_by_its_check_and_by_no_other(seen: Seen, name: str):
    assert row_of(seen, name).held, seen.stand(system_of(name))[["check_id", "subject", "summary"]].to_string()


@pytest.mark.parametrize("fault", TROUBLES)
def test_a_fault_ends_in_a_clear_reason_for_its_system(seen: Seen, fault: str):
    row = fault_row(seen, fault)
    assert row.held, row


@pytest.mark.parametrize("fault", TROUBLES)
def test_what_a_faulty_system_still_told_is_judged_as_without_the_fault(seen: Seen, fault: str):
    before = set(told(seen.undisturbed, SYSTEM_OF[fault]))
    now = {row for row in told(seen.findings, SYSTEM_OF[fault]) if row[2] not in ("unknown", "skipped")}
    assert now - before <= {row for row in now if row[0] in ("reachable", "host_key")}


def test_the_rest_of_the_swarm_is_unharmed(seen: Seen):
    faulty = {SYSTEM_OF[fault] for fault in TROUBLES}
    neighbours = sorted(set(seen.undisturbed.system_id) - faulty)
    assert len(neighbours) == MOST - len(faulty)
    assert {s: told(seen.findings, s) for s in neighbours} == {s: told(seen.undisturbed, s) for s in neighbours}


def test_the_page_tells_what_was_seen(seen: Seen):
    text = page.table(
        [row_of(seen, name) for name in KNOBS], [fault_row(seen, fault) for fault in TROUBLES], MOST - len(TROUBLES)
    )
    assert not re.search(r"\d\d:\d\d|127\.(?!0\.0\.1)", text)
    if WHOLE:
        page.write(text)
