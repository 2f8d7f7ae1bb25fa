"""The table of knobs and faults in docs/checks.md, which a whole matrix of the inspection writes."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/checks.md"
BEGIN, END = "<!-- written by `make prove`: begin -->", "<!-- written by `make prove`: end -->"


@dataclass(frozen=True)
class KnobRow:
    """``wanted`` is the check that must find it, or None; ``found`` are all that found anything."""

    name: str
    what: str
    wanted: str | None
    found: tuple[str, ...]

    @property
    def held(self) -> bool:
        return self.found == ((self.wanted,) if self.wanted else ())


@dataclass(frozen=True)
class FaultRow:
    """``said`` are the reasons that the report gives for the system that has the fault."""

    fault: str
    said: tuple[str, ...]
    held: bool


def table(knobs: Iterable[KnobRow], faults: Iterable[FaultRow], neighbours: int) -> str:
    """``neighbours`` is how many systems without a fault were found to be as they are without the faulty ones."""
    lines = ["| knob | what it is | found by |", "|---|---|---|"]
    for knob in knobs:
        found = ", ".join(f"`{check}`" for check in knob.found) or "nothing, as it must be"
        wanted = f"`{knob.wanted}`" if knob.wanted else "nothing"
        lines.append(_row(f"`{knob.name}`", knob.what, found if knob.held else f"**{found}** instead of {wanted}"))
    lines += [
        "", f"A fault costs the system that has it, and none of the {neighbours} others of its swarm:", "",
        "| fault | what the report says of the system |", "|---|---|",
    ]
    for fault in faults:
        said = "; ".join(_gathered(fault.said))
        lines.append(_row(f"`{fault.fault}`", said if fault.held else f"**unclear**: {said}"))
    return "\n".join(lines)


def write(text: str, page: Path = PAGE) -> None:
    """Put the table between the page's two marks; the same table leaves the same bytes."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} has not both marks {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def _gathered(reasons: Iterable[str]) -> list[str]:
    """Facts that are missing for one reason are counted, so that the reason stands once."""
    facts: dict[str, set[str]] = {}
    for reason in reasons:
        fact, colon, why = reason.rpartition("; ")[2].partition(": ")
        known = colon and re.fullmatch(r"[a-z_]+", fact)
        facts.setdefault(why if known else reason, set()).update({fact} if known else ())
    return sorted(
        f"{len(names)} facts: {why}" if len(names) > 1 else f"{''.join(names)}: {why}" if names else why
        for why, names in facts.items()
    )


def without_address(said: str) -> str:
    """A reason as it reads on any lab."""
    return re.sub(r"SHA256:[\w+/]+", "SHA256:…", re.sub(r"127(\.\d+){3}:2020", "its address", said))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"
