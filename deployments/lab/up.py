"""Bringing a lab up. It can be repeated at any time, and after it was killed: what is there and right is kept."""
from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployments.lab import cache, fleet, keys, pool
from deployments.lab.addresses import MYSQL_PORT, Addresses, check_free
from deployments.lab.command import check_programs
from deployments.lab.container import Container, kill_all
from deployments.lab.layout import Layout
from deployments.lab.make import Workshop, remove
from deployments.lab.progress import Reporter
from deployments.lab.record import Record, Role, records
from deployments.lab.serverware import control as serverware
from deployments.lab.spec import ApplianceSpec, SwarmDatabase
from deployments.lab.swarm import control
from deployments.lab.trouble import LabError
from deployments.lab.wanted import Wanted, plan
from tasks.model.fleet import Serverware

_LOCK_WITHIN_S = 2.0                        # the children of a command that was killed die a moment after it
_AT_ONCE = 3                                # systems made at the same time


@dataclass(frozen=True)
class Lab:
    """A lab that is up. ``home`` is its UPLIFT_HOME; ``appliances`` and ``databases`` hold secrets of the lab."""

    directory: Path
    fleet: Path
    home: Path
    appliances: tuple[Record, ...]
    databases: tuple[SwarmDatabase, ...]


@dataclass(frozen=True)
class Swarm:
    """How many simulated systems, and what is wrong with some of them: see deployments/lab/swarm/faults.py."""

    count: int = 0
    faults: dict[int, str] = field(default_factory=dict)


def up(
    directory: Path,
    appliances: list[ApplianceSpec],
    swarm: int | Swarm = 0,
    network: int = 0,
    reporter: Reporter | None = None,
) -> Lab:
    """Bring up ``appliances`` and ``swarm`` simulated systems in ``directory``, and write its fleet.yaml and home.

    ``network`` keeps labs on one machine apart: their addresses are 127.21.<network>.x. Raises LabError.
    """
    reporter = reporter or Reporter()
    swarm = swarm if isinstance(swarm, Swarm) else Swarm(swarm)
    addresses = Addresses(network)
    check_possible()
    layout = Layout.of(directory)
    layout.root.mkdir(parents=True, exist_ok=True)
    _check_folder(layout)
    with alone(layout):
        _mount_pool(layout, reporter)
        wanted = plan(appliances, addresses, with_databases=swarm.count > 0)
        workshop = Workshop(layout, cache.recipe(), keys.write_home(layout), reporter)
        kept = _clear(workshop, wanted)
        reporter.step(f"bringing up {len(wanted)} containers")
        made = _ensure_all(workshop, wanted, kept)
        lab = _lab(layout, wanted, made)
        entries = [fleet.entry(each) for each in wanted if each.role is Role.PBX]
        keys.remember_hosts(layout, {record.address: record.known_host_key for record in lab.appliances})
        entries += _start_swarm(layout, swarm, list(lab.databases), addresses, reporter)
        serverware.start(layout.root, _served(wanted, made))
        fleet.write(layout.fleet, entries)
        return lab


def check_possible() -> None:
    if os.geteuid() != 0:
        raise LabError("the lab makes containers and mounts, which needs root; run it with sudo")
    check_programs()


def _check_folder(layout: Layout) -> None:
    """Taking the lab down removes all that bears its names, so none of it may be somebody else's (as /home in /)."""
    others = [path.name for path in layout.own() if path.exists()]
    if others and not layout.is_lab():
        raise LabError(f"{layout.root} holds {others[0]}, which no lab made; name an empty folder with --dir")


@contextmanager
def alone(layout: Layout) -> Iterator[None]:
    """Hold the lab's lock; LabError when another command works on the same lab."""
    until = time.monotonic() + _LOCK_WITHIN_S
    with layout.lock.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > until:
                    raise LabError(f"another lab command works on {layout.root}; wait until it has ended") from error
                time.sleep(0.05)
        yield


def _mount_pool(layout: Layout, reporter: Reporter) -> None:
    key = layout.pool_key.read_text() if layout.pool_key.exists() else None
    if layout.pool_image.exists() and key != cache.key():
        kill_all(layout)                    # the base has changed, and all that was made from it goes with it
        pool.release(layout.root)
        layout.pool_image.unlink()
    if not layout.pool_image.exists():
        reporter.step("finding the base image")
        base_image = cache.base_image(reporter.step)
        layout.pool_key.write_text(cache.key())
        pool.copy_pool(base_image, layout.pool_image)
    pool.mount_btrfs(layout.pool_image, layout.pool)


def _clear(workshop: Workshop, wanted: list[Wanted]) -> dict[str, Record]:
    """Remove what is not wanted, half made or made otherwise, and give the systems that stay.

    Raises LabError, before anything is made, when another lab or program holds an address.
    """
    layout, by_name = workshop.layout, {each.name: each for each in wanted}
    kept = {
        name: record for name, record in records(layout).items()
        if name in by_name and workshop.is_of(record, by_name[name])
    }
    there = {path.stem for path in layout.records.glob("*.json")} | {path.name for path in layout.systems.glob("*")}
    for name in sorted(there - set(kept)):
        remove(layout, name)
    for each in wanted:
        record = kept.get(each.name)
        if record is None or not Container(layout, each.name, record.rootfs(layout)).running():
            check_free(each.address)
    return kept


def _ensure_all(workshop: Workshop, wanted: list[Wanted], kept: dict[str, Record]) -> dict[str, Record]:
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        made = threads.map(lambda each: workshop.ensure(each, kept.get(each.name)), wanted)
        return {record.name: record for record in made}


def _lab(layout: Layout, wanted: list[Wanted], made: dict[str, Record]) -> Lab:
    databases = [
        SwarmDatabase(each.name.removeprefix("db-"), each.address, MYSQL_PORT, "pbxware",
                      made[each.name].database_password)
        for each in wanted if each.role is Role.DATABASE
    ]
    appliances = [made[each.name] for each in wanted if each.role is Role.PBX]
    return Lab(layout.root, layout.fleet, layout.home, tuple(appliances), tuple(databases))


def _served(wanted: list[Wanted], made: dict[str, Record]) -> list[tuple[Serverware, Record]]:
    return [
        (each.spec.serverware, made[each.name]) for each in wanted if each.spec is not None and each.spec.serverware
    ]


def _start_swarm(
    layout: Layout, swarm: Swarm, databases: list[SwarmDatabase], addresses: Addresses, reporter: Reporter
) -> list[dict[str, Any]]:
    if swarm.count == 0:
        control.stop(layout.root)
        return []
    reporter.step(f"starting {swarm.count} simulated systems")
    return control.start(layout.root, swarm.count, databases, faults=swarm.faults, network=addresses.swarm)
