"""The lab that the tests of the whole share: real appliances and a swarm, made once, taken down at the end."""
from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.lab.down import down
from deployments.lab.up import up
from tests.operator_site import APPLIANCES, NETWORK, SWARM, Site


@pytest.fixture(scope="session")
def lab() -> Iterator[Site]:
    """Five appliances, each with one trait, and 200 systems of the swarm."""
    directory = Path(tempfile.mkdtemp(prefix="uplift-tests-", dir="/var/tmp"))
    try:
        made = up(directory, list(APPLIANCES.values()), swarm=SWARM, network=NETWORK)
        yield Site(made.fleet, made.home, made.databases)
    finally:
        down(directory)
        shutil.rmtree(directory, ignore_errors=True)
