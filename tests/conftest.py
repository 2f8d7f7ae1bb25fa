"""The lab that the tests of the whole share: real appliances and a swarm, made once, taken down at the end."""
from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.lab.down import down
from deployments.lab.up import up
from tests.operator_site import APPLIANCES, NETWORK, SWARM, Site


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """UPLIFT_PROVE_SAMPLE=N keeps a seeded N of the crash tests; the matrices in tests/prove have their own points."""
    sample = os.environ.get("UPLIFT_PROVE_SAMPLE")
    if not sample:
        return
    crashes = [item for item in items if item.get_closest_marker("prove") and "/prove/" not in item.nodeid]
    kept = random.Random(os.environ.get("UPLIFT_PROVE_SEED", "1")).sample(crashes, min(int(sample), len(crashes)))
    left_out = [item for item in crashes if item not in kept]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


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
