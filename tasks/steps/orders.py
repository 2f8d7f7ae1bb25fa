"""An order from wherever it came: matched against the fleet file, decided, and opened as a case once. Blocks."""
from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tasks.model.case import Case
from tasks.model.errors import UserError
from tasks.model.fleet import Fleet
from tasks.model.release import Release
from tasks.model.ticket import Asked, Declined, Why
from tasks.rules.ticket_order import decide, system_meant
from tasks.steps.intake import open_ticket
from tasks.wire.fleet_file import load_fleet
from tasks.wire.profile_file import profile_for
from tasks.wire.store.store import Store


@dataclass(frozen=True)
class Taken:
    """``case`` is the order's; ``new`` where it was opened just now."""

    case: Case
    new: bool


class Counter:
    """Takes orders for the systems of one fleet file, which is read once and again when it was written."""

    def __init__(self, store: Store, home: Path, fleet: Path) -> None:
        self.store, self.home, self.path = store, home, fleet
        self._fleet: tuple[tuple[int, int], Fleet] | None = None

    def take(self, asked: Asked, *, by: str) -> Taken | Declined:
        """Raises UserError where fleet file, profile or database cannot be used: that is nobody's fault who orders."""
        system = system_meant(asked, self.fleet().systems)
        if isinstance(system, Declined):
            return system
        cases = {case.order_ref: case for case in self.store.cases()}
        running = _seen_release(self.home, system.id, cases.values())
        order = decide(asked, system, profile_for(system, home=self.home), running, cases)
        if isinstance(order, Declined):
            return order
        try:
            case, new = open_ticket(
                self.store, home=self.home, fleet=self.path, system_id=order.system_id, target=order.target,
                order_ref=order.order_ref, by=by,
            )
        except UserError as error:
            if error.code != "order_taken":         # by somebody else, since the cases were read
                raise
            return Declined(why=Why.ORDER_TAKEN, detail=error.message)
        return Taken(case, new)

    def fleet(self) -> Fleet:
        """Raises FleetErrors."""
        stamp = _stamp(self.path)
        if self._fleet is None or self._fleet[0] != stamp:
            self._fleet = stamp, load_fleet(self.path, home=self.home)
        return self._fleet[1]


def _stamp(path: Path) -> tuple[int, int]:
    """Of the newest file of a fleet folder, or of the file; (0, 0) where it is not there."""
    try:
        files = [path, *path.rglob("*")] if path.is_dir() else [path]
        return max(each.stat().st_mtime_ns for each in files), sum(each.stat().st_size for each in files)
    except OSError:
        return 0, 0


def _seen_release(home: Path, system_id: str, cases: Iterable[Case]) -> Release | None:
    """The release that a system was last seen to run: by the newest case that verified it, else by the newest sweep."""
    theirs = [case for case in cases if case.system_id == system_id and case.running_release]
    if theirs:
        return max(theirs, key=lambda case: case.since).running_release
    for row in _sweep_rows(home / "sweeps" / "latest" / "systems.csv"):
        if row.get("id") == system_id:
            try:
                return Release.parse(row.get("source_release") or "")
            except ValueError:
                return None
    return None


def _sweep_rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    except (OSError, ValueError, csv.Error):
        return                  # no sweep yet, or one being replaced: the inspection tells the release
