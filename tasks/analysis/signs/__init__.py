"""What a snapshot asks of a system beyond the facts of an inspection: one file per area, question and pure parser.

A sweep does not ask these: they matter only before and after a change, and cost more than a fact may.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tasks.analysis.signs import configuration, ports, registered, services
from tasks.model.answer import Answer, Silence
from tasks.model.fact import Unknown, Unreadable
from tasks.model.profile import Profile
from tasks.model.snapshot import Area, Scalar, Told


@dataclass(frozen=True)
class Sign:
    """``ask`` gives one POSIX shell command; ``parse`` reads what came back or raises Unreadable."""

    ask: Callable[[Profile], str]
    parse: Callable[[Answer], dict[str, Scalar]]
    limit_s: float = 10.0


SIGNS: Mapping[Area, Sign] = {
    Area.REGISTERED: Sign(registered.ask, registered.parse),
    Area.PORTS: Sign(ports.ask, ports.parse),
    Area.SERVICES: Sign(services.ask, services.parse),
    Area.CONFIGURATION: Sign(configuration.ask, configuration.parse, limit_s=20.0),
}


def read(area: Area, answer: Answer | Silence) -> Told:
    """The things of an area, or why they could not be told. An answer that was cut tells nothing."""
    if isinstance(answer, Silence):
        return Unknown(area, answer.detail)
    if answer.truncated:
        return Unknown(area, "the answer is longer than what is read of a system")
    try:
        return SIGNS[area].parse(answer)
    except Unreadable as error:
        return Unknown(area, str(error))
