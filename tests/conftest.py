"""The lab that the tests of the whole share: real appliances and a swarm, made once, taken down at the end."""
from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from deployments.lab.down import down
from deployments.lab.up import up
from tests.operator_site import APPLIANCES, NETWORK, SWARM, Site

SHARE_SERVERS = {
    "tests/e2e": "lab",         # its own files, not its folders
    "tests/flows": "lab",
    "tests/prove/test_sweep_kills.py": "lab",   # the others of its folder have labs of their own, file by file
    "tests/wire/swarm": "tests/e2e/lab",        # the same addresses
}
LONGEST_FIRST = ("tests/e2e/", "tests/flows/", "tests/prove/", "tests/wire/", "tests/reports/", "tests/web/")


class ByServers(LoadScopeScheduling):
    """Tests that share servers or addresses, those of one folder, are run by one process from the first to the last.

    The long matrices of tests/prove have a lab for each file.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.rpartition("/")[0]
        own = file if folder == "tests/prove" else folder
        return SHARE_SERVERS.get(own, own)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByServers:
    return ByServers(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long comes first, so that no process is left alone with it at the end.

    UPLIFT_PROVE_SAMPLE=N keeps a seeded N of the crash tests; the matrices in tests/prove have their own points.
    """
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST_FIRST))
    sample = os.environ.get("UPLIFT_PROVE_SAMPLE")
    if not sample:
        return
    crashes = [item for item in items if item.get_closest_marker("prove") and "tests/prove/" not in item.nodeid]
    kept = random.Random(os.environ.get("UPLIFT_PROVE_SEED", "1")).sample(crashes, min(int(sample), len(crashes)))
    left_out = [item for item in crashes if item not in kept]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session", autouse=True)
def home_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What names no home of its own uses this one, never that of who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UPLIFT_HOME", str(tmp_path_factory.mktemp("home")))
        yield


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
