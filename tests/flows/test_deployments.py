"""The nightly sweep as a site runs it: deployed to a real Prefect server, run by a real process worker."""
from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest

from tests.flows.conftest import PrefectServer
from tests.operator_site import Site

pytestmark = pytest.mark.lab


def test_the_nightly_deployment_is_run_by_a_worker_and_latest_shows_its_report(
    lab: Site, prefect_server: PrefectServer, tmp_path: Path
):
    fleet = lab.narrowed(tmp_path, "healthy", "swarm-0000")
    env = {**prefect_server.env, "UPLIFT_HOME": str(lab.home), "UPLIFT_FLEET": str(fleet), "UPLIFT_TARGET": "7.2.0"}
    server = PrefectServer(prefect_server.url, env, prefect_server.folder)
    server.run("work-pool", "create", "uplift", "--type", "process")
    server.run("--no-prompt", "deploy", "--all")

    with server.worker("uplift"):
        flow_run = json.loads(
            _post(server, "/deployments/filter", {"deployments": {"name": {"any_": ["nightly"]}}}).text
        )[0]
        run = _post(server, f"/deployments/{flow_run['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}}).json()
        state = _wait_for_end(server, run["id"])

    assert state["type"] == "COMPLETED", state
    latest = lab.home / "sweeps/latest"
    assert latest.is_symlink()
    summary = json.loads((latest / "summary.json").read_text())
    assert summary["systems"] == 10
    assert summary["unreachable"] == 0
    assert (latest / "report.html").stat().st_size > 10_000
    artifacts = _post(server, "/artifacts/filter", {}).json()
    assert {artifact["key"] for artifact in artifacts} >= {"sweep-summary", "sweep-shard-0"}


def _post(server: PrefectServer, path: str, body: dict[str, object]) -> httpx.Response:
    return httpx.post(f"{server.url}{path}", json=body, timeout=30).raise_for_status()


def _wait_for_end(server: PrefectServer, run_id: str, seconds: float = 180) -> dict[str, str]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        state: dict[str, str] = httpx.get(f"{server.url}/flow_runs/{run_id}", timeout=30).json()["state"]
        if state["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"):
            return state
        time.sleep(1)
    pytest.fail(f"the run did not end in {seconds:.0f} s; see {server.folder}")
