"""The fleet as a spreadsheet: one row a system, comma separated, UTF-8, columns in any order.

============================  ============================================================================
column                        cell
============================  ============================================================================
id, client, environment,      as in fleet.yaml
edition, timezone, country,
engineer, profile,
change_credential
ssh_host, ssh_port, ssh_user, as ``ssh:`` in fleet.yaml; port 2020 and user root when left out
ssh_credential
serverware_host,              as ``serverware:`` in fleet.yaml
serverware_vps_id
tags                          ``vip; pool-3``
business_hours                ``mon-fri 09:00-17:30; sat 10:00-13:00``
blackout                      ``2026-12-24..2026-12-26 Christmas; 2027-01-01 New Year``
contacts                      ``Jo Bloggs <jo@example.com>; Ann Lee <ann@example.com> fr no-approval``
overrides                     JSON, as ``overrides:`` in fleet.yaml
============================  ============================================================================

An empty cell is a field left out. Standing waivers can only be written in YAML.
"""
from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tasks.model.fleet import CLOCK_DAYS
from tasks.wire.fleet_secrets import MESSAGE_END, REMEDY, secret_name
from tasks.wire.marked_yaml import Fault, Location, Map, WrittenFloat
from tasks.wire.validation import dotted, nearest

NESTED = {
    "ssh_host": ("ssh", "host"),
    "ssh_port": ("ssh", "port"),
    "ssh_user": ("ssh", "user"),
    "ssh_credential": ("ssh", "credential"),
    "serverware_host": ("serverware", "host"),
    "serverware_vps_id": ("serverware", "vps_id"),
}
PLAIN = (
    "id", "client", "environment", "edition", "change_credential", "timezone", "country", "engineer", "profile",
)  # fmt: skip
REQUIRED = ("id", "client", "environment", "edition", "ssh_host", "ssh_credential", "timezone", "country")
_HOURS = re.compile(r"(?P<days>[a-z]{3}(?:[-,][a-z]{3})*)\s+(?P<opens>\d{1,2}:\d\d)\s*-\s*(?P<closes>\d{1,2}:\d\d)")
_BLACKOUT = re.compile(r"(?P<first>\d{4}-\d\d-\d\d)(?:\s*\.\.\s*(?P<last>\d{4}-\d\d-\d\d))?(?:\s+(?P<reason>.+))?")
_CONTACT = re.compile(r"(?P<name>[^<>]+?)\s*<(?P<email>[^<>]+)>(?:\s+(?P<language>[a-z]{2}))?(?P<no>\s+no-approval)?")

Entry = tuple[Any, int, tuple[Fault, ...]]


def parse_csv(text: str, *, dropped: list[str] | None = None) -> tuple[list[Entry], list[Fault]]:
    """The rows as the data that fleet.yaml would hold, each with its line and faults, and the faults of the header.

    Unknown columns are faults, unless ``dropped`` takes their names.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = _rows(reader)
    try:
        _, header = next(rows)
    except (StopIteration, csv.Error) as error:
        return [], [Fault(1, f"the first line holds no column names ({error})".replace(" ()", ""), "write id,client,…")]
    names = [cell.strip().lower() for cell in header]
    faults = list(_header_faults(names, dropped))
    if any(fault.at == () for fault in faults):
        return [], faults
    entries: list[Entry] = []
    try:
        for line, cells in rows:
            entries.append(_entry(names, cells, line))
    except csv.Error as error:
        line = entries[-1][1] + 1 if entries else 2
        faults.append(Fault(line, f"this row is not CSV: {error}", "close its quotes, and double those inside a cell"))
    return entries, faults


def column_name(at: Location) -> str:
    """The column that holds the field at ``at``, as its owner knows it."""
    return next((column for column, place in NESTED.items() if place == at), dotted(at))


def _rows(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line on which it begins."""
    before = 0
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield before + 1, cells
        before = reader.line_num


