"""The contract: the swarm says what a shell says of a tree with the same traits, and every fact's parser reads it."""
from __future__ import annotations

import dataclasses
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from deployments.lab.render import render
from deployments.lab.spec import SwarmDatabase
from deployments.lab.swarm import says_site
from deployments.lab.swarm.answers import Speaker
from deployments.lab.swarm.asterisk16 import FOREIGN_MODULE
from deployments.lab.swarm.draw import draw
from deployments.lab.swarm.says_site import ADMIN
from deployments.lab.swarm.says_system import df
from deployments.lab.swarm.traits import Traits
from tasks.facts import shell_facts
from tasks.model.answer import Answer
from tasks.model.fact import ShellFact
from tasks.model.facts import Edition, SipDriver
from tasks.model.profile import Profile
from tasks.model.release import Release
from tasks.wire.mysql import credentials_question, read_credentials

ENCODED_PHP = (("", 9), ("/api", 1))       # the vendor's files under ADMIN, as in an appliance
DATABASE = SwarmDatabase("small", "127.23.0.1", 3306, "pbxware", "its 'password'")
FACTS = {fact.name: fact for fact in shell_facts()}
OF_THE_TREE = ("platform", "site_settings", "dialplan", "custom_files", "configuration_errors", "modules")
PLAIN = dataclasses.replace(
    draw(1, 1), edition=Edition.BUSINESS, domain_name=None, foreign_module=False, custom_scripts=(), plain_php=False,
    stylesheet=False, dialplan_uses=(), configuration_errors=(),
)
TROUBLED = dataclasses.replace(
    PLAIN, edition=Edition.MULTI_TENANT, domain_name="pbx.example.net", foreign_module=True,
    custom_scripts=("/script/firewall.pl",), plain_php=True, stylesheet=True, dialplan_uses=("Macro", "Monitor"),
    configuration_errors=(
        "config_options.c: Could not find option suitable for category '203' named 'qualfy' at line 34 of ",
        "pbx_config.c: Couldn't open dialplan file extensions_old_office.conf",
    ),
)


