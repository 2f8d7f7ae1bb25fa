"""Who gets a case: the client's engineer where that is possible, else whoever fits best. Pure.

Who is excluded for the client, cannot do this upgrade, is away while the case needs somebody, or has as much as is
allowed does not fit, whoever it is. Among those who fit: the client's engineer; who is preferred for the client or for
one of the system's tags; who is at work now; who has the least of what they may have; the name that comes first.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from tasks.model.case import OVER, Case, State
from tasks.model.engineer import Engineer, Engineers, Marked
from tasks.model.fleet import System
from tasks.rules.presence import absence_within, absent, next_shift, on_shift

S = State
CLIENTS_TURN, LEFT_ALONE = 0.5, 0.25        # of a case that its engineer works on
WEIGHTS = dict.fromkeys(State, 1.0) | dict.fromkeys(OVER, 0.0) | {
    S.NOTIFIED: CLIENTS_TURN, S.AWAITING_APPROVAL: CLIENTS_TURN, S.PROPOSED: CLIENTS_TURN,
    S.WATCHING: LEFT_ALONE, S.POSTPONED: LEFT_ALONE,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One engineer and this case. ``reason``: why it is theirs, or why not, to be read after the name."""

    name: str
    fits: bool
    load: float
    most: int
    at_work: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """``engineer`` None: nobody fits. ``reason`` is one sentence without its full stop; candidates, best first."""

    engineer: str | None
    reason: str
    candidates: tuple[Candidate, ...]


def load_of(name: str, cases: Iterable[Case]) -> float:
    """What an engineer has to do: the cases that are not over, by whose turn it is."""
    return sum(WEIGHTS[case.state] for case in cases if case.engineer == name)


def choose(case: Case, system: System, engineers: Engineers, cases: Iterable[Case], now: datetime) -> Assignment:
    """Who gets ``case`` at ``now``. ``cases`` are all that are under way; this one among them is not counted."""
    others = [each for each in cases if each.id != case.id]
    looked_at = [
        _Look(engineer, case, system, load_of(engineer.name, others), engineers.case_days, now)
        for engineer in engineers.engineers
    ]
    fit = sorted((each for each in looked_at if not each.refusals), key=_Look.rank)
    unfit = sorted((each for each in looked_at if each.refusals), key=lambda each: each.engineer.name)
    reasons = [_before(each, fit[0]) for each in fit[1:]]
    candidates = [each.candidate(reason) for each, reason in zip(fit[1:], reasons, strict=True)]
    candidates += [each.candidate("; ".join(each.refusals)) for each in unfit]
    theirs = _without_the_clients(system, engineers, unfit)
    if not fit:
        return Assignment(None, _nobody(candidates, theirs), tuple(candidates))
    best = fit[0]
    why = _why(best, fit[1:])
    reason = f"{theirs}; {best.engineer.name} {why}" if theirs else f"{best.engineer.name} {why}"
    return Assignment(best.engineer.name, reason, (best.candidate(why), *candidates))


class _Look:
    """One engineer, looked at for one case."""

    def __init__(
        self, engineer: Engineer, case: Case, system: System, load: float, days: int, now: datetime
    ) -> None:
        self.engineer, self.load, self.now = engineer, load, now
        self.clients_own = system.engineer == engineer.name
        self.preferred = _marks(engineer.preferred, system)
        self.on_shift = on_shift(engineer, now)
        self.refusals = tuple(_refusals(engineer, case, system, load, days, now))

    def rank(self) -> tuple[bool, bool, bool, float, float, str]:
        share = self.load / self.engineer.most_cases
        return (not self.clients_own, not self.preferred, not self.on_shift, share, self.load, self.engineer.name)

    def candidate(self, reason: str) -> Candidate:
        at_work = self.on_shift and absent(self.engineer, self.now) is None
        return Candidate(self.engineer.name, not self.refusals, self.load, self.engineer.most_cases, at_work, reason)

    @property
    def burden(self) -> str:
        return f"{self.load:g} of {self.engineer.most_cases}"

    @property
    def begins(self) -> str:
        begins = next_shift(self.engineer, self.now)
        return f"{begins:%Y-%m-%d %H:%M} UTC" if begins else "now"


def _refusals(
    engineer: Engineer, case: Case, system: System, load: float, days: int, now: datetime
) -> Iterable[str]:
    if _marks(engineer.excluded, system):
        yield "is excluded for this client by engineers.yaml"
    if engineer.skills and not any(skill.covers(system.edition, case.target) for skill in engineer.skills):
        yield f"does not do {system.edition.replace('_', ' ')} upgrades to {case.target}"
    away = absence_within(engineer, now, days)
    if away:        # without its reason: this is read by more people than engineers.yaml
        yield f"is absent from {away.first} to {away.last}" + (f" and a case takes {days} days" if days else "")
    if load + 1 > engineer.most_cases:
        yield f"has {load:g} of at most {engineer.most_cases} cases"


def _marks(marked: Marked, system: System) -> bool:
    clients = {client.casefold() for client in marked.clients}
    return system.client.casefold() in clients or not marked.tags.isdisjoint(system.tags)


# In the order in which it decides: what tells one who fits from the next, and how it is said of who gets the case
# and of who does not.
_DECIDES: tuple[tuple[Callable[[_Look], object], Callable[[_Look], str], Callable[[_Look, _Look], str]], ...] = (
    (lambda one: one.clients_own, lambda one: "is the client's engineer",
     lambda one, best: f"{best.engineer.name} is the client's engineer"),
    (lambda one: one.preferred, lambda one: "is preferred for this client",
     lambda one, best: f"{best.engineer.name} is preferred for this client"),
    (lambda one: one.on_shift, lambda one: "is at work now", lambda one, best: f"is not at work before {one.begins}"),
    (lambda one: (one.load / one.engineer.most_cases, one.load), lambda one: f"is the least busy ({one.burden})",
     lambda one, best: f"is busier ({one.burden}) than {best.engineer.name} ({best.burden})"),
)


def _why(best: _Look, others: list[_Look]) -> str:
    """What decided for the best one."""
    if best.clients_own:
        return "is the client's engineer and fits"
    if not others:
        return "is the only one who fits"
    for trait, said, _ in _DECIDES[1:]:
        if trait(best) != trait(others[0]):
            return f"{said(best)}, of {len(others) + 1} who fit"
    return f"is no busier than others ({best.burden}) and comes first by name, of {len(others) + 1} who fit"


def _before(one: _Look, best: _Look) -> str:
    """Why the best one goes before this one, who fits as well."""
    for trait, _, said in _DECIDES:
        if trait(one) != trait(best):
            return f"fits, but {said(one, best)}"
    return f"fits, but {best.engineer.name} comes first by name"


def _without_the_clients(system: System, engineers: Engineers, unfit: list[_Look]) -> str:
    """Why it is not the client's engineer; "" where it is, or where the fleet file names none."""
    name = system.engineer
    if name is None:
        return ""
    if engineers.named(name) is None:
        return f"{name}, the client's engineer, is not in engineers.yaml"
    why = [each.refusals[0] for each in unfit if each.engineer.name == name]
    return f"{name}, the client's engineer, {why[0]}" if why else ""


def _nobody(candidates: list[Candidate], theirs: str) -> str:
    if not candidates:
        return "engineers.yaml names nobody"
    return "nobody can take this case: " + "; ".join(
        [*([theirs] if "not in engineers.yaml" in theirs else []), *(f"{one.name} {one.reason}" for one in candidates)])
