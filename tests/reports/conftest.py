"""Fleets that look like real ones, made of judged systems from a seed: the reports' input without a network."""
from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from reports.meta import CheckText, SweepMeta
from reports.rows import finding_rows, system_row
from tasks.analysis.frames import findings_frame, systems_frame
from tasks.model.answer import Contact, ContactState
from tasks.model.fact import Known
from tasks.model.facts import (
    AsteriskVersion,
    CdrRhythm,
    CdrSpan,
    DatabaseServer,
    Edition,
    Mount,
    Mounts,
    Platform,
    SipDriver,
    SipDrivers,
    Table,
    Tables,
)
from tasks.model.finding import Finding, Kind, Outcome, Quantity, Remediation, Severity, Verdict, Waiver
from tasks.model.fleet import System
from tasks.model.judged import Judged
from tasks.model.profile import Profile
from tasks.model.release import Hop, Release

STARTED = datetime(2026, 3, 14, 1, 0, tzinfo=UTC)
TARGET = Release.parse("8.2.0")
PROFILE = Profile(name="pbxware")
GB = 1_000_000_000
PLACES = (("Europe/London", "GB"), ("Europe/Sarajevo", "BA"), ("America/New_York", "US"), ("America/Chicago", "US"),
          ("Asia/Kolkata", "IN"), ("Australia/Sydney", "AU"), ("Europe/Berlin", "DE"))
FIRST = ("Northgate", "Harbour", "Blue Ridge", "Alder", "Kestrel", "Meridian", "Old Mill", "Bright", "Summit", "Tallis",
         "Vector", "Willow", "Quayside", "Redwood", "Sterling", "Lakeside", "Orchard", "Pioneer", "Cobalt", "Fairview",
         "Ashford", "Beacon", "Cedar", "Dunmore", "Elmwood")
SECOND = ("Dental Group", "Logistics", "Insurance", "Legal", "Hotels", "Clinics", "Motors", "Telecom", "Energy",
          "Schools", "Pharmacy", "Estates", "Couriers", "Foods", "Credit Union", "Veterinary", "Housing", "Travel",
          "Textiles")
ENGINEERS = ("amra", "tom.becker", "s.okafor", "lejla", None)
CHECKS = (
    CheckText("sufficient_space", "An upgrade unpacks the new release beside the running one and rebuilds the table of "
              "calls; without room for both it stops half-way.", "Free the space that is missing, or enlarge the disk.",
              "There is too little free space on your phone system's disk for the upgrade."),
    CheckText("cdr_table_size", "Rebuilding the table of calls decides how long the phones are silent.",
              "Archive old call records before the upgrade, or agree a longer window.",
              "Your history of calls is long, so the upgrade would take longer than usual."),
    CheckText("chan_sip_in_use", "The target release has no chan_sip: phones that still register through it come back "
              "silent.", "Move the extensions and trunks to PJSIP before the upgrade.",
              "Some of your phones use a connection that the new release no longer has."),
    CheckText("foreign_modules", "A module that was not built for this Asterisk does not load after the upgrade.",
              "Install the module's build for the new release, or remove it.", "An add-on needs its new version."),
    CheckText("custom_overwritten", "Changes made on the system by hand are overwritten by an upgrade.",
              "Save the files, and re-apply them after the upgrade.", "Your system has been adapted by hand."),
    CheckText("domain_name_missing", "From 6.7.3 a domain name is mandatory.", "Set the domain name in the settings.",
              "Your system needs a domain name."),
    CheckText("configuration_errors", "Asterisk rejects a part of its configuration already today.",
              "Mend the lines that the log names.", "A part of your configuration does not work today."),
)


def make_fleet(count: int, seed: int = 7) -> list[Judged]:
    """``count`` judged systems, the same for the same seed."""
    chance = random.Random(seed)
    return [_judged(chance, number) for number in range(count)]


def frames_of(fleet: list[Judged]) -> tuple[pd.DataFrame, pd.DataFrame]:
    return (
        systems_frame(system_row(one, PROFILE, TARGET) for one in fleet),
        findings_frame(row for one in fleet for row in finding_rows(one)),
    )


