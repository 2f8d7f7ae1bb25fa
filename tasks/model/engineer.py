"""Who upgrades: the engineers of UPLIFT_HOME/engineers.yaml, when they work and what they can do."""
from __future__ import annotations

from datetime import date, time
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from tasks.model.facts import Edition
from tasks.model.fleet import CLOCK_DAYS, LANGUAGE, Email, Slug, Text
from tasks.model.release import Release

_ZONES = available_timezones()


class Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shift(Entry):
    """Working hours on the clock of the engineer's own zone.

    ``ends`` no later than ``begins`` is a time of the next day, so that equal times are a whole day.
    """

    days: tuple[str, ...] = Field(min_length=1)     # on which it begins
    begins: time
    ends: time

    @field_validator("days")
    @classmethod
    def _days_are_weekdays(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [day for day in days if day not in CLOCK_DAYS]
        if unknown:
            raise ValueError(f"unknown weekday {unknown[0]!r}; write {', '.join(CLOCK_DAYS)}")
        return days

    @field_validator("begins", "ends", mode="before")
    @classmethod
    def _written_as_a_time(cls, written: object) -> object:
        if isinstance(written, int | float):        # would be taken for seconds
            raise ValueError("this is no time; write it like 09:00")
        return written

    @field_validator("begins", "ends")
    @classmethod
    def _on_the_engineers_clock(cls, clock: time) -> time:
        if clock.tzinfo is not None:
            raise ValueError("a shift is in the engineer's own zone; write it without an offset, like 09:00")
        return clock


class Absence(Entry):
    """Days on which the engineer is not there, both included, by the calendar of the engineer's own zone."""

    first: date
    last: date
    reason: Text = "away"

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Absence:
        if self.last < self.first:
            raise ValueError("an absence ends before it begins; swap first and last")
        return self


class Skill(Entry):
    """Upgrades of these editions to releases from ``at_least`` on and lower than ``below``; None: no limit."""

    editions: frozenset[Edition] = Field(frozenset(Edition), min_length=1)
    at_least: Release | None = None
    below: Release | None = None

    @model_validator(mode="after")
    def _holds_a_release(self) -> Skill:
        if self.at_least and self.below and self.below <= self.at_least:
            raise ValueError("no release is at_least the one and below the other; below is the first that is too high")
        return self

    def covers(self, edition: Edition, target: Release) -> bool:
        return (
            edition in self.editions
            and (self.at_least is None or target >= self.at_least)
            and (self.below is None or target < self.below)
        )


class Marked(Entry):
    """Some systems: those of these clients, and those with one of these tags."""

    clients: frozenset[Text] = frozenset()
    tags: frozenset[Slug] = frozenset()


class Engineer(Entry):
    """``name`` is the one of the fleet file. Without shifts any hour is one of work, without skills all is known."""

    name: Slug
    full_name: Text
    email: Email
    language: Annotated[str, StringConstraints(pattern=LANGUAGE)] = "en"
    zone: str
    shifts: tuple[Shift, ...] = ()
    absences: tuple[Absence, ...] = ()
    skills: tuple[Skill, ...] = ()
    preferred: Marked = Marked()
    excluded: Marked = Marked()
    most_cases: int = Field(10, ge=0, le=1000)

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        if zone not in _ZONES:
            raise ValueError(f"unknown time zone {zone!r}; write an IANA name like Europe/London")
        return zone

    @property
    def clock(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class Engineers(Entry):
    """Nobody where the site has no engineers.yaml. ``case_days``: how long a new case needs its engineer's presence."""

    engineers: tuple[Engineer, ...] = ()
    case_days: int = Field(7, ge=0, le=60)

    @model_validator(mode="after")
    def _names_are_of_one(self) -> Engineers:
        names = [each.name for each in self.engineers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{twice[0]} is there twice; give each engineer a name of their own")
        return self

    def named(self, name: str | None) -> Engineer | None:
        return next((each for each in self.engineers if each.name == name), None)
