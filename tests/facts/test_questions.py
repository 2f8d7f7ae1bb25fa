"""Every shell question asked of a real shell, in a tree like a client's: what it says is what its parser reads."""
from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tasks.facts import shell_facts
from tasks.model.answer import Answer
from tasks.model.fact import ShellFact
from tasks.model.facts import (
    AsteriskVersion,
    ConfigurationErrors,
    CustomFiles,
    CustomKind,
    Dialplan,
    Edition,
    Identity,
    Module,
    Modules,
    Mounts,
    Platform,
    SipDriver,
    SipDrivers,
    SiteSettings,
)
from tasks.model.profile import Commands, Paths, Profile
from tasks.model.release import Release
from tests.facts.site_tree import ASTERISK, CRON, DIALPLAN, FOREIGN, INSTALLED, LATER, LOG, ODD, OWN, write

FACTS: dict[type, ShellFact[Any]] = {fact.of: fact for fact in shell_facts()}


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """A tree in an oddly named folder, and the profile that describes it."""
    root = tmp_path / ODD.replace("/", "")
    admin, modules = root / "pw/admin", root / "pw/modules"
    header = "<?php\n// Bicomsystems PBXware v6.7.1.0 (cd7e9ac3)\n//004fb\nif(!extension_loaded('ionCube Loader')){}\n"
    for page in ("index", "login", "cdr", "api/index", "api/ext"):
        write(admin / f"{page}.php", header)
    write(admin / "wallboard.php", "<?php\n$calls = 1;\n", LATER)
    write(admin / "lib/library.php", "<?php\nclass X {}\n")
    write(admin / "css/style.css", "a {}", INSTALLED + 60)
    write(admin / "css/own look.css", "a {}", LATER)
    write(root / "pw/pbxware.ini", "[general]\nedition = Multi-Tenant\ndomain_name=pbx.example.net\napi_key = hush\n"
          "pw_mysql_host = 127.0.0.1\npw_mysql_password = hush\nsecret_host = hush\n"
          "smtp_host = smtp://mailer:hush@mail.example.net\n")
    write(root / "script/firewall.pl", "#!/usr/bin/perl\n", LATER)
    write(root / "cron/site", CRON)
    write(root / "asterisk", ASTERISK)
    (root / "asterisk").chmod(0o755)
    write(root / "pw/messages", LOG)
    write(root / "pw/etc/extensions_custom.conf", DIALPLAN)
    write(root / "pw/etc/extensions.conf", "exten => 1,1,Macro(the vendor's own)\n")
    for name, sum_ in (("chan_sip.so", OWN), ("res_x.so", OWN), ("codec_g729.so", FOREIGN)):
        constant = b"0123456789abcdef" * 3 if name == "chan_sip.so" else b""
        write(modules / name, b"\x7fELF\0\1\2" + constant + b"\n\xff\0" + sum_.encode() + b"\0tail\n" * 9)
    write(modules / "res_stir.so", b"\x7fELF\0\1\2\xff\0no sum\0")
    return Profile(
        name="odd",
        paths=Paths(
            root=str(root / "pw"), tree=str(root), settings=str(root / "pw/pbxware.ini"),
            version_header=str(admin / "index.php"), asterisk_etc=str(root / "pw/etc"),
            asterisk_log=str(root / "pw/messages"), modules=(str(root / "none"), str(modules)), admin=str(admin),
            custom_scripts=(str(root / "script"), "/nonexistent"), cron=(str(root / "cron"), "/nonexistent"),
            agi=(str(root / "pw/agi"),), sounds=(str(root / "pw/sounds"), "/nonexistent"), boot=(str(root / "boot"),),
        ),
        commands=Commands(asterisk=(str(root / "asterisk"), "-rx")),
    )


BUSYBOX = (
    "awk", "cat", "cut", "date", "df", "find", "grep", "head", "sed", "sort", "stat", "tail", "tr", "uname", "uniq",
    "sha256sum", "wc", "xargs",
)


