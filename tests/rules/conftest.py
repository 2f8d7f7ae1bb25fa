"""A healthy system, whole: every fact of it, as the lab's appliances tell them."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings

from tasks.facts import all_facts
from tasks.model.answer import Answer, Contact, ContactState, Recording, Rows
from tasks.model.fact import Known, ShellFact
from tasks.model.facts import (
    AsteriskVersion,
    CdrSpan,
    ConfigurationErrors,
    CustomFiles,
    DatabaseServer,
    Dialplan,
    Edition,
    Identity,
    Module,
    Modules,
    Mount,
    Mounts,
    Platform,
    SipDriver,
    SipDrivers,
    SiteSettings,
    Table,
    Tables,
)
from tasks.model.finding import Finding, Outcome, Severity, Waiver
from tasks.model.fleet import System
from tasks.model.judged import Judged
from tasks.model.profile import Profile
from tasks.model.release import Release
from tasks.model.system_facts import (
    Certificates,
    CronJobs,
    Licence,
    PendingReboot,
    Resources,
    RunningWork,
    Timekeeping,
)
from tasks.rules.judge import judge

settings.register_profile("busy_machine", deadline=None)     # how long an example takes is no property of a rule
settings.load_profile("busy_machine")

LAB = Path(__file__).parents[2] / "deployments" / "profiles" / "lab.yaml"
FACTS = Path(__file__).parents[1] / "facts"
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SUM = "2f1b9c1d5a2c4a4f8c0e6f1b7d3a9e55"
CDR = Table("cdr", "InnoDB", 20_000, 5_000_000, 1_000_000, 0, next_id=20_001)
ROOT = Mount("/", "/dev/loop0", 6_000_000_000, 2_000_000_000, 4_000_000_000, None, None, read_only=False)
SYSTEM_HEALTH: tuple[Any, ...] = (
    Identity("aaaa", "pbx1", "Debian GNU/Linux 12", "Linux 6.1.0-28-amd64", 1_000.0, AT),
    Resources(0.4, 0.3, 2, 4_000_000_000, 2_000_000_000, 0, 0),
    PendingReboot(False, (), "6.1.0-28-amd64", ("6.1.0-28-amd64",), contained=False),
    Timekeeping("Pacific/Auckland", timedelta(hours=13), ("chronyd",), True, contained=False),
    Certificates(()),
    CronJobs(()),
    RunningWork((), (), ()),
    Licence(told=True, perpetual=True),
)
HEALTHY: tuple[Any, ...] = (
    *SYSTEM_HEALTH,
    Platform(Release.parse("6.7.1.0 (cd7e9ac3)"), Edition.BUSINESS),
    Mounts((ROOT,)),
    Tables("pbxware", (CDR,)),
    CdrSpan((AT - timedelta(days=365)).replace(tzinfo=None), AT.replace(tzinfo=None)),
    DatabaseServer("10.11.6-MariaDB", "/opt/pbxware/mysql/data", timedelta(), AT),
    AsteriskVersion(16, "16.28.0"),
    SipDrivers(frozenset({SipDriver.CHAN_SIP}), 3, 0),
    Modules((Module("chan_sip.so", SUM, 900_000),), SUM),
    CustomFiles(()),
    SiteSettings((("domain_name", "pbx.example.net"),)),
    Dialplan(()),
    ConfigurationErrors((), log_readable=True),
)


RECORDED = ("appliance_chan_sip", "appliance_running", "appliance_plain", "appliance_myisam", "no_replica",
            "nothing_runs")


def _recorded() -> tuple[Any, ...]:
    """Every other fact, as it was recorded on a healthy appliance of the lab."""
    told = {type(fact) for fact in HEALTHY}
    found = []
    for fact in all_facts():
        paths = (FACTS / fact.name / f"{name}.yaml" for name in RECORDED)
        path = next((path for path in paths if path.exists()), None)
        if fact.of not in told and path is not None:
            case = yaml.safe_load(path.read_text())
            found.append(fact.parse(Answer.model_validate(case["answer"])) if isinstance(fact, ShellFact)
                         else fact.parse(Rows.model_validate(case["rows"])))
    return tuple(found)


def _full() -> Mounts:
    return Mounts((replace(ROOT, used_bytes=5_960_000_000, free_bytes=40_000_000),))


TROUBLE: dict[str, Callable[[], Any]] = {
    "sufficient_space": _full,
    "cdr_table_size": lambda: Tables("pbxware", (
        Table("cdr", "MyISAM", 3_000_000, 600_000_000, 90_000_000, 0, next_id=3_000_001),
    )),
    "foreign_module": lambda: Modules((Module("chan_sip.so", SUM, 900_000), Module("codec_g729.so", None, 9)), SUM),
}


@pytest.fixture
def healthy() -> tuple[Any, ...]:
    return HEALTHY


@pytest.fixture
def trouble() -> dict[str, Callable[[], Any]]:
    return TROUBLE


@pytest.fixture
def system() -> System:
    return System.model_validate({
        "id": "pbx1", "client": "Northgate Dental Group", "environment": "standalone", "edition": "business",
        "ssh": {"host": "127.21.0.1", "credential": "inspect"}, "timezone": "Pacific/Auckland", "country": "NZ",
    })


@pytest.fixture
def profile() -> Profile:
    return Profile.model_validate(yaml.safe_load(LAB.read_text()))


@pytest.fixture
def contact() -> Callable[..., Contact]:
    return lambda state=ContactState.REACHED: Contact(state=state, host_key="SHA256:bbbb")


@pytest.fixture
def judging(system: System, profile: Profile) -> Callable[..., Judged]:
    """Judge the healthy system with some facts exchanged."""

    def judging(*facts: Any, state: ContactState = ContactState.REACHED, **more: Any) -> Judged:
        by_type = {type(fact): fact for fact in (*HEALTHY, *_recorded(), *facts)} | more.pop("known", {})
        recording = Recording(system_id="pbx1", started_at=AT, elapsed_s=1.0, contact=Contact(state=state))
        return judge(
            more.pop("system", system), more.pop("profile", profile), recording, Known(by_type),
            Release.parse("7.2.0"), AT, **more,
        )

    return judging


@pytest.fixture
def finding() -> Callable[..., Finding]:
    def finding(check_id: str = "foreign_module", subject: str = "codec_g729.so", **more: Any) -> Finding:
        fields = {"outcome": Outcome.FAIL, "severity": Severity.HIGH, "blocking": True, "summary": "it is foreign"}
        return Finding(check_id=check_id, check_version=1, subject=subject, **(fields | more))

    return finding


@pytest.fixture
def waiver() -> Callable[..., Waiver]:
    def waiver(check_id: str = "foreign_module", **more: Any) -> Waiver:
        fields = {"owner": "j.doe", "reason": "the client pays for it", "expires_on": date(2027, 1, 1)}
        return Waiver(check_id=check_id, **(fields | more))

    return waiver
