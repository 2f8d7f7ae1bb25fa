"""Bringing a lab up. It can be repeated at any time, and after it was killed: what is there and right is kept."""
from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployments.lab import cache, fleet, keys, pool
from deployments.lab.addresses import MYSQL_PORT, Addresses
from deployments.lab.command import check_programs
from deployments.lab.layout import Layout
from deployments.lab.make import Workshop, remove
from deployments.lab.progress import Reporter
from deployments.lab.record import Record, Role, records
from deployments.lab.spec import ApplianceSpec, SwarmDatabase
from deployments.lab.swarm import control
from deployments.lab.trouble import LabError
from deployments.lab.wanted import Wanted, plan

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
    with alone(layout):
        base_key = cache.key()
        _mount_pool(layout, reporter)
        known = records(layout)
        wanted = plan(appliances, addresses, with_databases=swarm.count > 0)
        for name in set(known) - {each.name for each in wanted}:
            remove(layout, name)
        workshop = Workshop(layout, base_key, keys.write_home(layout), reporter)
        reporter.step(f"bringing up {len(wanted)} containers")
        made = _ensure_all(workshop, wanted, known)
        lab = _lab(layout, wanted, made)
        entries = [fleet.entry(each) for each in wanted if each.role is Role.PBX]
        keys.remember_hosts(layout, {record.address: record.known_host_key for record in lab.appliances})
        entries += _start_swarm(layout, swarm, list(lab.databases), addresses, reporter)
        fleet.write(layout.fleet, entries)
        return lab


def check_possible() -> None:
    if os.geteuid() != 0:
        raise LabError("the lab makes containers and mounts, which needs root; run it with sudo")
    check_programs()


@contextmanager
def alone(layout: Layout) -> Iterator[None]:
    """Hold the lab's lock; LabError when another command works on the same lab."""
    with layout.lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LabError(f"another lab command works on {layout.root}; wait until it has ended") from error
        yield


def _mount_pool(layout: Layout, reporter: Reporter) -> None:
    if not layout.pool_image.exists():
        reporter.step("finding the base image")
        pool.copy_pool(cache.base_image(reporter.step), layout.pool_image)
    pool.mount_btrfs(layout.pool_image, layout.pool)


def _ensure_all(workshop: Workshop, wanted: list[Wanted], known: dict[str, Record]) -> dict[str, Record]:
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        made = threads.map(lambda each: workshop.ensure(each, known.get(each.name)), wanted)
        return {record.name: record for record in made}


def _lab(layout: Layout, wanted: list[Wanted], made: dict[str, Record]) -> Lab:
    databases = [
        SwarmDatabase(each.name.removeprefix("db-"), each.address, MYSQL_PORT, "pbxware",
                      made[each.name].database_password)
        for each in wanted if each.role is Role.DATABASE
    ]
    appliances = [made[each.name] for each in wanted if each.role is Role.PBX]
    return Lab(layout.root, layout.fleet, layout.home, tuple(appliances), tuple(databases))


def _start_swarm(
    layout: Layout, swarm: Swarm, databases: list[SwarmDatabase], addresses: Addresses, reporter: Reporter
) -> list[dict[str, Any]]:
    if swarm.count == 0:
        control.stop(layout.root)
        return []
    reporter.step(f"starting {swarm.count} simulated systems")
    return control.start(layout.root, swarm.count, databases, faults=swarm.faults, network=addresses.swarm)
