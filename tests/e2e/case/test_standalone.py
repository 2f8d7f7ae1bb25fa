"""A system of a client's own: its backup is attested and looked for, and its restore is the client's to make."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from deployments.lab import snapshots
from deployments.lab.layout import Layout
from tasks.model import event as e
from tasks.model.case import BackupKind, BackupProof, State
from tests.e2e.case.conftest import TARGET, Site

FILE = "/opt/backup/full.tar"


@pytest.fixture
def fleet(site: Site, tmp_path: Path) -> Path:
    """The same appliance, without SERVERware."""
    entries = yaml.safe_load(site.lab.fleet.read_text())
    entries["systems"][0] |= {"environment": "standalone"}
    del entries["systems"][0]["serverware"]
    path = tmp_path / "fleet.yaml"
    path.write_text(yaml.safe_dump(entries))
    return path


@pytest.fixture
def clients_own(site: Site) -> Iterator[Layout]:
    """A snapshot that the client makes and restores, out of Uplift's sight."""
    layout = Layout.of(site.lab.directory)
    snapshots.snapshot(layout, "acme", "clients-own")
    yield layout
    snapshots.delete(layout, "clients-own")


def attest(site: Site) -> None:
    assert site.case.identity is not None
    proof = BackupProof(kind=BackupKind.ATTESTED, ref=FILE, of=site.case.identity, evidence="her mail", by="Ann",
                        taken_at=site.store.now())
    site.say(e.BackupAttested(at=site.now(), by="Ann", proof=proof))


async def test_a_client_attests_and_restores_and_uplift_looks_at_both(
    site: Site, fleet: Path, clients_own: Layout
) -> None:
    await site.booked("SO-alone", fleet)
    attest(site)
    missing = await site.tend(State.NEEDS_ENGINEER)
    assert missing.trouble is not None and f"{FILE} was not found on the system" in missing.trouble.reason
    assert "accept-backup" in missing.trouble.remedy

    site.box.run("sh", "-c", f"head -c 5000000 /dev/zero > {FILE}")
    site.say(e.Released(at=site.now(), by="eva", note="Ann has put it there"))
    backed_up = await site.tend(State.BACKED_UP)
    assert backed_up.backup is not None and "has 5.0 MB" in backed_up.backup.evidence
    await site.tend(State.WATCHING)

    asked = {"how": "telephone", "reason": "the phones are silent", "losses": "the calls since the backup"}
    site.say(e.RevertRequested(at=site.now(), by="Ann", **asked))
    waiting = await site.tend(State.NEEDS_ENGINEER)
    assert waiting.trouble is not None and "have the client restore it" in waiting.trouble.remedy
    assert "Asterisk 22." in site.asterisk()

    snapshots.restore(clients_own, "acme", "clients-own")
    site.say(e.Released(at=site.now(), by="eva", note="Ann has restored it"))
    reverted = await site.tend(State.REVERTED)
    assert reverted.running_release is not None and reverted.running_release < TARGET
    assert "Asterisk 16." in site.asterisk()
