"""The fleet file's shape: which systems there are, how they are reached and whom they belong to. Never a secret."""
from __future__ import annotations

from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic.config import JsonDict

from tasks.model.facts import Edition
from tasks.model.finding import Waiver, WaiverSource

SLUG = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
LINE = r"^[^\x00-\x1f\x7f]*$"
HOST = r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$"
EMAIL = r"^[^@\s<>\",;:]+@[^@\s<>\",;:]+$"
LANGUAGE = r"^[a-z]{2}$"
COUNTRY = r"^[A-Z]{2}$"

Slug = Annotated[str, StringConstraints(pattern=SLUG)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=LINE)]
Host = Annotated[str, StringConstraints(pattern=HOST)]
Email = Annotated[str, StringConstraints(pattern=EMAIL, max_length=254)]
CLOCK_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ZONES = available_timezones()


class Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Environment(StrEnum):
    STANDALONE = "standalone"
    SERVERWARE = "serverware"


class Serverware(Entry):
    """``host`` may have a port. ``credential`` names the API token in UPLIFT_HOME/credentials.yaml."""

    host: Host
    vps_id: Slug
    credential: Slug = "serverware"


class Ssh(Entry):
    """``credential`` is a name that UPLIFT_HOME/credentials.yaml resolves to a key file or an agent."""

    host: Host
    port: int = Field(2020, ge=1, le=65535)
    user: Slug = "root"
    credential: Slug


class Hours(Entry):
    """Business hours of one or more weekdays, in the system's own zone."""

    days: tuple[str, ...] = Field(min_length=1)
    opens: time
    closes: time

    @field_validator("days")
    @classmethod
    def _days_are_weekdays(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [day for day in days if day not in CLOCK_DAYS]
        if unknown:
            raise ValueError(f"unknown weekday {unknown[0]!r}; write {', '.join(CLOCK_DAYS)}")
        return days


class Blackout(Entry):
    """Dates on which nothing is done on the system, both included."""

    first: date
    last: date
    reason: Text = "blackout"

    @field_validator("last")
    @classmethod
    def _ends_after_it_begins(cls, last: date, info: ValidationInfo) -> date:
        if "first" in info.data and last < info.data["first"]:
            raise ValueError("a blackout ends before it begins; swap first and last")
        return last


class Contact(Entry):
    name: Text
    email: Email
    language: Annotated[str, StringConstraints(pattern=LANGUAGE)] = "en"
    approves: bool = True


_SERVERWARE_WHERE_USED: JsonDict = {
    "if": {"properties": {"environment": {"const": "serverware"}}},
    "then": {"required": ["serverware"], "properties": {"serverware": {"type": "object"}}},
    "else": {"properties": {"serverware": {"type": "null"}}},
}


class System(Entry):
    """One client system."""

    model_config = ConfigDict(json_schema_extra=_SERVERWARE_WHERE_USED)

    id: Slug
    client: Text
    environment: Environment
    serverware: Serverware | None = Field(None, validate_default=True)
    edition: Edition
    ssh: Ssh
    change_credential: Slug | None = None
    timezone: str
    country: Annotated[str, StringConstraints(pattern=COUNTRY)]
    business_hours: tuple[Hours, ...] = ()
    blackout: tuple[Blackout, ...] = ()
    contacts: tuple[Contact, ...] = ()
    engineer: Slug | None = None
    tags: frozenset[Slug] = frozenset()
    profile: Slug = "pbxware"
    overrides: dict[str, Any] = {}
    waivers: tuple[Waiver, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        if zone not in _ZONES:
            raise ValueError(f"unknown time zone {zone!r}; write an IANA name like Europe/London")
        return zone

    @field_validator("serverware")
    @classmethod
    def _serverware_is_told_where_it_is_used(cls, told: Serverware | None, info: ValidationInfo) -> Serverware | None:
        environment = info.data.get("environment")
        if environment is Environment.SERVERWARE and told is None:
            raise ValueError("environment is serverware; add serverware: {host, vps_id}")
        if environment is Environment.STANDALONE and told is not None:
            raise ValueError("environment is standalone; remove serverware: or set environment to serverware")
        return told

    @field_validator("waivers")
    @classmethod
    def _waivers_are_standing(cls, waivers: tuple[Waiver, ...]) -> tuple[Waiver, ...]:
        if any(waiver.source is not WaiverSource.STANDING for waiver in waivers):
            raise ValueError("a waiver in the fleet file is standing; remove source")
        return waivers

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Fleet(Entry):
    systems: tuple[System, ...]
