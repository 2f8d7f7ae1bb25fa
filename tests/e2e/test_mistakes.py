"""What an operator can get wrong: exit code 2 and one sentence with the remedy, never a traceback."""
from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.model.answer import Contact, ContactState, Recording
from tasks.model.fleet import System
from tasks.model.release import Release
from tasks.model.sweep import SweepOptions, SweepPlan, Target
from tasks.wire.profile_file import load_profile
from tasks.wire.sweep_folder import SweepFolder
from tests.operator_site import Site

SYSTEM = {
    "id": "acme",
    "client": "Acme",
    "environment": "standalone",
    "edition": "business",
    "ssh": {"host": "127.30.250.250", "credential": "inspect"},
    "timezone": "Europe/London",
    "country": "GB",
    "profile": "lab",
}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text(json.dumps({"systems": [SYSTEM]}))
    return Site(fleet, home)


def write(site: Site, **changes: object) -> None:
    site.fleet.write_text(json.dumps({"systems": [{**SYSTEM, **changes}]}))


def credentials(site: Site, text: str) -> None:
    path = site.home / "credentials.yaml"
    path.write_text(text)
    path.chmod(0o600)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--target", "seven"), "--target 7.2.0"),
        (("--target", "7.2.0", "--select", "colour=red"), "colour"),
        (("--target", "7.2.0", "--select", "id=nobody"), "nobody"),
        (("--target", "7.2.0", "--concurrency", "0"), "concurrency"),
        ((), "--target"),
        (("--target", "7.2.0", "--frobnicate"), "--frobnicate"),
    ],
)
def test_a_wrong_option_is_told_in_one_sentence(site: Site, tmp_path: Path, options: tuple[str, ...], told: str):
    done = site.uplift("sweep", site.fleet, "--out", tmp_path / "out", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_fleet_file_is_named(site: Site, tmp_path: Path):
    done = site.uplift("sweep", tmp_path / "nowhere.yaml", "--target", "7.2.0", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "nowhere.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_fleet_file_is_refused_before_anything_is_started(site: Site, tmp_path: Path):
    write(site, timezone="Mars/Olympus", colour="red")
    done = site.uplift("sweep", site.fleet, "--target", "7.2.0", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "uplift fleet check" in done.stderr
    assert not (tmp_path / "out/run.json").exists()


def test_an_unknown_profile_is_told_with_those_that_there_are(site: Site, tmp_path: Path):
    write(site, profile="nonesuch")
    done = site.uplift("sweep", site.fleet, "--target", "7.2.0", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "nonesuch" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "credentials.yaml"),
        ("credentials: {other: {agent: true}}", "inspect"),
        ("credentials: {inspect: {key_file: /nowhere/key}}", "/nowhere/key"),
        ("credentials: [", "credentials.yaml"),
    ],
)
def test_a_missing_credential_is_told_before_anything_is_started(
    site: Site, tmp_path: Path, text: str | None, told: str
):
    if text is not None:
        credentials(site, text)
    done = site.uplift("sweep", site.fleet, "--target", "7.2.0", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out/run.json").exists()


def test_resuming_where_nothing_is_begins_no_new_sweep(site: Site, tmp_path: Path):
    done = site.uplift("sweep", site.fleet, "--target", "7.2.0", "--out", tmp_path / "typo", "--resume")
    assert done.returncode == 2
    assert "holds no sweep to go on with" in done.stderr


def test_judging_a_folder_without_a_sweep_says_what_to_name(site: Site, tmp_path: Path):
    done = site.uplift("judge", tmp_path)
    assert done.returncode == 2
    assert "holds no sweep" in done.stderr


def test_errors_are_json_for_programs(site: Site, tmp_path: Path):
    done = site.uplift("judge", tmp_path, "--json")
    assert done.returncode == 2
    error = json.loads(done.stdout or done.stderr)["error"]
    assert set(error) == {"code", "message", "remedy"}
    assert error["code"] == "no_sweep"


def test_an_incomplete_sweep_is_never_reported_as_one_of_the_whole_fleet(site: Site, tmp_path: Path):
    """As a kill leaves it: one of two systems has answered."""
    folder = SweepFolder(tmp_path / "out", site.home)
    now = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
    systems = [System.model_validate({**SYSTEM, "id": name, "ssh": {"host": name, "credential": "inspect"}})
               for name in ("one", "two")]
    plan = SweepPlan(
        sweep_id="killed", started_at=now, options=SweepOptions(target=Release.parse("7.2.0")), fleet_file="fleet.yaml",
        systems=2, profiles={"lab": load_profile("lab", home=site.home)},
    )
    folder.create(plan, tuple(Target(system=system, profile="lab") for system in systems))
    refused = Contact(state=ContactState.REFUSED, detail="refused")
    with folder.appending(0) as appender:
        appender.append(Recording(system_id="one", started_at=now, elapsed_s=1, contact=refused))

    done = site.uplift("judge", folder.path)
    assert done.returncode == 2
    assert "the answers of 1 of its 2 systems; complete it with `uplift sweep --resume`" in done.stderr
    assert not (folder.path / "report.html").exists()

    with folder.appending(0) as appender:
        appender.append(Recording(system_id="two", started_at=now, elapsed_s=1, contact=refused))
    assert "writing the report" in site.uplift("judge", folder.path).stderr
    done = site.uplift("judge", folder.path, "--json")
    assert (done.returncode, done.stderr) == (3, "")
    assert (json.loads(done.stdout)["systems"], json.loads(done.stdout)["unreachable"]) == (2, 2)
