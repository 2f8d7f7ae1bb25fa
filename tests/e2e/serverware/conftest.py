"""One real appliance behind the lab's real SERVERware, and Uplift's client of it."""
from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from deployments.lab import snapshots
from deployments.lab.down import down
from deployments.lab.serverware import control
from deployments.lab.serverware.config import place, register_file
from deployments.lab.up import up
from tasks.wire.serverware import Serverware
from tests.e2e.serverware.served_site import NETWORK, SPEC, Site


@pytest.fixture(scope="session")
def served() -> Iterator[Site]:
    directory = Path(tempfile.mkdtemp(prefix="uplift-serverware-", dir="/var/tmp"))
    try:
        lab = up(directory, [SPEC], network=NETWORK)
        yield Site(lab.directory, lab.home)
    finally:
        down(directory)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def site(served: Site) -> Iterator[Site]:
    """The lab as it was made: serving, without faults or clones, its VPS running."""
    served.tell()
    yield served
    served.tell()
    if place(served.layout).process() is None:
        served.serve()
    _until(lambda: _idle(served))
    for snapshot in snapshots.listed(served.layout):
        snapshots.delete(served.layout, snapshot.label)
    control.stop(served.directory)
    register_file(served.layout).unlink(missing_ok=True)
    served.serve()


@pytest.fixture
async def sw(site: Site) -> AsyncIterator[Serverware]:
    async with site.client() as client:
        yield client


def _idle(site: Site) -> bool:
    return '"end": null' not in register_file(site.layout).read_text()


def _until(holds: Callable[[], bool], limit_s: float = 20.0) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    return _until
