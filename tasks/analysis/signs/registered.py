"""Which phones and trunks are registered, by name: the set, not the count, is what an upgrade must leave as it was.

chan_sip and PJSIP tell it differently, and an upgrade may change from one to the other: the fact reads both, and here
they are put into the same words. Names are extensions and trunks; ``to HOST`` is a registration of the PBX itself with
a carrier.
"""
from __future__ import annotations

from tasks.facts import registrations
from tasks.model.answer import Answer
from tasks.model.asterisk_facts import Reach
from tasks.model.snapshot import Scalar

REGISTERED, UNREACHABLE, REFUSED = "registered", "unreachable", "not registered"
ask = registrations.ask


def parse(answer: Answer) -> dict[str, Scalar]:
    told = registrations.parse(answer)
    found: dict[str, Scalar] = {}
    for line in (*told.extensions, *told.trunks):
        if line.reach is not Reach.ABSENT and found.get(line.name) != REGISTERED:
            found[line.name] = UNREACHABLE if line.reach is Reach.SILENT else REGISTERED
    for own in told.outbound:
        name = f"to {own.host}"
        found[name] = REGISTERED if own.registered and found.get(name) != REFUSED else REFUSED
    return found