@pytest.fixture(params=["coreutils", "busybox"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where programs are found: the machine's own, or busybox's."""
    if request.param == "coreutils":
        return "/usr/sbin:/usr/bin:/sbin:/bin"
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.fail("busybox is missing: apt-get install busybox")
    applets = tmp_path / "applets"
    applets.mkdir()
    for name in (*BUSYBOX, "sh"):
        (applets / name).symlink_to(busybox)
    return str(applets)


@pytest.fixture
def told(profile: Profile, path: str, tmp_path: Path) -> Any:
    def ask(of: type) -> Any:
        fact = FACTS[of]
        ran = subprocess.run(
            [shutil.which("sh", path=path) or "sh", "-c", fact.ask(profile)], capture_output=True, cwd=tmp_path,
            env={"PATH": path, "LC_ALL": "C"}, timeout=30, stdin=subprocess.DEVNULL,
        )
        assert not list(tmp_path.rglob("pwned"))
        assert b"hush" not in ran.stdout, "a secret left the system"
        return fact.parse(Answer(
            exit_code=ran.returncode, stdout=ran.stdout.decode("utf-8", "replace"), stderr=ran.stderr.decode()
        ))

    return ask


def test_identity_of_this_machine(told: Any) -> None:
    identity = told(Identity)
    assert isinstance(identity, Identity)
    assert identity.hostname == os.uname().nodename
    assert identity.kernel == f"Linux {os.uname().release}"


def test_platform(told: Any) -> None:
    assert told(Platform) == Platform(Release.parse("6.7.1.0 (cd7e9ac3)"), Edition.MULTI_TENANT)


def test_platform_by_a_command(profile: Profile) -> None:
    command = Commands(version=("printf", "%s\\n", "8.1 (a35a9165)"))
    asked = FACTS[Platform].ask(profile.model_copy(update={"commands": command}))
    ran = subprocess.run(["sh", "-c", asked], capture_output=True, text=True)
    told = FACTS[Platform].parse(Answer(exit_code=0, stdout=ran.stdout))
    assert told.release == Release.parse("8.1") and told.release.build == "a35a9165"


def test_mounts_of_this_machine(told: Any) -> None:
    mounts = told(Mounts)
    assert isinstance(mounts, Mounts)
    root = mounts.holding("/")
    assert root is not None and root.size_bytes > 100_000_000 and root.used_bytes > 0


def test_site_settings_leave_the_secrets_where_they_are(told: Any) -> None:
    assert told(SiteSettings) == SiteSettings((
        ("domain_name", "pbx.example.net"), ("edition", "Multi-Tenant"), ("pw_mysql_host", "127.0.0.1"),
    ))


def test_site_settings_ask_for_the_key_that_the_profile_names(profile: Profile) -> None:
    named = profile.model_copy(update={"settings": profile.settings.model_copy(update={"domain_name_key": "mt.fqdn"})})
    assert "mt" not in " ".join(shlex.split(FACTS[SiteSettings].ask(profile)))
    assert r"mt\.fqdn" in " ".join(shlex.split(FACTS[SiteSettings].ask(named)))


def test_asterisk(told: Any) -> None:
    assert told(AsteriskVersion) == AsteriskVersion(16, "16.28.0")
    assert told(SipDrivers) == SipDrivers(frozenset({SipDriver.CHAN_SIP}), 3, 0)


def test_modules_carry_their_build_sum(told: Any) -> None:
    modules = told(Modules)
    assert {module.name: module.build_sum for module in modules.modules} == {
        "chan_sip.so": OWN, "res_x.so": OWN, "codec_g729.so": FOREIGN, "res_stir.so": None
    }
    assert modules.build_sum == OWN
    assert Module("res_stir.so", None, 16) in modules.modules


def test_custom_files_of_all_kinds(told: Any, profile: Profile) -> None:
    root = Path(profile.paths.tree)
    custom = told(CustomFiles)
    assert {(file.kind, file.path) for file in custom.files} == {
        (CustomKind.SCRIPT, str(root / "script/firewall.pl")),
        (CustomKind.PLAIN_PHP, str(root / "pw/admin/wallboard.php")),
        (CustomKind.STYLESHEET, str(root / "pw/admin/css/own look.css")),
        (CustomKind.INCLUDE, str(root / "pw/etc/extensions_custom.conf")),
    }
    assert (custom.gone, custom.cut) == (("/root/push.sh", "/script/firewall.pl"), ())


def test_custom_files_tell_their_rights_digests_and_what_they_use(told: Any, profile: Profile, tmp_path: Path) -> None:
    root = Path(profile.paths.tree)
    text = 'open(A, "asterisk -rx \'sip show peers\' |"); DBI->connect("hush");\n'
    write(root / "script/firewall.pl", text, LATER)
    (root / "script/firewall.pl").chmod(0o755)
    write(root / "script/pjsip.sh", "asterisk -rx 'pjsip show endpoints'; dial PJSIP/1\n", LATER)
    write(root / "pw/agi/old", "<?php //004fb ionCube\n", LATER)
    write(root / "pw/agi/route.php", "<?php mysql_connect('localhost', 'root', 'hush');\n", LATER)
    write(root / "boot/rc.local", "#!/bin/sh\n")
    write(root / "pw/sounds/acme/greeting.wav", "x", LATER)
    write(root / "pw/sounds/beep.wav", "x")
    files = {(file.kind, Path(file.path).name): file for file in told(CustomFiles).files}
    script = files[CustomKind.SCRIPT, "firewall.pl"]
    assert (script.executable, script.owner_uid, script.size_bytes) == (True, os.getuid(), len(text))
    assert script.digest == hashlib.sha256(text.encode()).hexdigest()
    assert script.uses == ("chan_sip", "database")
    assert files[CustomKind.SCRIPT, "pjsip.sh"].uses == () and not files[CustomKind.SCRIPT, "pjsip.sh"].executable
    assert files[CustomKind.AGI, "route.php"].uses == ("php_mysql",)
    assert (CustomKind.AGI, "old") not in files
    assert (CustomKind.BOOT, "rc.local") in files
    assert files[CustomKind.SOUNDS, "sounds"].count == 1


# Words of crontabs, and what is said of each path that is not the operating system's: R has to run, I is given to an
# interpreter, "" stands there for another reason. The paths do not exist unless they are present.
CRONTABS = (
    ("*/5 * * * * root /site/a --x=/site/b >/site/log 2>&1", {"/site/a"}),
    ("0 1 * * * root nice -n 10 perl -w /site/a /site/b", {"/site/a"}),
    ("0 1 * * * root [ -x /site/a ] && /site/a", set()),
    ("0 1 * * * root cd /site/c; LANG=C /site/a | /usr/bin/php /site/b.php", {"/site/a", "/site/b.php"}),
    ("@reboot root sh -c '/site/a; /site/b'", {"/site/a", "/site/b"}),
    ("MAILTO=/site/mail", set()),
    ("# 0 1 * * * root /site/a", set()),
    ("0 1 * * * root rsync -a /site/from /site/to", set()),
)


@pytest.mark.parametrize(("line", "gone"), CRONTABS, ids=[line for line, _ in CRONTABS])
def test_only_what_a_cron_entry_runs_can_be_missing(told: Any, profile: Profile, line: str, gone: set[str]) -> None:
    write(Path(profile.paths.tree) / "cron/site", line + "\n")
    assert set(told(CustomFiles).gone) == gone


def test_the_vendors_files_never_cut_the_sites_own_away(told: Any, profile: Profile) -> None:
    """A folder of plain libraries, and programs of the operating system in cron: neither counts towards the limit."""
    root = Path(profile.paths.tree)
    for number in range(700):
        write(root / f"pw/admin/aaa/library{number}.php", "<?php\n")
        write(root / f"pw/admin/css/shipped{number}.css", "a {}", INSTALLED + 60)
    runs = [f"0 1 * * * root /usr/bin/tool{number}" for number in range(700)]
    write(root / "cron/site", "\n".join([*runs, "0 2 * * * root /zz/site.pl", ""]))
    custom = told(CustomFiles)
    assert custom.cut == () and custom.gone == ("/zz/site.pl",)
    assert {Path(file.path).name for file in custom.files} >= {"wallboard.php", "own look.css"}


def test_a_list_that_was_cut_says_so(told: Any, profile: Profile) -> None:
    root = Path(profile.paths.tree)
    for number in range(501):
        write(root / f"script/{number}.sh", "", LATER)
    write(root / "cron/site", "".join(f"0 1 * * * root /zz/{number}.pl\n" for number in range(501)))
    custom = told(CustomFiles)
    assert custom.cut == (CustomKind.CRON, CustomKind.SCRIPT)
    assert sum(file.kind is CustomKind.SCRIPT for file in custom.files) == len(custom.gone) == 500


def test_dialplan_of_the_site_without_comments(told: Any) -> None:
    assert told(Dialplan) == Dialplan((
        ("MYSQL", "extensions_custom.conf:8"), ("Macro", "extensions_custom.conf:2"),
        ("Monitor", "extensions_custom.conf:5"), ("SIP", "extensions_custom.conf:4"),
        ("SIP", "extensions_custom.conf:7"),
    ))


def test_configuration_errors_since_the_last_start_once_each(told: Any) -> None:
    assert told(ConfigurationErrors) == ConfigurationErrors((
        "ERROR manager.c: Invalid ACL '192.168.1.0/255.255.255.x'",
        "WARNING loader.c: Error loading module 'codec_g729.so': wrong build",
    ), log_readable=True)


def test_every_question_is_one_line_of_valid_shell(profile: Profile) -> None:
    for fact in shell_facts():
        command = fact.ask(profile)
        assert "\n" not in command
        assert subprocess.run(["sh", "-n", "-c", command]).returncode == 0
