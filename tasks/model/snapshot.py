"""A system before or after a change, as far as it can be compared: the small set of things that an upgrade may break.

Made of facts and of what the outside saw. What could not be told is not left out but stands in ``unknown``, because a
thing that nobody looked at must not read as unchanged.
"""
from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from tasks.model.fact import Known, Unknown
from tasks.model.facts import (
    AsteriskVersion,
    ConfigurationErrors,
    CustomFiles,
    CustomKind,
    Modules,
    Platform,
    SipDriver,
    SipDrivers,
    SiteSettings,
    Tables,
)
from tasks.model.finding import Frozen
from tasks.model.moment import Moment

Scalar = str | int | None
Told = dict[str, Scalar] | Unknown
PHONES_AND_TRUNKS = "phones and trunks"


class Area(StrEnum):
    """What a snapshot looks at. Each area is a set of named things with one value each."""

    PLATFORM = "platform"                   # release, Asterisk's version: meant to change
    REGISTERED = "registered"               # extension or trunk -> its contact's state
    SIP_DRIVERS = "sip_drivers"             # driver -> how many peers or endpoints it has, and the sum of all
    MODULES = "modules"                     # module -> build sum
    TABLES = "tables"                       # table -> rows
    PORTS = "ports"                         # "5060/udp" -> who listens
    SERVICES = "services"                   # service -> its state
    CONFIGURATION = "configuration"         # file -> digest of its content
    SETTINGS = "settings"                   # entry of pbxware.ini -> value
    CUSTOM_FILES = "custom_files"           # path -> kind, digest, x where executable
    CONFIGURATION_ERRORS = "configuration_errors"   # ERROR line of Asterisk's log -> "logged"


class Snapshot(Frozen):
    """``things`` holds every area that was looked at, an empty one too; ``unknown`` the reason for every other."""

    taken_at: Moment
    things: dict[Area, dict[str, Scalar]]
    unknown: dict[Area, str] = Field(default_factory=dict)

    def of(self, area: Area) -> dict[str, Scalar] | None:
        """The things of an area; None where they could not be told."""
        return self.things.get(area)


def snapshot(known: Known, taken_at: Moment, seen: Mapping[Area, Told] | None = None) -> Snapshot:
    """From the facts of an inspection, and from ``seen``: areas that no fact tells (registrations, ports, services,
    digests), as whoever looked has found them. An area that neither tells is unknown.
    """
    told: dict[Area, Told] = {area: Unknown(area, "it was not looked at") for area in Area}
    told |= _from_facts(known) | dict(seen or {})
    return Snapshot(
        taken_at=taken_at,
        things={area: things for area, things in told.items() if not isinstance(things, Unknown)},
        unknown={area: why.reason for area, why in told.items() if isinstance(why, Unknown)},
    )


def _from_facts(known: Known) -> dict[Area, Told]:
    drivers, modules, tables = known.get(SipDrivers), known.get(Modules), known.get(Tables)
    settings, files, errors = known.get(SiteSettings), known.get(CustomFiles), known.get(ConfigurationErrors)
    return {
        Area.PLATFORM: _platform(known),
        Area.SIP_DRIVERS: drivers if isinstance(drivers, Unknown) else _drivers(drivers),
        Area.MODULES: modules if isinstance(modules, Unknown) else {
            module.name: module.build_sum for module in modules.modules
        },
        Area.TABLES: tables if isinstance(tables, Unknown) else {
            table.name: table.rows for table in tables.tables
        },
        Area.SETTINGS: settings if isinstance(settings, Unknown) else dict(settings.values),
        Area.CUSTOM_FILES: files if isinstance(files, Unknown) else _custom(files),
        Area.CONFIGURATION_ERRORS: _errors(errors),
    }


def _custom(files: CustomFiles) -> dict[str, Scalar]:
    """Each path with what must not change of it: a restore that lost an execute bit is seen.

    What is known as the site's own by being younger than the release cannot be compared over an upgrade.
    """
    return {
        file.path: " ".join(filter(None, (file.kind.value, (file.digest or "")[:12], "x" if file.executable else "")))
        for file in files.files if file.kind not in (CustomKind.SOUNDS, CustomKind.AGI)
    }


def _drivers(drivers: SipDrivers) -> dict[str, Scalar]:
    """A converted system has as many phones and trunks as before, under another driver: so their sum is one thing."""
    counts = {SipDriver.CHAN_SIP: drivers.chan_sip_peers, SipDriver.PJSIP: drivers.pjsip_endpoints}
    each: dict[str, Scalar] = {driver.value: counts[driver] for driver in sorted(drivers.loaded)}
    return each | {PHONES_AND_TRUNKS: sum(counts[driver] for driver in drivers.loaded)}


def _platform(known: Known) -> Told:
    platform, asterisk = known.get(Platform), known.get(AsteriskVersion)
    for fact in (platform, asterisk):
        if isinstance(fact, Unknown):
            return fact
    assert isinstance(platform, Platform) and isinstance(asterisk, AsteriskVersion)
    edition = platform.edition.value if platform.edition else None
    return {"release": str(platform.release), "edition": edition, "asterisk": asterisk.text}


def _errors(errors: ConfigurationErrors | Unknown) -> Told:
    if isinstance(errors, Unknown):
        return errors
    if not errors.log_readable:
        return Unknown("ConfigurationErrors", "Asterisk's log could not be read")
    return dict.fromkeys(errors.lines, "logged")
