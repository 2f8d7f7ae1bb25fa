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

SHARE_THE_LAB = ("tests/e2e", "tests/flows", "tests/prove")     # their own files, not their folders


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put tests that share servers into one group, which one process runs, and choose the sample of the crash tests."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item.path.relative_to(config.rootpath).parent.as_posix())))
    _keep_a_sample(config, items)


def _group(folder: str) -> str:
    return "lab" if folder in SHARE_THE_LAB else folder


def _keep_a_sample(config: pytest.Config, items: list[pytest.Item]) -> None:
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
