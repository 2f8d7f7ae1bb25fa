"""``uplift sweep schedule`` against a real Prefect server."""
from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.conftest import PrefectServer

UPLIFT = Path(sys.executable).with_name("uplift")


@pytest.fixture(scope="module")
def deployed(prefect_server: PrefectServer, tmp_path_factory: pytest.TempPathFactory) -> PrefectServer:
    home = tmp_path_factory.mktemp("home")
    env = {**prefect_server.env, "UPLIFT_HOME": str(home), "UPLIFT_FLEET": "/srv/fleet.yaml", "UPLIFT_TARGET": "7.2.0"}
    server = PrefectServer(prefect_server.url, env, prefect_server.folder)
    pools = httpx.post(f"{server.url}/work_pools/filter", json={}, timeout=30).json()
    if "uplift" not in [pool["name"] for pool in pools]:
        server.run("work-pool", "create", "uplift", "--type", "process")
    server.run("--no-prompt", "deploy", "--all")
    return server


def uplift(server: PrefectServer, *words: str, code: int = 0) -> str:
    done = subprocess.run([UPLIFT, "sweep", "schedule", *words], env=server.env, capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 or "--json" in words else done.stderr


def listed(server: PrefectServer) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(uplift(server, "list", "--json"))}


def test_a_schedule_is_added_changed_deployed_over_and_removed(deployed: PrefectServer) -> None:
    assert listed(deployed)["nightly"]["cron"] == "30 1 * * *"
    uplift(deployed, "add", "--cron", "0 22 * * sat", "--tz", "Europe/London", "--target", "8.2", "--select",
           "tag=vip and country=GB", "--name", "vip-gb")
    wanted = {"name": "vip-gb", "cron": "0 22 * * sat", "tz": "Europe/London", "target": "8.2", "active": "yes",
              "select": "tag=vip and country=GB", "fleet": "/srv/fleet.yaml"}
    assert listed(deployed)["vip-gb"] | {"target": "8.2"} == wanted

    again = json.loads(uplift(deployed, "add", "--cron", "15 3 * * *", "--tz", "Asia/Kolkata", "--name", "vip-gb",
                              "--json"))
    assert (again["cron"], again["tz"], again["target"], again["select"]) == ("15 3 * * *", "Asia/Kolkata", "7.2.0", "")
    assert listed(deployed)["vip-gb"] == again

    deployed.run("--no-prompt", "deploy", "--all")                  # as after each new version of Uplift
    assert {"nightly", "vip-gb"} <= set(listed(deployed))
    uplift(deployed, "remove", "vip-gb")
    assert "vip-gb" not in listed(deployed)
    assert "there is no schedule 'vip-gb'" in uplift(deployed, "remove", "vip-gb", code=2)


def test_a_run_of_a_schedule_has_its_target_and_selection(deployed: PrefectServer) -> None:
    """Prefect's scheduler makes the runs ahead of time: their parameters are what the worker will sweep by."""
    uplift(deployed, "add", "--cron", "*/5 * * * *", "--target", "8.2", "--select", "tag=pilot", "--name", "often")
    deployment = httpx.get(f"{deployed.url}/deployments/name/sweep/nightly", timeout=30).json()
    until = time.monotonic() + 120
    told: list[dict[str, Any]] = []
    while not told and time.monotonic() < until:
        found = httpx.post(f"{deployed.url}/flow_runs/filter", timeout=30, json={
            "deployments": {"id": {"any_": [deployment["id"]]}}})
        runs = found.json() if found.is_success else []             # a busy SQLite answers 503
        told = [run["parameters"] for run in runs if run["parameters"].get("select")]
        time.sleep(1)
    assert told
    assert all(one["select"] == "tag=pilot" and one["target"].startswith("8.2") for one in told)
    assert all(one["fleet"] == "/srv/fleet.yaml" for one in told)
    uplift(deployed, "remove", "often")


@pytest.mark.parametrize(("words", "told"), [
    (("--cron", "61 1 * * *"), "is no time that cron knows"),
    (("--cron", "every night"), "is no time that cron knows"),
    (("--cron", "0 1 * * *", "--tz", "Europe/Londn"), "is no zone"),
    (("--cron", "0 1 * * *", "--tz", "../../etc/passwd"), "is no zone"),
    (("--cron", "0 1 * * *", "--target", "soon"), "--target 7.2.0"),
    (("--cron", "0 1 * * *", "--select", "tag="), "--select"),
    (("--cron", "0 1 * * *", "--name", "VIP GB"), "is no name for a schedule"),
])
def test_a_mistake_is_told_now_and_not_in_the_night(
    deployed: PrefectServer, words: tuple[str, ...], told: str
) -> None:
    before = listed(deployed)
    assert told in uplift(deployed, "add", *words, code=2)
    assert listed(deployed) == before


def test_without_a_server_one_sentence_says_what_to_do(deployed: PrefectServer, tmp_path: Path) -> None:
    env = {**deployed.env, "PREFECT_HOME": str(tmp_path), "PREFECT_API_URL": "http://user:secret@127.0.0.1:9/api"}
    dead = PrefectServer("", env, tmp_path)
    told = json.loads(uplift(dead, "list", "--json", code=1))["error"]
    assert told["code"] == "prefect_unreachable"
    assert "secret" not in json.dumps(told)
    del env["PREFECT_API_URL"]
    assert "set PREFECT_API_URL" in uplift(dead, "list", code=2)
