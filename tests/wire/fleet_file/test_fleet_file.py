"""Fleet files: good ones are read as they were meant, broken ones are told every error at once."""
from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest
import yaml

from tasks.model.errors import FleetErrors, UserError
from tasks.model.facts import Edition
from tasks.model.fleet import Environment
from tasks.wire.fleet_file import load_fleet
from tasks.wire.fleet_secrets import REMEDY
from tasks.wire.fleet_writer import fleet_yaml

HERE = Path(__file__).parent
GOOD = HERE / "good"
BROKEN = sorted((HERE / "broken").iterdir())
EXPECTED = yaml.safe_load((HERE / "expected_errors.yaml").read_text(encoding="utf-8"))


def system(**changed: object) -> dict[str, object]:
    """A whole system as it would stand in fleet.yaml."""
    ssh = {"host": "192.0.2.1", "credential": "inspect"}
    entry: dict[str, object] = {"id": "a", "client": "A", "environment": "standalone", "edition": "business"}
    return {**entry, "ssh": ssh, "timezone": "UTC", "country": "GB", **changed}


def written(path: Path, *systems: dict[str, object]) -> Path:
    path.write_text(yaml.safe_dump({"systems": list(systems)}), encoding="utf-8")
    return path


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.name)
def test_a_broken_fleet_is_told_every_error_with_its_line_and_remedy(path: Path) -> None:
    with pytest.raises(FleetErrors) as told:
        load_fleet(path)
    errors = [[each.line, each.system_id, each.message, each.remedy.replace(REMEDY, "remove it …")]
              for each in told.value.errors]
    assert errors == EXPECTED[path.name]
    assert {each.file for each in told.value.errors} == {str(path)}


def test_every_expectation_has_its_broken_fleet() -> None:
    assert sorted(EXPECTED) == [path.name for path in BROKEN]


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.name)
def test_no_error_repeats_a_secret(path: Path) -> None:
    with pytest.raises(FleetErrors) as told:
        load_fleet(path)
    said = "\n".join(map(str, told.value.errors)) + str(told.value)
    assert not [secret for secret in ("swordfish", "hunter2", "c3dvcmRmaXNo", "-----BEGIN") if secret in said]


def test_yaml_and_csv_say_the_same() -> None:
    assert load_fleet(GOOD / "fleet.yaml") == load_fleet(GOOD / "fleet.csv")


def test_a_field_means_what_its_author_wrote() -> None:
    acme, bolt = load_fleet(GOOD / "fleet.yaml").systems
    assert acme.country == "NO", "Norway is not false"
    assert acme.business_hours[0].closes == time(17, 30), "17:30 is not 1050"
    assert acme.blackout[1].first == date(2027, 1, 1)
    assert (acme.ssh.port, acme.ssh.user) == (2020, "root")
    assert [contact.approves for contact in acme.contacts] == [True, False]
    assert acme.overrides == {"space": {"inodes": 90000}, "paths": {"backup": "/srv/backup"}}
    assert (bolt.environment, bolt.edition) == (Environment.SERVERWARE, Edition.MULTI_TENANT)
    assert bolt.serverware is not None and bolt.serverware.vps_id == "vps-7"
    assert bolt.profile == "pbxware"


def test_a_fleet_written_as_yaml_is_read_back_the_same(tmp_path: Path) -> None:
    fleet = load_fleet(GOOD / "fleet.csv")
    (tmp_path / "fleet.yaml").write_text(fleet_yaml(fleet), encoding="utf-8")
    assert load_fleet(tmp_path / "fleet.yaml") == fleet


def test_a_folder_is_one_fleet_and_an_id_may_stand_in_one_file_only(tmp_path: Path) -> None:
    (tmp_path / "north").mkdir()
    written(tmp_path / "a.yaml", system(id="a"))
    written(tmp_path / "north" / "b.yml", system(id="b", ssh={"host": "192.0.2.2", "credential": "inspect"}))
    (tmp_path / "README.md").write_text("not a fleet")
    (tmp_path / ".draft.yaml").write_text("not: yet")
    assert [each.id for each in load_fleet(tmp_path).systems] == ["a", "b"]

    written(tmp_path / "c.yaml", system(id="a", ssh={"host": "192.0.2.3", "credential": "inspect"}))
    with pytest.raises(FleetErrors) as told:
        load_fleet(tmp_path)
    assert [(each.file, each.system_id, each.message) for each in told.value.errors] == [
        (str(tmp_path / "c.yaml"), "a", f"the id 'a' stands twice (first in {tmp_path / 'a.yaml'}:2)")
    ]


def test_a_byte_order_mark_and_windows_line_ends_are_no_error(tmp_path: Path) -> None:
    text = (GOOD / "fleet.csv").read_text(encoding="utf-8").replace("\n", "\r\n")
    (tmp_path / "fleet.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load_fleet(tmp_path / "fleet.csv") == load_fleet(GOOD / "fleet.csv")


@pytest.mark.parametrize("name", ["missing.yaml", "fleet.txt", "folder"])
def test_what_is_no_fleet_file_is_one_clear_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "fleet.txt").write_text("x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError) as told:
        load_fleet(tmp_path / name)
    assert told.value.code == "fleet_missing"
    assert str(tmp_path / name) in told.value.message


def test_overrides_are_checked_against_the_site_s_own_profile(tmp_path: Path) -> None:
    profiles = tmp_path / "home" / "profiles"
    profiles.mkdir(parents=True, mode=0o700)
    (profiles / "site.yaml").write_text("name: site\nspace: {inodes: 5}\n")
    good = written(tmp_path / "good.yaml", system(profile="site", overrides={"space": {"inodes": 7}}))
    assert load_fleet(good, home=tmp_path / "home").systems[0].profile == "site"
    bad = written(tmp_path / "bad.yaml", system(profile="site", overrides={"space": {"inodes": "many"}, "name": "x"}))
    with pytest.raises(FleetErrors) as told:
        load_fleet(bad, home=tmp_path / "home")
    assert "name" in str(told.value.errors[0])


def test_a_line_that_is_not_utf8_is_told_whatever_the_files_name(tmp_path: Path) -> None:
    path = tmp_path / "a: b/fleet: old.yaml"
    path.parent.mkdir()
    path.write_bytes(b"systems:\n  - id: caf\xe9\n")
    with pytest.raises(FleetErrors) as told:
        load_fleet(path)
    assert [(each.line, each.message) for each in told.value.errors] == [(2, "the text is not UTF-8")]


def test_a_profile_is_named_never_found_by_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may write one line of the fleet file must not choose which file of this machine holds the commands."""
    (tmp_path / "mine.yaml").write_text("name: mine.yaml\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FleetErrors, match=r"there is no profile .mine\.yaml."):
        load_fleet(written(tmp_path / "fleet.yml", system(profile="mine.yaml")), home=tmp_path / "home")


def test_overrides_in_a_file_that_everybody_can_write_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "fleet.yaml", system(overrides={"space": {"inodes": 70_000}}))
    path.chmod(0o666)
    with pytest.raises(FleetErrors, match="every user can write to it"):
        load_fleet(path)
    path.chmod(0o664)
    assert load_fleet(path).systems[0].overrides == {"space": {"inodes": 70_000}}
    plain = written(tmp_path / "plain.yaml", system())
    plain.chmod(0o666)
    assert len(load_fleet(plain).systems) == 1