def write(path: Path, content: str | bytes, changed_s: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    if changed_s is not None:
        os.utime(path, (changed_s, changed_s))


def grow_tree(root: Path, traits: Traits) -> None:
    """The files of a system with these traits, as the lab's appliances have them."""
    pw, admin = root / "opt/pbxware/pw", root / ADMIN[1:]
    header = f"<?php\n// Bicomsystems PBXware v{traits.release} ({traits.build})\n//004fb\n?>\nnoise"
    for folder, number in ENCODED_PHP:
        for place in range(number):
            name = "index.php" if place == 0 else f"page{place}.php"
            write(admin / folder.strip("/") / name, header, traits.released_on_s)
    later_s = traits.released_on_s + 90 * 86_400
    write(admin / "css/style.css", "body {}", later_s if traits.stylesheet else traits.released_on_s)
    if traits.plain_php:
        write(admin / "wallboard.php", says_site.PAGE, later_s)
    for script in traits.custom_scripts:
        write(root / script[1:], says_site.TEXTS[script][0], later_s)
        (root / script[1:]).chmod(0o644 if says_site.odd(traits) == "stiff" else 0o755)
    runs = (*traits.custom_scripts, *((says_site.GONE,) if says_site.odd(traits) == "gone" else ()))
    write(root / "etc/cron.d/site", "".join(f"*/5 * * * * root {root}{script}\n" for script in runs))
    for folder in ("etc/cron.d", "var/spool/cron"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    runs = [f"17 * * * * root test -x /usr/sbin/anacron || run-parts /etc/cron.{often}" for often in
            ("hourly", "daily", "weekly", "monthly")]
    write(root / "etc/crontab", "\n".join(["SHELL=/bin/sh", "# m h dom mon dow user command", *runs, ""]))
    write(pw / "etc/pbxware/pbxware.ini", render(
        "pbxware.ini.j2", edition=traits.edition.value, domain_name=traits.domain_name,
        timezone=traits.place.timezone, country=traits.place.country, address=traits.mysql_host,
        database_user=DATABASE.user, database_password=DATABASE.password,
    ))
    write(pw / "etc/asterisk/extensions_custom.conf",
          says_site.dialplan_text(traits), traits.released_on_s)
    write(pw / "etc/asterisk/extensions.conf", "exten => 1,1,Macro(ours)\n")
    started = "[2026-11-20 06:25:01.123] Asterisk 16.28.0 built by nobody @ host on a x86_64 running Linux on 2024\n"
    errors = [f"[2026-11-20 06:25:01.124] ERROR[211{n}] {e}\n" for n, e in enumerate(traits.configuration_errors)]
    write(pw / "var/log/asterisk/messages", "".join(["[x] ERROR[1] an earlier life\n", started, *errors, *errors]))
    grow_modules(pw / "usr/lib/asterisk/modules", traits.foreign_module)


def grow_modules(folder: Path, foreign: bool) -> None:
    tree = yaml.safe_load(Path("deployments/lab/swarm/asterisk16.yaml").read_text())
    for name, size in tree["sizes"].items():
        build_sum = "" if name in tree["without_sum"] else tree["build_sum"]
        write(folder / f"{name}.so", f"\0{build_sum}\0")
        os.truncate(folder / f"{name}.so", size)
    if foreign:
        name, size, build_sum = FOREIGN_MODULE
        write(folder / name, f"\0{build_sum}\0")
        os.truncate(folder / name, size)


def moved(profile: Profile, root: Path) -> Profile:
    """The profile with all of its paths under ``root``."""
    paths = {
        name: [f"{root}{path}" for path in value] if isinstance(value, list) else f"{root}{value}"
        for name, value in profile.paths.model_dump(mode="json").items()
    }
    return Profile.model_validate({**profile.model_dump(mode="json"), "paths": paths})


def ask_a_shell(command: str, root: Path) -> Answer:
    told = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C"}
    )
    return Answer(
        exit_code=told.returncode, stdout=told.stdout.replace(str(root), ""), stderr=told.stderr.replace(str(root), "")
    )


@pytest.mark.parametrize("traits", [PLAIN, TROUBLED], ids=["plain", "troubled"])
def test_the_swarm_says_what_a_shell_says_of_the_same_tree(traits: Traits, tmp_path: Path, profile: Profile) -> None:
    grow_tree(tmp_path, traits)
    there = moved(profile, tmp_path)
    speaker = Speaker(traits, DATABASE)
    for name in OF_THE_TREE:
        assert speaker.reply(name) == ask_a_shell(FACTS[name].ask(there), tmp_path), name
    question = credentials_question(there)
    assert speaker.reply(question.name) == ask_a_shell(question.command, tmp_path)


def test_identity_has_the_labels_of_a_real_one(profile: Profile, tmp_path: Path) -> None:
    real = ask_a_shell(FACTS["identity"].ask(profile), tmp_path)
    ours = Speaker(PLAIN, DATABASE).reply("identity")
    assert labels(ours) == labels(real)
    assert ours.exit_code == real.exit_code


def labels(answer: Answer) -> list[str]:
    return [line.partition("=")[0] for line in answer.stdout.splitlines()]


@pytest.mark.parametrize(("option", "titles"), [
    ("-k", ("1024-blocks", "Used", "Available", "Capacity")), ("-i", ("Inodes", "IUsed", "IFree", "IUse%")),
])
def test_df_is_aligned_and_rounded_as_this_machines_own(
    option: str, titles: tuple[str, str, str, str], tmp_path: Path
) -> None:
    real = ask_a_shell(f"df -P {option}", tmp_path).stdout
    rows = [line.split(maxsplit=5) for line in real.splitlines()[1:]]
    assert rows
    assert df(titles, [(row[0], int(row[1]), int(row[2]), int(row[3]), row[5]) for row in rows]) == real


@pytest.mark.parametrize("fact", shell_facts(), ids=lambda fact: fact.name)
def test_every_fact_reads_every_system(fact: ShellFact[object]) -> None:
    for number in range(1, 301):
        answer = Speaker(draw(1, number), DATABASE).reply(fact.name)
        assert answer.exit_code == 0
        assert isinstance(fact.parse(answer), fact.of)


def read(name: str, traits: Traits) -> object:
    return FACTS[name].parse(Speaker(traits, DATABASE).reply(name))


def test_what_is_read_is_what_was_drawn() -> None:
    for number in range(1, 301):
        traits = draw(1, number)
        assert read("platform", traits).release == Release.parse(traits.release)  # type: ignore[attr-defined]
        assert read("platform", traits).edition is traits.edition  # type: ignore[attr-defined]
        assert read("identity", traits).machine_id == traits.machine_id  # type: ignore[attr-defined]
        assert read("site_settings", traits).get("domain_name") == traits.domain_name  # type: ignore[attr-defined]
        drivers = read("sip_drivers", traits)
        assert drivers.loaded == frozenset(traits.drivers)  # type: ignore[attr-defined]
        assert drivers.chan_sip_peers + drivers.pjsip_endpoints == traits.extensions  # type: ignore[attr-defined]
        mounts = {mount.path: mount for mount in read("mounts", traits).mounts}  # type: ignore[attr-defined]
        assert set(mounts) == {mount.path for mount in traits.mounts}
        for drawn in traits.mounts:
            assert mounts[drawn.path].free_bytes == drawn.free_kib * 1024
            assert mounts[drawn.path].inodes_free == drawn.inodes - drawn.inodes_used


def test_troubles_are_read_as_such() -> None:
    modules = read("modules", TROUBLED)
    strange = [m.name for m in modules.modules if m.build_sum not in (None, modules.build_sum)]  # type: ignore[attr-defined]
    assert strange == ["codec_g729.so"]
    assert {use for use, _ in read("dialplan", TROUBLED).uses} == {"Macro", "Monitor"}  # type: ignore[attr-defined]
    assert {file.kind.value for file in read("custom_files", TROUBLED).files} == {  # type: ignore[attr-defined]
        "script", "cron", "stylesheet", "plain_php", "include",
    }
    assert len(read("configuration_errors", TROUBLED).lines) == 2  # type: ignore[attr-defined]
    assert read("custom_files", PLAIN).files == ()  # type: ignore[attr-defined]
    assert read("configuration_errors", PLAIN).lines == ()  # type: ignore[attr-defined]


def test_some_sites_have_scripts_that_cannot_run() -> None:
    """A few of a thousand systems have a cron entry without its script, and as many a script that cannot be run."""
    read_all = [read("custom_files", draw(1, number)) for number in range(1, 1001)]
    gone = sum(bool(custom.gone) for custom in read_all)  # type: ignore[attr-defined]
    stiff = sum(
        any(file.run and not file.executable for file in custom.files) for custom in read_all  # type: ignore[attr-defined]
    )
    assert 2 <= gone <= 20 and 2 <= stiff <= 20


def test_both_drivers_share_the_extensions() -> None:
    traits = dataclasses.replace(PLAIN, drivers=(SipDriver.CHAN_SIP, SipDriver.PJSIP), extensions=41)
    drivers = read("sip_drivers", traits)
    assert (drivers.chan_sip_peers, drivers.pjsip_endpoints) == (20, 21)  # type: ignore[attr-defined]


def test_the_clock_is_that_of_the_systems_own_zone() -> None:
    identity = read("identity", PLAIN)
    clock = identity.clock  # type: ignore[attr-defined]
    assert abs((clock - datetime.now(UTC)).total_seconds()) < 5
    assert clock.utcoffset() == datetime.now(PLAIN.zone).utcoffset()


def test_the_databases_login_is_read_from_the_ini(profile: Profile) -> None:
    answer = Speaker(TROUBLED, DATABASE).reply(credentials_question(profile).name)
    login = read_credentials(answer, profile.database)
    assert (login.user, login.password, login.port) == (DATABASE.user, DATABASE.password, 3306)


def test_a_question_that_the_swarm_does_not_know_is_not_found() -> None:
    answer = Speaker(PLAIN, DATABASE).reply("phase_of_the_moon")
    assert (answer.exit_code, answer.stdout) == (127, "")
    assert answer.stderr == "/bin/sh: 1: phase_of_the_moon: not found\n"


@pytest.mark.parametrize(("command", "exit_code", "stdout"), [
    ("true", 0, ""),
    ("echo upgrade  me", 0, "upgrade me\n"),
    ("sh -c 'echo in a shell'", 0, "in a shell\n"),
    ("cat /etc/machine-id", 0, f"{PLAIN.machine_id}\n"),
    ("hostname", 0, f"{PLAIN.hostname}\n"),
    ("cat /etc/shadow", 1, ""),
    ("rm -rf /", 127, ""),
    ("echo 'unclosed", 127, ""),
])
def test_simple_commands_are_answered_too(command: str, exit_code: int, stdout: str) -> None:
    answer = Speaker(PLAIN, DATABASE).plain(command)
    assert (answer.exit_code, answer.stdout) == (exit_code, stdout)
