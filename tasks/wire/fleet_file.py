"""The fleet file: ``fleet.yaml``, CSV, or a folder of either. Every error is named at once, with file and line."""
from __future__ import annotations

import gc
import ipaddress
import re
import stat
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tasks.model.errors import FleetError, FleetErrors, UserError
from tasks.model.fleet import HOST, SLUG, Fleet, Ssh, System
from tasks.model.profile import Profile
from tasks.wire.fleet_csv import Entry, column_name, parse_csv
from tasks.wire.fleet_secrets import is_under, secrets_in
from tasks.wire.marked_yaml import Fault, Map, Seq, line_of, parse_yaml, plain, read_text
from tasks.wire.profile_file import known_profiles, load_profile, merge
from tasks.wire.validation import Name, dotted, faults_of, nearest

SUFFIXES = (".yaml", ".yml", ".csv")
SSH_PORT = Ssh.model_fields["port"].default
_WORD = re.compile(SLUG)
_PART = re.compile(f"{HOST}|{SLUG}")


@dataclass(frozen=True)
class Row:
    """One entry of ``systems`` as it was written, with its file and the system that came of it, if it is whole."""

    file: str
    data: Any
    line: int
    system: System | None
    faults: tuple[Fault, ...]

    @property
    def system_id(self) -> str:
        """Its id where it is one, so that errors can name it."""
        found = self.data.get("id") if isinstance(self.data, dict) else None
        return found if isinstance(found, str) and _WORD.fullmatch(found) else ""


def load_fleet(path: Path, *, home: Path | None = None, dropped: list[str] | None = None) -> Fleet:
    """Every system of the file or folder; ``home`` is where the site's own profiles are looked for.

    ``dropped`` takes the names of unknown CSV columns, which are errors without it.

    Raises FleetErrors with all that is wrong, and UserError where there is no such file.
    """
    rows, errors = [], []
    with _collector_at_rest():
        for file in fleet_files(path):
            found, faults = read_rows(file, home=home, dropped=dropped)
            rows += found
            errors += [FleetError(str(file), fault.line, "", fault.message, fault.remedy) for fault in faults]
    for row in rows:
        errors += [FleetError(row.file, f.line or row.line, row.system_id, f.message, f.remedy) for f in row.faults]
    errors += _told_twice(rows)
    errors += _open_to_all(rows)
    if not rows and not errors:
        errors.append(FleetError(str(path), 0, "", "it holds no system", "add one under systems:"))
    if errors:
        raise FleetErrors(tuple(dict.fromkeys(errors)))
    return Fleet(systems=tuple(row.system for row in rows if row.system is not None))