def _header_faults(names: list[str], dropped: list[str] | None) -> Iterator[Fault]:
    """Those at () forbid reading on: every row would repeat them."""
    if len(names) == 1 and ";" in names[0]:
        yield Fault(1, "the columns are separated by semicolons", "save the file with commas")
        return
    known = {*PLAIN, *NESTED, *LISTS, "overrides"}
    for name in names:
        if name not in known and dropped is not None:
            dropped.append(name)
        elif name and secret_name(name):
            yield Fault(1, f"the column {name!r} {MESSAGE_END}", REMEDY, (name,))
        elif name not in known:
            shown = f"unknown column {name!r}" if name else "a column has no name"
            yield Fault(1, shown, nearest(name, known), (name,))
    for name in sorted({name for name in names if names.count(name) > 1 and name in known}):
        yield Fault(1, f"the column {name!r} stands twice", "remove one of them")
    for name in REQUIRED:
        if name not in names:
            yield Fault(1, f"the column {name!r} is missing", "add it")


def _entry(names: list[str], cells: list[str], line: int) -> Entry:
    data, faults = Map(line), []
    if len(cells) != len(names):
        faults.append(Fault(line, f"the row has {len(cells)} cells and the header {len(names)}", "check its commas"))
    for name, cell in zip(names, cells, strict=False):
        text = cell.strip()
        if not text:
            continue
        try:
            _put(data, name, text, line)
        except ValueError as error:
            message, _, remedy = str(error).partition("; ")
            faults.append(Fault(line, f"{name}: {message}", remedy, (name,)))
    return data, line, tuple(faults)


def _put(data: Map, name: str, text: str, line: int) -> None:
    if name in NESTED:
        outer, inner = NESTED[name]
        data.setdefault(outer, Map(line))[inner] = text
    elif name in LISTS:
        data[name] = [LISTS[name](part.strip()) for part in text.split(";") if part.strip()]
    elif name in PLAIN:
        data[name] = text
    elif name == "overrides":
        data[name] = _overrides(text)


def _overrides(text: str) -> Any:
    try:
        found = json.loads(text, parse_float=WrittenFloat)
    except (ValueError, RecursionError):
        raise ValueError('not JSON; write it like {"paths": {"backup": "/backup"}}') from None
    if not isinstance(found, dict):
        raise ValueError('not a JSON object; write it like {"paths": {"backup": "/backup"}}')
    return found


def _hours(text: str) -> dict[str, Any]:
    found = _HOURS.fullmatch(text.lower())
    if not found:
        raise ValueError(f"{text[:40]!r} is not business hours; write them like mon-fri 09:00-17:30")
    days: list[str] = []
    for part in found["days"].split(","):
        ends = part.split("-")
        unknown = [day for day in ends if day not in CLOCK_DAYS]
        if unknown or len(ends) > 2:
            raise ValueError(f"{part!r} is not a weekday or two; write {', '.join(CLOCK_DAYS)}")
        first, last = CLOCK_DAYS.index(ends[0]), CLOCK_DAYS.index(ends[-1])
        days += [CLOCK_DAYS[(first + step) % 7] for step in range((last - first) % 7 + 1)]
    return {"days": days, "opens": found["opens"].zfill(5), "closes": found["closes"].zfill(5)}


def _blackout(text: str) -> dict[str, Any]:
    found = _BLACKOUT.fullmatch(text)
    if not found:
        raise ValueError(f"{text[:40]!r} is not a blackout; write it like 2026-12-24..2026-12-26 Christmas")
    entry = {"first": found["first"], "last": found["last"] or found["first"]}
    return {**entry, "reason": found["reason"]} if found["reason"] else entry


def _contact(text: str) -> dict[str, Any]:
    found = _CONTACT.fullmatch(text)
    if not found:
        raise ValueError("a contact is not well formed; write it like Jo Bloggs <jo@example.com>")
    entry: dict[str, Any] = {"name": found["name"], "email": found["email"].strip()}
    if found["language"]:
        entry["language"] = found["language"]
    return {**entry, "approves": False} if found["no"] else entry


LISTS: dict[str, Callable[[str], Any]] = {
    "tags": str,
    "business_hours": _hours,
    "blackout": _blackout,
    "contacts": _contact,
}
