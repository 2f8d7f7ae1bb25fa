"""Days on which nobody plans an upgrade: the public holidays of a client's country, and the client's own blackouts."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import holidays

from tasks.model.fleet import Blackout


def closed_days(country: str, blackout: Iterable[Blackout], first: date, last: date) -> dict[date, str] | None:
    """Each such day from ``first`` to ``last`` (both included) with its reason; None: the holidays of this country
    are not known.

    ``country`` is of ISO 3166; only holidays of the whole country count.
    """
    if country not in holidays.list_supported_countries():
        return None
    known = holidays.country_holidays(country, years=range(first.year, last.year + 1))
    days = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    own = {day: f"blackout: {each.reason}" for each in blackout for day in days if each.first <= day <= each.last}
    return {day: f"public holiday: {known[day]}" for day in days if day in known} | own