def _open_to_all(rows: list[Row]) -> Iterator[FleetError]:
    """Overrides say which commands are run on a client's system: such a file is guarded as a profile is."""
    for file in sorted({row.file for row in rows if row.system is not None and row.system.overrides}):
        mode = stat.S_IMODE(Path(file).stat().st_mode)
        if mode & stat.S_IWOTH:
            wrong = f"it holds overrides, and every user can write to it (mode {mode:04o})"
            yield FleetError(file, 0, "", wrong, f"run `chmod o-w {file}`")


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """All that is read here stays: the garbage collector would go through it again and again (a third of the time)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def fleet_files(path: Path) -> tuple[Path, ...]:
    """The file itself, or the YAML and CSV files of a folder and its subfolders (hidden ones left out), by name."""
    if path.is_dir():
        inside = (each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES and each.is_file())
        found = [each for each in inside if not any(part.startswith(".") for part in each.relative_to(path).parts)]
        if not found:
            raise UserError("fleet_missing", f"the folder {path} holds no fleet file", "put fleet.yaml or a CSV there")
        return tuple(sorted(found))
    if not path.exists():
        raise UserError("fleet_missing", f"the fleet file {path} does not exist", "correct the path")
    if path.suffix.lower() not in SUFFIXES:
        raise UserError("fleet_missing", f"{path} is neither YAML nor CSV", "name a .yaml or .csv file, or a folder")
    return (path,)


def read_rows(
    file: Path, *, home: Path | None = None, dropped: list[str] | None = None
) -> tuple[list[Row], list[Fault]]:
    """The rows of one file, each with its faults, and the faults of the file as a whole.

    ``dropped`` takes the names of unknown CSV columns, which are faults without it.
    """
    try:
        text = read_text(file)
    except UserError as error:
        where, _, message = error.message.rpartition(": ")
        if error.code != "not_utf8":
            return [], [Fault(0, error.message, error.remedy)]
        return [], [Fault(int(where.rpartition(":")[2]), message, error.remedy)]
    if not text.strip():
        return [], [Fault(0, "the file is empty", "add systems, see `uplift fleet schema`")]
    is_csv = file.suffix.lower() == ".csv"
    entries, faults = parse_csv(text, dropped=dropped) if is_csv else _yaml_entries(text)
    profiles, name = _Profiles(home), column_name if is_csv else dotted
    return [_row(str(file), data, line, before, profiles, name) for data, line, before in entries], faults


def _yaml_entries(text: str) -> tuple[list[Entry], list[Fault]]:
    data, faults = parse_yaml(text)
    if data is None:
        return [], faults or [Fault(0, "the file holds nothing but comments", "add systems:")]
    if not isinstance(data, Map):
        return [], [*faults, Fault(getattr(data, "line", 1), "the file is not a mapping", "begin it with systems:")]
    for key in data:
        if key != "systems":
            remedy = nearest(key, ("systems",))
            faults.append(Fault(data.lines[key], f"unknown field {key!r}", remedy, (key,)))
    systems = data.get("systems")
    if not isinstance(systems, Seq):
        faults.append(Fault(line_of(data, ("systems",)), "systems: is not a list", "write systems: and - id: …"))
        return [], faults
    if not systems:
        faults.append(Fault(systems.line, "systems: is empty", "add a system"))
    faults += secrets_in(data, besides="systems")
    return [(item, systems.lines[index], ()) for index, item in enumerate(systems)], faults


def _row(file: str, data: Any, line: int, before: tuple[Fault, ...], profiles: _Profiles, name: Name) -> Row:
    """Validate one entry: what strayed in, its shape, its profile and overrides."""
    if not isinstance(data, dict):
        return Row(file, data, line, None, (Fault(line, "a system is not a mapping", "begin it with - id: …"),))
    secrets = secrets_in(data)
    system, faults = None, []
    try:
        system = System.model_validate(data)
    except ValidationError as error:
        told = ("<<",)      # a merge key is refused where it is read
        found = (fault for fault in faults_of(error, System, data, name) if fault.at[-1:] != told)
        faults = [fault for fault in found if not is_under(fault.at, secrets)]
    faults += [fault for fault in profiles.faults(data) if not is_under(fault.at, secrets)]
    if system is not None and system.overrides:
        system = system.model_copy(update={"overrides": plain(system.overrides)})
    return Row(file, data, line, system, (*before, *secrets, *faults))


class _Profiles:
    """The profiles that the fleet names, each loaded once; a fleet of 10,000 has few different overrides."""

    def __init__(self, home: Path | None) -> None:
        self.home = home
        self.loaded: dict[str, Profile | UserError] = {}
        self.sound: set[str] = set()

    def faults(self, data: Any) -> list[Fault]:
        name, overrides = data.get("profile", System.model_fields["profile"].default), data.get("overrides")
        if not isinstance(name, str):
            return []
        profile = self._load(name)
        if isinstance(profile, UserError):
            return [Fault(line_of(data, ("profile",)), f"profile: {profile.message}", profile.remedy, ("profile",))]
        if not isinstance(overrides, dict) or not overrides or (once := f"{name} {overrides!r}") in self.sound:
            return []
        found = merge(profile, overrides)[1]
        if not found:
            self.sound.add(once)
        return [self._within(fault, data, overrides) for fault in found]

    def _within(self, fault: Fault, data: Any, overrides: Any) -> Fault:
        """A fault of the merged profile at its line in the fleet file."""
        line = line_of(overrides, fault.at) or line_of(data, ("overrides",))
        return Fault(line, f"overrides: {fault.message}", fault.remedy, ("overrides", *fault.at))

    def _load(self, name: str) -> Profile | UserError:
        if name not in self.loaded:
            try:
                self.loaded[name] = load_profile(name, home=self.home) if _WORD.fullmatch(name) else UserError(
                    "profile_not_found", "not a profile's name", nearest(name, known_profiles(self.home))
                )
            except UserError as error:
                self.loaded[name] = error
        return self.loaded[name]


def _told_twice(rows: list[Row]) -> Iterator[FleetError]:
    """Two entries for one id, one SSH address or one VPS: what is meant for one would be done to the other."""
    seen: dict[Hashable, Row] = {}
    for row in rows:
        for key, message, remedy in _names(row):
            first = seen.setdefault(key, row)
            if first is not row:
                place = f"{first.file}:{first.line}" if first.file != row.file else f"line {first.line}"
                yield FleetError(row.file, row.line, row.system_id, f"{message} (first in {place})", remedy)


def _names(row: Row) -> Iterator[tuple[Hashable, str, str]]:
    if row.system_id:
        yield ("id", row.system_id), f"the id {row.system_id!r} stands twice", "give each system its own"
    host, port = _part(row.data, "ssh", "host"), _part(row.data, "ssh", "port") or str(SSH_PORT)
    if host and port:
        host = _address(host)
        yield ("ssh", host, port), f"another system has the SSH address {host} port {port}", "correct one of the two"
    node, vps = _part(row.data, "serverware", "host"), _part(row.data, "serverware", "vps_id")
    if node and vps:
        yield ("vps", _address(node), vps), f"another system is the VPS {vps} of {node}", "correct one of the two"


def _part(data: Any, outer: str, inner: str) -> str:
    """A well formed part of an entry that may be wrong elsewhere; "" where it is none."""
    section = data.get(outer) if isinstance(data, dict) else None
    found = str(section.get(inner, "")) if isinstance(section, dict) else ""
    return found if _PART.fullmatch(found) else ""


def _address(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host.lower()