def make_meta(**changes: object) -> SweepMeta:
    given = {"sweep_id": "20260314T010000Z-8.2.0", "target": "8.2.0", "started_at": STARTED, "elapsed_s": 372.4,
             "checks": CHECKS, "timezone": "Europe/Sarajevo", "uplift_version": "0.1.0"}
    return SweepMeta(**(given | changes))  # type: ignore[arg-type]


def make_system(number: int = 0, **changes: object) -> System:
    given: dict[str, object] = {
        "id": f"pbx-{number:05}", "client": "Acme", "environment": "standalone", "edition": "business",
        "ssh": {"host": "127.30.0.1", "credential": "sweep"}, "timezone": "Europe/London", "country": "GB",
    }
    return System.model_validate(given | changes)


@pytest.fixture(scope="session")
def fleet_frames() -> Callable[[int], tuple[pd.DataFrame, pd.DataFrame]]:
    made: dict[int, tuple[pd.DataFrame, pd.DataFrame]] = {}

    def frames(count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        if count not in made:
            made[count] = frames_of(make_fleet(count))
        return made[count]

    return frames


@pytest.fixture
def meta() -> SweepMeta:
    return make_meta(excluded=(("pbx-retired-1", "not selected by not tag=retired"),))


@pytest.fixture
def judged_of() -> Callable[..., Judged]:
    """One judged system with the facts, findings and fleet entries that a test names."""

    def make(
        facts: dict[type, object] | None = None, findings: tuple[Finding, ...] = (), verdict: Verdict = Verdict.READY,
        contact: Contact | None = None, remarks: tuple[str, ...] = (), **system: object,
    ) -> Judged:
        platform = (facts or {}).get(Platform)
        hop = Hop(platform.release, TARGET) if isinstance(platform, Platform) else None
        reached = contact or Contact(state=ContactState.REACHED)
        return Judged(make_system(**system), reached, Known(facts or {}), findings, verdict, hop, remarks)

    return make


HOSTILE = (
    "<script>window.owned=1</script>",
    "</script><script>window.owned=1</script>",
    "\"><img src=x onerror=window.owned=1>",
    "' onmouseover='window.owned=1",
    "=cmd|' /C calc'!A0",
    "+SUM(1+1)",
    "-2+3",
    "@SUM(A1)",
    "=HYPERLINK(\"http://example.net\")",
    "https://example.net/phish",
    "{{ 7 * 7 }}{% raw %}",
    "$\\frac{1}{2}$ and $",
    "<!-- --> <!--<script>",
    "\u202egnp.exe\u2066",
    "\u200fשלום עולם",
    "Ünïcødé 日本語 🎉",
    "\u2028\u2029 & &amp; &#60;",
    "007",
)
DIRTY = ("line\nbreak\r\n=1+1", "\tTAB", "nul\x00 bell\x07 escape\x1b[31m", "half \ud800 of one", "x" * 40_000)


@pytest.fixture
def hostile_texts() -> tuple[str, ...]:
    """What a client's name may hold, and (the second part, only from systems) control characters and broken text."""
    return HOSTILE


@pytest.fixture
def hostile_fleet() -> list[Judged]:
    """Systems whose names, subjects, summaries and waivers try to break out of every file that they are written to."""
    return [_hostile(number, text) for number, text in enumerate(HOSTILE + DIRTY)]


@pytest.fixture
def frames_from() -> Callable[[list[Judged]], tuple[pd.DataFrame, pd.DataFrame]]:
    return frames_of


def _judged(chance: random.Random, number: int) -> Judged:
    zone, country = chance.choice(PLACES)
    serverware = chance.random() < 0.4
    system = make_system(
        number, client=f"{chance.choice(FIRST)} {chance.choice(SECOND)}", timezone=zone, country=country,
        environment="serverware" if serverware else "standalone",
        serverware={"host": "sw.example.net", "vps_id": f"vps-{number}"} if serverware else None,
        edition=chance.choice(list(Edition)).value, engineer=chance.choice(ENGINEERS),
        tags=frozenset(chance.sample(["vip", "wholesale", "24x7", "pilot"], chance.choice([0, 0, 1, 2]))),
    )
    if chance.random() < 0.03:
        contact = Contact(state=ContactState.TIMED_OUT, detail="No answer on port 2020 within 10 s; check the firewall")
        return Judged(system, contact, Known(), (), Verdict.UNREACHABLE, None)
    facts = _facts(chance, system)
    findings = tuple(_findings(chance, facts, system))
    hop = Hop(facts[Platform].release, TARGET)
    return Judged(system, Contact(state=ContactState.REACHED), Known(facts), findings, _verdict(findings), hop)


def _facts(chance: random.Random, system: System) -> dict[type, object]:
    rows = int(10 ** chance.gauss(5.7, 0.7))
    engine = chance.choice(["InnoDB", "InnoDB", "MyISAM"])
    size = int(rows * chance.uniform(230, 420))
    disk = chance.choice([20, 40, 40, 80, 160]) * GB
    used = min(int(disk * 0.97), int(disk * chance.betavariate(5, 4)) + size)
    release = chance.choice(["6.0.1", "6.7.3", "6.7.3", "7.0.0", "7.2.0", "7.2.0", "7.2.0", "8.1.0"])
    driver = SipDriver.CHAN_SIP if release.startswith("6") else SipDriver.PJSIP
    per_day = rows / chance.uniform(300, 1500)
    first = STARTED.replace(tzinfo=None) - timedelta(days=rows / per_day)
    return {
        Platform: Platform(Release.parse(release), system.edition),
        AsteriskVersion: AsteriskVersion(16 if release < "7.2" else 20, "16.28.0" if release < "7.2" else "20.5.2"),
        SipDrivers: SipDrivers(frozenset({driver}), 40 if driver is SipDriver.CHAN_SIP else 0, 60),
        Mounts: Mounts((Mount("/", "/dev/vda1", disk, used, disk - used, 5_000_000, 4_000_000),
                        Mount("/boot", "/dev/vda2", GB, GB // 4, GB * 3 // 4, 60_000, 59_000))),
        Tables: Tables("pbxware", (Table("cdr", engine, rows, int(size * 0.8), size - int(size * 0.8), 0),)),
        DatabaseServer: DatabaseServer("10.11.6-MariaDB", "/var/lib/mysql", timedelta(0), STARTED),
        CdrSpan: CdrSpan(first, STARTED.replace(tzinfo=None)),
        CdrRhythm: CdrRhythm(56, tuple(tuple(_calls(per_day, day, hour, system) for hour in range(24))
                                       for day in range(7))),
    }


def _calls(per_day: float, day: int, hour: int, system: System) -> int:
    """Eight weeks of calls in an hour of the week: an office's day in the system's zone, as a UTC database sees it."""
    local = (hour + round((STARTED.astimezone(system.zone).utcoffset() or timedelta()).total_seconds() / 3600)) % 24
    shape = [0.2, 0.1, 0.1, 0.1, 0.2, 0.4, 1, 2, 5, 9, 11, 11, 9, 8, 10, 10, 9, 6, 3, 2, 1.5, 1, 0.6, 0.3][local]
    return int(per_day * 8 * shape / 100 * (0.25 if day >= 5 else 1.2))


def _findings(chance: random.Random, facts: dict, system: System):
    table, mount = facts[Tables].tables[0], facts[Mounts].mounts[0]
    need = int(3 * GB + mount.size_bytes * 0.05 + table.size_bytes * (1.1 if system.serverware else 1.35))
    if mount.free_bytes < need:
        yield _finding("sufficient_space", "/", Severity.HIGH, True,
                       f"/ has {Quantity(value=mount.free_bytes, unit='bytes')} free, the upgrade needs "
                       f"{Quantity(value=need, unit='bytes')}", (mount.free_bytes, "bytes"), (need, "bytes"),
                       Remediation(id="free_space", kind=Kind.CLIENT, text="Delete or move old recordings, or enlarge "
                                   "the disk.", reversible=False))
    if table.rows > 2_000_000:
        yield _finding("cdr_table_size", "cdr", Severity.MEDIUM, False,
                       f"cdr has {table.rows:,} rows in {table.engine}", (table.rows, "rows"), (2_000_000, "rows"),
                       Remediation(id="archive_cdr", kind=Kind.COMMAND, text="Archive calls older than two years.",
                                   reversible=True, downtime_s=240))
    if SipDriver.CHAN_SIP in facts[SipDrivers].loaded and chance.random() < 0.3:
        yield _finding("chan_sip_in_use", "chan_sip", Severity.HIGH, True, "40 peers register through chan_sip",
                       (40, "peers"), (0, "peers"), Remediation(id="to_pjsip", kind=Kind.ENGINEER, text="Move them to "
                       "PJSIP.", reversible=True, downtime_s=600))
    if chance.random() < 0.06:
        yield _finding("foreign_modules", "codec_g729.so", Severity.MEDIUM, True, "codec_g729.so was not built for "
                       "Asterisk 16: its build sum differs", None, None,
                       Remediation(id="remove_module", kind=Kind.ENGINEER, text="Remove it, or install its build for "
                                   "the new release.", reversible=True))
    if chance.random() < 0.1:
        waiver = Waiver(check_id="custom_overwritten", owner="amra", reason="Re-applied by our own script after each "
                        "upgrade", expires_on=date(2026, 12, 31)) if chance.random() < 0.5 else None
        yield _finding("custom_overwritten", "admin/css/custom.css", Severity.LOW, False, "A stylesheet of the web "
                       "administration was changed by hand", None, None,
                       waiver=waiver)
    if chance.random() < 0.04:
        yield Finding(check_id="configuration_errors", check_version=1, subject="messages", outcome=Outcome.UNKNOWN,
                      severity=Severity.MEDIUM, blocking=True, summary="The log of Asterisk could not be read: "
                      "permission denied")
    yield Finding(check_id="domain_name_missing", check_version=1, subject="", outcome=Outcome.PASS,
                  severity=Severity.INFO, blocking=False, summary="")
    if chance.random() < 0.3:
        yield Finding(check_id="cdr_table_size", check_version=1, subject="cdr", outcome=Outcome.PASS,
                      severity=Severity.INFO, blocking=False, summary=f"cdr grows by {table.rows // 900:,} rows a day")


def _finding(check, subject, severity, blocking, summary, measured, threshold, *remediations, waiver=None) -> Finding:
    return Finding(
        check_id=check, check_version=1, subject=subject, outcome=Outcome.FAIL, severity=severity, blocking=blocking,
        summary=summary, measured=measured and Quantity(value=measured[0], unit=measured[1]),
        threshold=threshold and Quantity(value=threshold[0], unit=threshold[1]), remediations=remediations,
        waiver=waiver,
    )


def _verdict(findings: tuple[Finding, ...]) -> Verdict:
    standing = [one for one in findings if one.open]
    if any(one.blocking and one.outcome is Outcome.FAIL and one.severity is Severity.HIGH for one in standing):
        return Verdict.BLOCKED
    if any(one.outcome is Outcome.UNKNOWN for one in standing):
        return Verdict.UNDETERMINED
    return Verdict.ACTIONS_NEEDED if standing else Verdict.READY


def _hostile(number: int, text: str) -> Judged:
    client = "".join(one for one in text if one >= " " and one != "\x7f" and not "\ud800" <= one <= "\udfff")[:200]
    waiver = Waiver(check_id="waived", owner=client, reason=client, expires_on=date(2026, 12, 31))
    findings = (
        Finding(check_id="configuration_errors", check_version=1, subject=text, outcome=Outcome.FAIL,
                severity=Severity.HIGH, blocking=True, summary=text, client_text=text,
                measured=Quantity(value=1, unit=text), threshold=Quantity(value=2, unit=text),
                remediations=(Remediation(id="mend", kind=Kind.ENGINEER, text=text, reversible=True),)),
        Finding(check_id="waived", check_version=1, subject="", outcome=Outcome.FAIL, severity=Severity.LOW,
                blocking=False, summary=text,
                waiver=waiver),
    )
    facts = {
        AsteriskVersion: AsteriskVersion(16, text),
        Mounts: Mounts((Mount(text, text, GB, GB, 0, None, None),)),
        Tables: Tables("pbxware", (Table("cdr", text, 10, 10, 0, 0),)),
    }
    contact = Contact(state=ContactState.REACHED, detail=text)
    return Judged(make_system(number, client=client), contact, Known(facts), findings, Verdict.BLOCKED, None, (text,))
