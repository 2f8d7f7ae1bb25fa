"""The reconciler with a real Prefect server: one run for a step, however often it is asked, done by a real worker."""
from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import httpx
import pytest
import yaml

from tasks.model import event as e
from tasks.model.case import BackupKind, BackupProof, Case, How, IdentityMarks, Step
from tasks.model.finding import Verdict
from tasks.model.plan import Plan
from tasks.model.release import Release
from tasks.model.window import Window
from tasks.steps.intake import open_ticket
from tasks.wire.store import Store
from tests.flows.conftest import ROOT, PrefectServer

TARGET = Release.parse("7.2.0")
TEND = "import asyncio, json; from flows.tend import tend; print('keys', json.dumps(asyncio.run(tend())))"
SYSTEM = {
    "id": "acme", "client": "Acme", "environment": "standalone", "edition": "business", "profile": "lab",
    "ssh": {"host": "127.21.82.1", "credential": "inspect"}, "timezone": "Europe/London", "country": "GB",
    "engineer": "eva", "contacts": [{"name": "Ann", "email": "ann@example.net"}],
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    place.mkdir(mode=0o700)
    files = {
        "inspect": asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode(),
        "credentials.yaml": yaml.safe_dump({"credentials": {"inspect": {"key_file": "inspect"}}}),
    }
    for name, text in files.items():
        (place / name).write_text(text)
        (place / name).chmod(0o600)
    return place


@pytest.fixture(scope="module")
def deployed(prefect_server: PrefectServer) -> PrefectServer:
    env = {**prefect_server.env, "UPLIFT_FLEET": "unused.yaml", "UPLIFT_TARGET": "7.2.0"}
    env.pop("UPLIFT_DATABASE_URL", None)
    site = PrefectServer(prefect_server.url, env, prefect_server.folder)
    site.run("work-pool", "create", "uplift", "--type", "process", "--overwrite")
    site.run("--no-prompt", "deploy", "--all")
    return site


@pytest.fixture
def server(deployed: PrefectServer, home: Path) -> PrefectServer:
    """Uplift is deployed to it, with a home of its own."""
    return PrefectServer(deployed.url, {**deployed.env, "UPLIFT_HOME": str(home)}, deployed.folder)


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{home}/uplift.db") as opened:
        yield opened


@pytest.fixture
def case(store: Store, home: Path, tmp_path: Path) -> Case:
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text(yaml.safe_dump({"systems": [SYSTEM]}))
    order = f"SO-{time.time_ns()}"
    return open_ticket(
        store, home=home, fleet=fleet, system_id="acme", target=TARGET, order_ref=order, by="the store"
    )[0]


def tend(server: PrefectServer) -> list[str]:
    done = subprocess.run([sys.executable, "-c", TEND], env=server.env, cwd=ROOT, capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, done.stderr
    keys: list[str] = json.loads(done.stdout.rpartition("keys ")[2])
    return keys


def wait_until(holds: Callable[[], bool], within_s: float = 90) -> None:
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.3)


def test_a_step_that_is_due_gets_one_run_which_a_worker_does(server: PrefectServer, store: Store, case: Case) -> None:
    key = f"{case.id}:intake:1:1"
    assert tend(server) == [key] and tend(server) == [key]
    idempotency = [run["idempotency_key"] for run in _all_runs(server) if str(run["idempotency_key"]).startswith(key)]
    assert idempotency == [key]
    with server.worker("uplift"):
        wait_until(lambda: store.case(case.id).engineer is not None)
    assert store.case(case.id).engineer == "eva"
    kinds = [entry.kind for entry in store.journal(case.id)]
    assert kinds[:3] == ["opened", "step_started", "assigned"]  # tend/minute may have gone on since
    assert kinds.count("assigned") == 1


def test_a_run_that_was_killed_before_it_claimed_its_step_is_made_anew(
    server: PrefectServer, store: Store, case: Case
) -> None:
    key = f"{case.id}:intake:1:1"
    tend(server)
    first = next(run for run in _all_runs(server) if run["idempotency_key"] == key)
    crashed = {"state": {"type": "CRASHED", "name": "Crashed"}, "force": True}
    httpx.post(f"{server.url}/flow_runs/{first['id']}/set_state", json=crashed, timeout=30).raise_for_status()
    tend(server)
    assert {run["idempotency_key"] for run in _all_runs(server)} >= {key, f"{key}#2"}


def test_an_upgrade_is_scheduled_for_its_window_and_a_postponed_one_leaves_a_run_that_does_nothing(
    server: PrefectServer, store: Store, case: Case
) -> None:
    booked = _booked(store, case)
    assert booked.window is not None
    tend(server)
    run = next(run for run in _all_runs(server) if run["idempotency_key"] == f"{case.id}:upgrade:1:1")
    assert datetime.fromisoformat(str(run["expected_start_time"])) == booked.window.starts_at
    store.record(case.id, e.Postponed(at=store.now(), by="eva", reason="the client is closed that day"))
    code = f"import asyncio; from flows.upgrade import upgrade; print(asyncio.run(upgrade({case.id!r})))"
    done = subprocess.run([sys.executable, "-c", code], env=server.env, cwd=ROOT, capture_output=True, text=True,
                          timeout=120)
    assert done.stdout.split()[-1] == "postponed", done.stderr
    assert store.step_runs(case.id)[-1].step is Step.NOTIFY and store.case(case.id).launch is None


def _all_runs(server: PrefectServer) -> list[dict[str, object]]:
    found: list[dict[str, object]] = httpx.post(f"{server.url}/flow_runs/filter", json={}, timeout=30).json()
    return found


def _booked(store: Store, case: Case) -> Case:
    """As people and steps would have brought it there: inspected, told, agreed, and with a backup accepted by name."""
    now, marks = store.now(), IdentityMarks(host_key="SHA256:abc", machine_id="m-1")
    plan = Plan(system_id="acme", target=TARGET, profile_digest="p" * 64, verdict=Verdict.READY, estimate_s=60)
    start = (now + timedelta(hours=2)).astimezone(UTC).replace(microsecond=0, tzinfo=None)
    window = Window.at_local(start, "UTC", duration_s=7200, needs_s=60)
    notify = f"{case.id}:notify:1:1"
    proof = BackupProof(kind=BackupKind.ACCEPTED, ref="/opt/backup/full.tar", of=marks, evidence="seen", taken_at=now,
                        by="eva")
    events: list[e.Event] = [
        e.Assigned(at=now, by="ops", engineer="eva"),
        e.Inspected(at=now, by="eva", plan=plan, identity=marks, findings_ref="none"),
        e.StepStarted(at=now, by="notify", step=Step.NOTIFY, plan_revision=1, attempt=1),
        e.Notified(at=now, by="notify", run=notify),
        e.Proposed(at=now, by="eva", slots=(window,)),
        e.Confirmed(at=now, by="Ann", digest=plan.digest, window=window, how=How.MAIL),
        e.BackupAttested(at=now, by="eva", proof=proof),
    ]
    for event in events:
        moved = store.record(case.id, event)
        assert isinstance(moved, Case), str(moved)
    return store.case(case.id)
