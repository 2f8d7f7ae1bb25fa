"""docs/reliability.md, written by the whole matrix of kills."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/reliability.md"
HEAD = """\
# What dies, and what becomes of the upgrade

Written by `make prove` (`tests/prove/test_upgrade_kills.py`) whenever it has run every cell; do not edit it by hand.

Each row is one upgrade of a real appliance, put back to its clone before it. At a random moment after the one that is
named, one thing was ended with `kill -9`; the reconciler then went on until nothing was due. A run that was killed
leaves its lease behind: the test lets it pass at once instead of waiting a minute for it.

After each row it was seen, on the appliance itself, that the upgrader had been started at most once and had ended by
itself, that the case told the appliance's real release and had a next action, that its journal was unbroken, and that
both journals told the same stages in the same order.

A step runs inside `uplift tend --once`, which is "the process that runs the step"; where Prefect is killed, as a flow
run of `upgrade/client` under a process worker, and the reconciler then works without Prefect.
"""


@dataclass(frozen=True)
class Row:
    """``fault`` is what did not hold; "" where all held."""

    point: int
    kill: str
    moment: str
    kept_in: str
    fell: str
    ended: str
    fault: str


def write_page(rows: list[Row], seed: int, elapsed_s: float) -> None:
    held = sum(not row.fault for row in rows)
    lines = [
        HEAD, f"Seed {seed}: {held} of {len(rows)} held, in {elapsed_s / 60:.0f} min.\n",
        "| | killed | after the beginning of | case database | it fell | how it ended |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.point} | {row.kill} | {row.moment} | {row.kept_in} | {row.fell} | "
        f"{'**did not hold**: ' + row.fault if row.fault else row.ended} |".replace("\n", " ")
        for row in sorted(rows, key=lambda each: (each.kill, each.point))
    ]
    PAGE.write_text("\n".join(lines) + "\n")
