"""`uplift serve` as its own process on loopback, before the same site as the tests of the desk."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from tests.wire.tickets.conftest import Site, free_port, per_minute, site, store

__all__ = ["per_minute", "site", "store"]
UPLIFT = Path(sys.executable).with_name("uplift")
SECRET = b"0123456789abcdef0123456789abcdef"
PORT = free_port()


@pytest.fixture
def hook_url() -> str:
    return f"http://127.0.0.1:{PORT}/hooks/desk/support"


@dataclass
class Served:
    site: Site
    http: httpx.Client
    log: Path


@pytest.fixture
def served(site: Site, tmp_path: Path) -> Iterator[Served]:
    path = site.home / "tickets.yaml"
    shops = {"shop": {"secret_file": "shop.secret", "fleet": "fleet.yaml"}}
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"stores": shops}))
    secret = site.home / "shop.secret"
    secret.write_text("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n")
    secret.chmod(0o600)
    log = tmp_path / "serve.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [UPLIFT, "serve", "--port", str(PORT)], env={**os.environ, "UPLIFT_HOME": str(site.home)},
            stdout=subprocess.PIPE, stderr=errors, text=True,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert re.fullmatch(rf"serving on http://127\.0\.0\.1:{PORT}\n", line), log.read_text()
        with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", trust_env=False, timeout=30) as client:
            yield Served(site, client, log)
    finally:
        process.terminate()
        assert process.wait(20) in (0, -15), log.read_text()
