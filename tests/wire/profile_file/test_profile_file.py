"""Platform profiles: the site's own before the shipped one, and none that somebody else could have altered."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.model.errors import UserError
from tasks.model.fleet import System
from tasks.wire.home import find_home
from tasks.wire.profile_file import known_profiles, load_profile, profile_for, shipped_profiles

NAMES = sorted(path.stem for path in shipped_profiles().glob("*.yaml"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "profiles").mkdir(mode=0o700)
    return tmp_path


def own(home: Path, text: str, name: str = "site") -> Path:
    path = home / "profiles" / f"{name}.yaml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def system(profile: str = "pbxware", **overrides: object) -> System:
    return System.model_validate({
        "id": "a", "client": "A", "environment": "standalone", "edition": "business", "timezone": "UTC",
        "country": "GB", "ssh": {"host": "h", "credential": "c"}, "profile": profile, "overrides": overrides,
    })  # fmt: skip


def test_pbxware_and_lab_are_shipped() -> None:
    assert {"lab", "pbxware"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_profile_holds(home: Path, name: str) -> None:
    assert load_profile(name, home=home).name == name


def test_the_site_s_profile_comes_before_the_shipped_one(home: Path) -> None:
    own(home, "name: lab\nspace: {inodes: 5}\n", "lab")
    assert load_profile("lab", home=home).space.inodes == 5
    assert "site" not in known_profiles(home)
    own(home, "name: site\n")
    assert "site" in known_profiles(home)


def test_a_mended_profile_is_read_again(home: Path) -> None:
    path = own(home, "name: site\nspace: {inodes: 5}\n")
    assert load_profile("site", home=home).space.inodes == 5
    path.write_text("name: site\nspace: {inodes: 66}\n")
    assert load_profile("site", home=home).space.inodes == 66


def test_a_profile_may_be_named_by_path(tmp_path: Path, home: Path) -> None:
    own(home, "name: other\n")
    assert load_profile(home / "profiles" / "site.yaml", home=home).name == "other"


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_profile_that_others_may_write_is_refused(home: Path, mode: int) -> None:
    own(home, "name: site\n").chmod(mode)
    with pytest.raises(UserError, match=r"can be written by other users .*; run `chmod go-w"):
        load_profile("site", home=home)


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_profile_in_a_folder_that_others_may_write_is_refused(home: Path, mode: int) -> None:
    own(home, "name: site\n")
    (home / "profiles").chmod(mode)
    with pytest.raises(UserError, match="can be written by other users"):
        load_profile("site", home=home)


def test_a_profile_of_another_user_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, user = own(home, "name: site\n"), os.geteuid()
    if user == 0:
        os.chown(path, 65534, 65534)
    else:       # only root can give a file away: look at it as another user
        monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    with pytest.raises(UserError, match="belongs to another user"):
        load_profile("site", home=home)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: site\nspace:\n  inods: 5\n", r"site\.yaml:3: unknown field 'inods' in space; did you mean inodes\?"),
        ("name: other\n", "calls itself 'other'; write name: site"),
        ("name: site\npaths: {backup: relative}\nhops:\n  - {from_min: 6.0, from_below: '8.2', to: '8.2'}\n",
         r"has 2 errors: .*:2: paths\.backup is not well formed.*:4: .*quote it: .6\.0"),
        ("name: site\nreleases:\n  - {version: 7.2.0}\n  - {version: 7.2.0}\n", "a release stands twice"),
        ("name: [site\n", "not YAML"),
        ("- name\n", "is not a mapping|valid dictionary"),
    ],
)  # fmt: skip
def test_a_wrong_profile_is_told_with_file_and_line(home: Path, text: str, said: str) -> None:
    own(home, text)
    with pytest.raises(UserError, match=said):
        load_profile("site", home=home)


@pytest.mark.parametrize(("name", "said"), [("pbxwear", "did you mean pbxware"), ("../x.yaml", "no profile file")])
def test_an_unknown_profile_is_told(home: Path, name: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_profile(name, home=home)


def test_overrides_reach_what_they_name_and_nothing_else(home: Path) -> None:
    base = load_profile("lab", home=home)
    changed = profile_for(system("lab", space={"inodes": 7}, paths={"cron": ["/etc/crontab"]}), home=home)
    assert changed.space.inodes == 7
    assert changed.space.release_bytes == base.space.release_bytes
    assert changed.paths.cron == ("/etc/crontab",)
    assert changed.model_copy(update={"space": base.space, "paths": base.paths}) == base
    assert changed.digest != base.digest, "the plan that a client approves names the overridden profile"
    assert profile_for(system("lab"), home=home).digest == base.digest


def test_wrong_overrides_name_the_system(home: Path) -> None:
    with pytest.raises(UserError, match="the overrides of a are wrong: unknown field 'spice'; did you mean space"):
        profile_for(system("lab", spice={}), home=home)


def test_uplift_home_is_private_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLIFT_HOME", str(tmp_path / "deep" / "home"))
    made = find_home()
    assert made == tmp_path / "deep" / "home"
    assert made.stat().st_mode & 0o777 == 0o700
    made.chmod(0o750)
    with pytest.raises(UserError, match=r"open to other users .mode 0750.; run `chmod 700"):
        find_home()
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="not a folder"):
        find_home(tmp_path / "file")


def test_a_manifest_beside_the_profile_tells_which_files_are_the_vendors(home: Path) -> None:
    manifest = home / "profiles" / "6.7.1.sha256"
    manifest.write_text(f"{'ab' * 32}  admin/index.php\n{'cd' * 32} *admin/logo.png\n")
    manifest.chmod(0o600)
    own(home, "name: site\ncustom: {manifests: [6.7.1.sha256]}\n")
    first = load_profile("site", home=home)
    assert first.custom.vendor_digests == ("ab" * 32, "cd" * 32)
    manifest.write_text(f"{'ef' * 32}  admin/index.php\n")
    assert load_profile("site", home=home).custom.vendor_digests == ("ef" * 32,)
    assert load_profile("site", home=home).digest != first.digest, "what counts as the vendor's is part of the plan"


@pytest.mark.parametrize(("text", "mode", "said"), [
    (None, 0, "cannot be read"), ("not a digest\n", 0o600, "is no list of digests (entry 1)"),
    (f"{'ab' * 32}  a\n", 0o666, "can be written by other users"),
])
def test_a_manifest_that_does_not_hold_is_refused(home: Path, text: str | None, mode: int, said: str) -> None:
    if text is not None:
        (home / "profiles" / "m").write_text(text)
        (home / "profiles" / "m").chmod(mode)
    own(home, "name: site\ncustom: {manifests: [m]}\n")
    with pytest.raises(UserError) as refused:
        load_profile("site", home=home)
    assert said in str(refused.value)
