"""The time that a client has given for an upgrade."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tasks.model.moment import Moment

_ZONES = available_timezones()


class NoSuchTime(ValueError):
    """A local time that the clocks skip, or pass twice without it being said which is meant."""


def _is_zone(name: str) -> str:
    if name not in _ZONES:
        raise ValueError(f"unknown time zone {name!r}; write an IANA name like Europe/London")
    return name


class Window(BaseModel):
    """``starts_at`` decides; ``local_start`` (wall clock, naive) and ``zone`` keep what was meant when it was agreed.

    Nothing new is started after ``latest_start``. ``fold`` is 1 for the second of two equal local times, on the night
    that summer time ends (PEP 495).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    starts_at: Moment
    duration_s: float = Field(gt=0)
    latest_start: Moment
    zone: Annotated[str, AfterValidator(_is_zone)]
    local_start: datetime
    fold: int = Field(0, ge=0, le=1)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(seconds=self.duration_s)

    @property
    def meant(self) -> datetime:
        """The instant that the local intent means by the zone rules of this machine."""
        return self.local_start.replace(tzinfo=ZoneInfo(self.zone), fold=self.fold).astimezone(UTC)

    @model_validator(mode="after")
    def _is_in_order(self) -> Window:
        if self.local_start.tzinfo is not None:
            raise ValueError("local_start is the time on the client's clock; leave its zone to zone:")
        if not self.starts_at <= self.latest_start <= self.ends_at:
            raise ValueError("latest_start lies outside the window; set it between the window's start and end")
        return self

    @classmethod
    def at_local(
        cls, local_start: datetime, zone: str, *, duration_s: float, needs_s: float, fold: int | None = None
    ) -> Window:
        """The window that begins at a wall-clock time; its latest start leaves ``needs_s`` for the upgrade.

        Raises NoSuchTime for a time that the clocks skip, for one that they pass twice unless ``fold`` says which,
        and ValueError where the upgrade does not fit.
        """
        if needs_s > duration_s:
            raise ValueError(f"the window is {duration_s / 60:.0f} min and the upgrade needs {needs_s / 60:.0f} min; "
                             "choose a longer window")
        instants = _instants(local_start, _is_zone(zone))
        if not instants:
            raise NoSuchTime(f"{local_start:%Y-%m-%d %H:%M} does not exist in {zone}; choose a time outside the hour "
                             "that the clocks skip")
        if len(instants) == 2 and fold is None:
            raise NoSuchTime(f"{local_start:%Y-%m-%d %H:%M} comes twice in {zone}; say whether the first or the second "
                             "is meant")
        chosen = fold if fold is not None and len(instants) == 2 else 0
        starts_at = instants[chosen]
        return cls(
            starts_at=starts_at, duration_s=duration_s, zone=zone, local_start=local_start.replace(fold=0),
            latest_start=starts_at + timedelta(seconds=duration_s - needs_s), fold=chosen,
        )


def _instants(local: datetime, zone: str) -> list[datetime]:
    """The instants at which a clock in ``zone`` shows ``local``: none in a gap, two in an overlap, else one."""
    found = []
    for fold in (0, 1):
        instant = local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)
        back = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
        if back == local.replace(fold=0) and instant not in found:
            found.append(instant)
    return found
