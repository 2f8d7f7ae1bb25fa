"""Orders as a spreadsheet: columns ``order``, ``system`` and ``target``, comma separated, UTF-8, in any order."""
from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from tasks.model.errors import UserError
from tasks.model.fleet import SLUG
from tasks.model.release import Release
from tasks.model.ticket import ORDER, Asked
from tasks.wire.marked_yaml import Fault, read_text
from tasks.wire.validation import faulty, nearest

COLUMNS = ("order", "system", "target")
MOST_ROWS = 10_000


@dataclass(frozen=True)
class OrderRow:
    line: int
    asked: Asked


def read_orders(path: Path) -> tuple[OrderRow, ...]:
    """Every row. Raises UserError that names every fault with its line; then nothing was opened."""
    try:
        rows, faults = parse_orders(read_text(path))
    except OSError as error:
        raise UserError("orders_missing", f"{path} cannot be read ({error.strerror})", "correct the path") from None
    if faults:
        raise faulty(path, faults, code="orders_invalid")
    return rows


def parse_orders(text: str) -> tuple[tuple[OrderRow, ...], list[Fault]]:
    """The rows that are whole, and what is wrong with the others."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[OrderRow] = []
    faults: list[Fault] = []
    names: list[str] = []
    before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not names:
                names = [cell.strip().lower() for cell in cells]
                faults = _header(names, line)
                if faults:
                    return (), faults
                continue
            if len(rows) >= MOST_ROWS:
                return (), [Fault(line, f"the file has more than {MOST_ROWS} orders", "split it")]
            found = _row(dict(zip(names, map(str.strip, cells), strict=False)), line)
            if isinstance(found, Fault):
                faults.append(found)
            else:
                rows.append(found)
    except csv.Error as error:
        faults.append(Fault(before + 1, f"this row is not CSV: {error}", "close its quotes, and double those inside"))
    if not names:
        faults.append(Fault(1, "the first line holds no column names", "write order,system,target"))
    return tuple(rows), faults + _twice(rows)


def _header(names: list[str], line: int) -> list[Fault]:
    faults = [Fault(line, f"unknown column {name!r}", nearest(name, COLUMNS)) for name in names if name not in COLUMNS]
    faults += [Fault(line, f"the column {name} is missing", "add it") for name in COLUMNS if name not in names]
    return faults + [Fault(line, f"the column {name} stands twice", "remove one") for name in COLUMNS
                     if names.count(name) > 1]


def _row(cells: dict[str, str], line: int) -> OrderRow | Fault:
    order, system, told = (cells.get(name, "") for name in COLUMNS)
    if not re.fullmatch(ORDER, order):
        return Fault(line, "the order's reference is not well formed",
                     "use letters, digits, blanks and . _ / # : + - (99 at most, a letter or digit first)")
    if not re.fullmatch(SLUG, system):
        return Fault(line, "the system is not well formed", "give its id in the fleet file")
    try:
        target = Release.parse(told)
    except ValueError:
        return Fault(line, f"{told[:40]!r} is not a release", "write it like 8.2.0")
    return OrderRow(line, Asked(order_ref=order, system_id=system, target=Release(target.numbers)))


def _twice(rows: list[OrderRow]) -> list[Fault]:
    """The same order for two things: one of them is a mistake."""
    seen: dict[str, OrderRow] = {}
    faults = []
    for row in rows:
        first = seen.setdefault(row.asked.order_ref, row)
        if first.asked != row.asked:
            faults.append(Fault(row.line, f"the order {row.asked.order_ref} stands in line {first.line} for something "
                                "else", "correct one of the two"))
    return faults
