"""From a ticket to an order, or the reason why it is none. Pure; a ticket's text is a stranger's and believed little.

A value counts only where it has the shape of what it should be; nothing of a ticket's free text enters a case.
"""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser

from tasks.model.case import OVER, Case
from tasks.model.fleet import SLUG, System
from tasks.model.profile import Profile
from tasks.model.release import Hop, Release
from tasks.model.ticket import LONGEST_TEXT, LONGEST_VALUE, ORDER, Asked, Declined, Order, Ticket, Why
from tasks.model.ticket_settings import CLOSED, RESOLVED, Desk, Place

_BREAKS = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "table", "ul", "ol"})
_SILENT = frozenset({"script", "style", "head", "title"})


def line_of(text: str, limit: int = LONGEST_VALUE) -> str:
    """One line without control, format, private and unassigned characters, cut at ``limit``."""
    kept = (" " if each.isspace() else each for each in text[: limit * 4] if _harmless(each))
    return " ".join("".join(kept).split())[:limit].rstrip()


def _harmless(each: str) -> bool:
    return each.isspace() or not unicodedata.category(each).startswith("C")


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self._silent:
            self._silent -= 1
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def plain_of(html: str) -> str:
    """The text of an HTML description; scripts and styles are left out, blocks begin on a line of their own."""
    parser = _Plain()
    parser.feed(html[: 4 * LONGEST_TEXT])
    parser.close()
    return "".join(parser.parts)[:LONGEST_TEXT]


def is_order(ticket: Ticket, desk: Desk) -> bool:
    """Whether a ticket is one that Uplift takes: of the configured type and tag, not junk, not done with."""
    only = desk.only
    return (
        not ticket.junk and ticket.status not in (RESOLVED, CLOSED)
        and (only.type is None or (ticket.kind or "").casefold() == only.type.casefold())
        and (only.tag is None or only.tag.casefold() in {tag.casefold() for tag in ticket.tags})
    )


def value_at(ticket: Ticket, place: Place) -> str:
    """What stands at a place of the form, "" where nothing does. The first line with the label counts."""
    if place.field is not None:
        return line_of(ticket.fields.get(place.field, ""))
    assert place.line is not None
    wanted = place.line.casefold().strip()
    for line in ticket.text[:LONGEST_TEXT].splitlines():
        label, colon, value = line.partition(":")
        if colon and line_of(label).casefold() == wanted:
            return line_of(value)
    return ""


def read_order(ticket: Ticket, desk: Desk) -> Asked | Declined:
    """What the ticket's form asks for. A requester whom the desk trusts is not compared with the system's contacts."""
    form = desk.form
    order = value_at(ticket, form.order) if form.order else f"{ticket.desk}-{ticket.id}"
    if not re.fullmatch(ORDER, order):
        return Declined(why=Why.NO_ORDER, detail=_bad("an order's reference", order))
    system = value_at(ticket, form.system) if form.system else ""
    if system and not re.fullmatch(SLUG, system):
        return Declined(why=Why.UNKNOWN_CLIENT, detail=_bad("a system's id", system))
    told = value_at(ticket, form.target)
    try:
        target = Release.parse(told)
    except ValueError:
        return Declined(why=Why.NO_RELEASE, detail=_bad("a release", told))
    trusted = ticket.requester is not None and ticket.requester in desk.trusted_requesters
    requester = None if trusted else ticket.requester or ""
    if trusted and not system:
        return Declined(why=Why.NO_SYSTEM, detail="the form names no system")
    return Asked(order_ref=order, system_id=system or None, target=Release(target.numbers), requester=requester)


def _bad(what: str, told: str) -> str:
    return f"{told[:80]!r} is not {what}" if told else f"the form does not tell {what}"


def system_meant(asked: Asked, systems: Iterable[System]) -> System | Declined:
    """The fleet's system that an order is for. Who is neither trusted nor its contact learns nothing of it."""
    known = tuple(systems)
    if asked.system_id is not None:
        found = next((system for system in known if system.id == asked.system_id), None)
        if found is None:
            return Declined(why=Why.UNKNOWN_CLIENT, detail=f"the fleet file has no system {asked.system_id}")
        if asked.requester is not None and asked.requester not in _addresses(found):
            return Declined(why=Why.UNKNOWN_CLIENT, detail=f"{_who(asked)} is no contact of {found.id}")
        return found
    theirs = [system for system in known if asked.requester and asked.requester in _addresses(system)]
    if not theirs:
        return Declined(why=Why.UNKNOWN_CLIENT, detail=f"{_who(asked)} is no contact of any system")
    if len(theirs) > 1:
        return Declined(why=Why.SEVERAL_SYSTEMS, detail=f"{_who(asked)} is a contact of {len(theirs)} systems: "
                        + ", ".join(system.id for system in theirs[:10]))
    return theirs[0]


def _addresses(system: System) -> frozenset[str]:
    return frozenset(contact.email.lower() for contact in system.contacts)


def _who(asked: Asked) -> str:
    return line_of(asked.requester or "", 254) or "who wrote the ticket"


def decide(
    asked: Asked, system: System, profile: Profile, running: Release | None, cases: Mapping[str, Case],
) -> Order | Declined:
    """The order, or why it is no case. ``cases``: those known, by order; ``running`` where a release was ever seen.

    An order that is a case of the same system and target already is that order again.
    """
    order = Order(order_ref=asked.order_ref, system_id=system.id, target=asked.target)
    known = cases.get(order.order_ref)
    if known is not None:
        if (known.system_id, known.target) == (order.system_id, order.target):
            return order
        return Declined(why=Why.ORDER_TAKEN, detail=f"the order {order.order_ref} is case {known.id}, for "
                        f"{known.system_id} to {known.target}")
    busy = next((c for c in cases.values() if c.system_id == system.id and c.state not in OVER), None)
    if busy is not None:
        # Not how far it has come: each reason is told once, and this one stays the same while the case goes on.
        return Declined(why=Why.DUPLICATE, detail=f"{system.id} has case {busy.id} for order {busy.order_ref}")
    return _refused_hop(order, profile, running) or order


def _refused_hop(order: Order, profile: Profile, running: Release | None) -> Declined | None:
    if not any(rule.to == order.target for rule in profile.hops):
        return Declined(why=Why.UNSUPPORTED_HOP, detail=f"profile {profile.name} allows no upgrade to {order.target}")
    if running is not None and not profile.supports(Hop(running, order.target)):
        return Declined(why=Why.UNSUPPORTED_HOP, detail=f"profile {profile.name} allows no upgrade from {running} "
                        f"to {order.target} in one step")
    return None
