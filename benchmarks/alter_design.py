"""Which tables are measured: engines, rows and row widths drawn so that every run of a seed measures the same ones."""
from __future__ import annotations

import math
import random
from dataclasses import dataclass

from deployments.lab.spec import Engine

LEAST_ROWS, MOST_ROWS = 20_000, 1_500_000
DISKS_BYTES_PER_S: tuple[int | None, ...] = (30_000_000, 60_000_000, 120_000_000, 240_000_000, None)   # None: no limit


@dataclass(frozen=True)
class CdrSpec:
    """A table of calls to be measured. ``number`` tells it from the others of its seed."""

    number: int
    engine: Engine
    rows: int
    calldate_index: bool
    did_column: bool
    userfield_bytes: int


def tables_of(seed: int, count: int) -> list[CdrSpec]:
    """``count`` tables, the engines in turn. Rows are spread over the decades, and more are large."""
    draw = random.Random(seed)  # noqa: S311  (no secret: a design that can be repeated)
    specs = []
    span = math.log(MOST_ROWS / LEAST_ROWS)
    a_engine = -(-count // len(Engine))
    places = {engine: draw.sample(range(a_engine), a_engine) for engine in Engine}
    for number in range(count):
        engine = list(Engine)[number % len(Engine)]
        place = (places[engine].pop() + draw.random()) / a_engine
        specs.append(CdrSpec(
            number=number,
            engine=engine,
            rows=round(LEAST_ROWS * math.exp(span * place**0.75)),
            calldate_index=draw.random() < 0.5,
            did_column=draw.random() < 0.5,
            userfield_bytes=draw.choice((0, 0, 40, 120)),
        ))
    return specs


def disks_of(seed: int, spec: CdrSpec, count: int) -> list[int | None]:
    """``count`` of the disks, another choice for each table."""
    return random.Random(seed * 10_007 + spec.number).sample(DISKS_BYTES_PER_S, count)  # noqa: S311
