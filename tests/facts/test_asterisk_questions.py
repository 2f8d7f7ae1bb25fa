"""The questions about telephony asked of a real shell, in front of what an Asterisk was seen to print."""
from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.facts import shell_facts
from tasks.model.answer import Answer
from tasks.model.asterisk_facts import (
    BlockedSources,
    Channel,
    Channels,
    Codecs,
    LoadedModules,
    LogRate,
    Reach,
    Registrations,
    Transport,
    Transports,
    TrunkCodecs,
)
from tasks.model.fact import Unreadable
from tasks.model.facts import SipDriver
from tasks.model.profile import Profile
from tests.asterisk_prints import asterisk, busybox

PRINTS = yaml.safe_load(Path(__file__).with_name("asterisk_prints.yaml").read_text())
FACTS = {fact.of: fact for fact in shell_facts()}
STOPPED = "Unable to connect to remote asterisk (does /var/run/asterisk/asterisk.ctl exist?)"
FAIL2BAN = """\
#!/bin/sh
case "$2" in
"") printf 'Status\\n|- Number of jail:\\t2\\n`- Jail list:\\tasterisk, sshd\\n' ;;
asterisk) printf '   |- Currently banned:\\t2\\n   `- Banned IP list:\\t203.0.113.9 198.51.100.7\\n' ;;
sshd) printf '   |- Currently banned:\\t0\\n   `- Banned IP list:\\t\\n' ;;
esac
"""
Told = Callable[..., Any]


