"""A snapshot made of facts, and of what the outside saw."""
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tasks.model.fact import Known, Unknown
from tasks.model.facts import (
    AsteriskVersion,
    ConfigurationErrors,
    CustomFile,
    CustomFiles,
    CustomKind,
    Edition,
    Module,
    Modules,
    Platform,
    SipDriver,
    SipDrivers,
    SiteSettings,
    Table,
    Tables,
)
from tasks.model.release import Release
from tasks.model.snapshot import PHONES_AND_TRUNKS, Area, Snapshot, snapshot

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KNOWN = Known({
    Platform: Platform(Release.parse("6.7.1"), Edition.BUSINESS),
    AsteriskVersion: AsteriskVersion(16, "16.28.0"),
    SipDrivers: SipDrivers(frozenset({SipDriver.CHAN_SIP, SipDriver.PJSIP}), 4, 2),
    Modules: Modules((Module("chan_sip.so", "a" * 32, 10),), "a" * 32),
    Tables: Tables("pbxware", (Table("cdr", "InnoDB", 20_000, 1, 1, 0),)),
    SiteSettings: SiteSettings((("domain_name", "pbx.example.net"),)),
    CustomFiles: CustomFiles((CustomFile("/script/a.pl", CustomKind.SCRIPT),)),
    ConfigurationErrors: ConfigurationErrors(("ERROR pbx.c: no such context",), log_readable=True),
})


def test_a_snapshot_holds_what_the_facts_tell_and_what_was_seen_from_outside() -> None:
    taken = snapshot(KNOWN, NOON, {Area.REGISTERED: {"101": "Reachable"}, Area.PORTS: Unknown("ports", "no ss there")})
    assert taken.things == {
        Area.PLATFORM: {"release": "6.7.1", "edition": "business", "asterisk": "16.28.0"},
        Area.SIP_DRIVERS: {"chan_pjsip": 2, "chan_sip": 4, PHONES_AND_TRUNKS: 6},
        Area.MODULES: {"chan_sip.so": "a" * 32},
        Area.TABLES: {"cdr": 20_000},
        Area.SETTINGS: {"domain_name": "pbx.example.net"},
        Area.CUSTOM_FILES: {"/script/a.pl": "script"},
        Area.CONFIGURATION_ERRORS: {"ERROR pbx.c: no such context": "logged"},
        Area.REGISTERED: {"101": "Reachable"},
    }
    assert taken.unknown == {
        Area.PORTS: "no ss there",
        Area.SERVICES: "it was not looked at",
        Area.CONFIGURATION: "it was not looked at",
    }


def test_a_fact_that_could_not_be_told_is_unknown_with_its_reason_and_never_empty() -> None:
    facts = {Tables: Unknown("Tables", "the database refused"), SipDrivers: SipDrivers(frozenset(), 0, 0)}
    taken = snapshot(Known(facts), NOON)
    assert taken.of(Area.TABLES) is None and taken.unknown[Area.TABLES] == "the database refused"
    assert taken.of(Area.SIP_DRIVERS) == {PHONES_AND_TRUNKS: 0}
    assert set(taken.things) | set(taken.unknown) == set(Area)


def test_a_log_that_could_not_be_read_is_not_a_log_without_errors() -> None:
    taken = snapshot(Known({ConfigurationErrors: ConfigurationErrors((), log_readable=False)}), NOON)
    assert taken.unknown[Area.CONFIGURATION_ERRORS] == "Asterisk's log could not be read"


def test_a_snapshot_survives_being_stored() -> None:
    taken = snapshot(KNOWN, NOON)
    assert Snapshot.model_validate_json(taken.model_dump_json()) == taken


def test_a_file_of_the_site_that_lost_its_execute_bit_or_was_altered_is_another_one() -> None:
    def told(**changes: object) -> object:
        file = replace(CustomFile("/script/a.pl", CustomKind.SCRIPT, executable=True, digest="ab" * 32), **changes)
        return snapshot(Known({CustomFiles: CustomFiles((file,))}), NOON).of(Area.CUSTOM_FILES)

    assert told() == {"/script/a.pl": "script abababababab x"}
    assert told(executable=False) != told() != told(digest="cd" * 32)
    assert told(kind=CustomKind.SOUNDS) == {}, "after an upgrade everything is older than the release"