@pytest.fixture(params=["coreutils", "busybox"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return busybox(tmp_path / "applets") if request.param == "busybox" else "/usr/bin:/bin"


@pytest.fixture
def told(path: str, tmp_path: Path) -> Told:
    def ask(of: type, prints: dict[str, str], complaint: str = "", source: str = "", **profile: Any) -> Any:
        command = asterisk(tmp_path / "asterisk", prints, complaint)
        asked = Profile.model_validate({"name": "odd", "commands": {"asterisk": command}, **profile})
        where = f"{tmp_path / 'bin'}:{path}"
        ran = subprocess.run(
            [shutil.which("sh", path=path) or "sh", "-c", FACTS[of].ask(asked)], capture_output=True, text=True,
            env={"PATH": where, "LC_ALL": "C", "SSH_CLIENT": source}, stdin=subprocess.DEVNULL, timeout=30,
        )
        return FACTS[of].parse(Answer(exit_code=ran.returncode, stdout=ran.stdout, stderr=ran.stderr))

    return ask


def test_a_trunk_is_told_from_extensions_with_chan_sip(told: Told) -> None:
    found: Registrations = told(Registrations, PRINTS["chan_sip"])
    assert {one.name: one.reach for one in found.extensions} == dict.fromkeys(("101", "102", "103"), Reach.ABSENT)
    assert [(one.name, one.driver, one.reach) for one in found.trunks] == [("trunk", SipDriver.CHAN_SIP, Reach.ANSWERS)]
    assert found.outbound == ()


def test_a_trunk_is_told_from_extensions_with_pjsip(told: Told) -> None:
    found: Registrations = told(Registrations, PRINTS["pjsip"])
    assert [one.name for one in found.extensions] == ["101", "102", "103"]
    assert [(one.name, one.driver, one.reach) for one in found.trunks] == [("trunk", SipDriver.PJSIP, Reach.ANSWERS)]
    assert [(one.host, one.state) for one in found.outbound] == [("127.22.102.1", "Rejected")]


def test_calls_are_told_with_their_age_also_where_data_has_exclamation_marks(told: Told) -> None:
    assert told(Channels, PRINTS["pjsip"]) == Channels(1, (
        Channel("Local/601@from-internal-00000001;2", "Up", "Wait", 2),
        Channel("Local/601@from-internal-00000001;1", "Up", "Wait", 2),
        Channel("SIP/101-00000001", "Ring", "AGI", 90000),
    ))


@pytest.mark.parametrize(("prints", "driver"), [("chan_sip", SipDriver.CHAN_SIP), ("pjsip", SipDriver.PJSIP)])
def test_a_trunks_codecs_are_read_of_both_drivers(told: Told, prints: str, driver: SipDriver) -> None:
    codecs: Codecs = told(Codecs, PRINTS[prints])
    assert codecs.trunks == (TrunkCodecs("trunk", driver, ("ulaw", "alaw", "g722")),)
    assert {"ulaw", "alaw", "gsm", "g722", "slin8"} <= codecs.translated


def test_modules_that_decline_are_told_from_those_that_run(told: Told) -> None:
    modules: LoadedModules = told(LoadedModules, PRINTS["chan_sip"])
    assert modules.declined == {"chan_skinny.so"}
    assert {"app_macro.so", "chan_sip.so", "bridge_builtin_interval_features.so"} <= modules.running


def test_transports_of_the_files_are_compared_with_those_that_run(told: Told, tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "pjsip.conf").write_text(
        "[base](!)\ntype = transport\nprotocol = tcp\n[udp]\ntype = transport\nbind = 0.0.0.0\n"
        "[101]\ntype = endpoint\ntransport = tls ; a secret\n;[old]\n;type=transport\n"
        "[tls](base)\nprotocol=tls\ntype=transport\n"
    )
    found = told(Transports, PRINTS["pjsip"], paths={"asterisk_etc": str(etc)})
    assert found == Transports((Transport("tls", "tls"), Transport("udp", "udp")), (Transport("udp", "udp"),))


def test_errors_of_the_last_day_are_counted_and_older_ones_are_not(told: Told, tmp_path: Path) -> None:
    now = datetime.now()  # noqa: DTZ005  (Asterisk writes the system's own time)
    stamp = "[{:%Y-%m-%d %H:%M:%S}] {}[12] chan_sip.c: words\n"
    old, late = now - timedelta(hours=30), now - timedelta(hours=3)
    lines = [stamp.format(old, "ERROR")] * 50
    lines += [stamp.format(late, "WARNING")] * 7 + [stamp.format(late, "NOTICE")] * 9
    lines += [f"[{now:%b %d %H:%M:%S}] ERROR[1][C-00000001] app.c: ERROR[2] words\n"]
    lines += ["  continued ERROR[1]\n", "[odd\n"]
    (tmp_path / "messages").write_text("".join(lines))
    paths = {"asterisk_log": str(tmp_path / "messages")}
    assert told(LogRate, {}, paths=paths) == LogRate(1, 7, 24.0)


def test_who_is_blocked_is_looked_up_in_jails_and_in_the_named_list(told: Told, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/fail2ban-client").write_text(FAIL2BAN)
    (tmp_path / "bin/fail2ban-client").chmod(0o755)
    (tmp_path / "list").write_text("10.0.0.1\n2001:db8::9\n")
    telephony = {"test_sources": ["2001:db8::9"], "block_list": ["cat", str(tmp_path / "list")]}
    assert told(BlockedSources, {}, source="203.0.113.9 55 22", telephony=telephony) == BlockedSources(
        ("203.0.113.9", "2001:db8::9"), (("block_list", 2), ("asterisk", 2), ("sshd", 0)),
        (("2001:db8::9", "block_list"), ("203.0.113.9", "asterisk")),
    )


def test_without_any_list_nobody_is_blocked(told: Told) -> None:
    assert told(BlockedSources, {}, source="203.0.113.9 55 22") == BlockedSources(("203.0.113.9",), (), ())


def test_a_list_that_cannot_be_asked_is_not_an_empty_one(told: Told) -> None:
    with pytest.raises(Unreadable, match="the command failed"):
        told(BlockedSources, {}, telephony={"block_list": ["cat", "/nonexistent/list"]})


@pytest.mark.parametrize("of", [Registrations, Channels, Codecs, LoadedModules, Transports])
def test_an_asterisk_that_is_stopped_is_never_an_empty_one(told: Told, of: type, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    with pytest.raises(Unreadable, match="Asterisk is not running"):
        told(of, {}, complaint=STOPPED, paths={"asterisk_etc": str(tmp_path / "etc")})
