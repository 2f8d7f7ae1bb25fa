"""The lab's SERVERware comes up with the lab, stays as it is when asked again, and leaves nothing."""
from __future__ import annotations

import ssl
import stat
from pathlib import Path

import httpx
import pytest
import yaml

from deployments.lab.container import processes
from deployments.lab.down import down
from deployments.lab.layout import Layout
from deployments.lab.serverware import control
from deployments.lab.serverware.config import place
from deployments.lab.trouble import LabError
from deployments.lab.up import up
from tasks.model.fleet import Serverware as Told
from tasks.model.serverware import ServerwareError
from tasks.wire.fleet_file import load_fleet
from tests.e2e.serverware.served_site import HOST, SPEC, Site

pytestmark = pytest.mark.lab


def test_up_again_keeps_process_token_and_certificate(site: Site) -> None:
    pid, credentials = site.pid, (site.home / "credentials.yaml").read_text()
    site.serve()
    assert (site.pid, (site.home / "credentials.yaml").read_text()) == (pid, credentials)
    control.stop(site.directory)
    assert place(site.layout).process() is None
    site.serve()
    assert site.pid != pid
    assert (site.home / "credentials.yaml").read_text() == credentials
    assert set(yaml.safe_load(credentials)["credentials"]) == {"inspect", "change", "serverware"}


def test_the_fleet_file_names_the_serverware(site: Site) -> None:
    (system,) = load_fleet(site.directory / "fleet.yaml", home=site.home).systems
    assert system.serverware == Told(host=HOST, vps_id="101", credential="serverware")


def test_its_files_are_closed_to_others(site: Site) -> None:
    files = [*site.layout.serverware.iterdir(), site.home / "serverware.token"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


async def test_volumes_are_told_as_zfs_tells_them(site: Site) -> None:
    async with site.client() as sw:
        clone = await sw.clone("101", "c", "n")
    trusted = ssl.create_default_context(cafile=site.layout.serverware / "certificate.pem")
    async with httpx.AsyncClient(verify=trusted, headers={"SW-API-Token": site.token}, timeout=30) as client:
        told = (await client.get(f"https://{HOST}/api/networks/1/storage/volumes")).json()["data"]
    assert [(each["name"], each["origin"]) for each in told] == [
        ("NETSTOR/101", "-"), (f"NETSTOR/{clone.id}", f"NETSTOR/101@{clone.id}"),
    ]
    assert all(each["used"] > 100_000_000 for each in told)


async def test_serverware_itself_makes_two_clones_of_one_name_when_asked_twice(site: Site) -> None:
    """Or the tests that Uplift makes one could not fail."""
    trusted = ssl.create_default_context(cafile=site.layout.serverware / "certificate.pem")
    async with httpx.AsyncClient(verify=trusted, headers={"SW-API-Token": site.token}) as client, site.client() as sw:
        for _ in range(2):
            answer = await client.post(f"https://{HOST}/api/networks/1/vpses/101/clone", json={"name": "c"})
            assert answer.status_code == 202
            await sw.wait_idle("101")
        assert [clone.label for clone in await sw.clones("101")] == ["c", "c"]
        with pytest.raises(ServerwareError, match="there are 2 clones c of VPS 101"):
            await sw.clone("101", "c", "n")


def test_down_ends_it_also_when_its_files_are_gone(tmp_path: Path) -> None:
    other = SPEC.model_copy(update={"rows": 0})
    try:
        up(tmp_path / "lab", [other], network=69)
        layout = Layout.of(tmp_path / "lab")
        process = place(layout).process()
        assert process is not None
        place(layout).pid.unlink()
        assert process.pid in processes(layout)
    finally:
        assert down(tmp_path / "lab")
    assert processes(layout) == [] and not layout.root.exists()


@pytest.mark.parametrize(("specs", "said"), [
    ([("sw.example.net:8443", "1")], "cannot be SERVERware at sw.example.net:8443"),
    ([("127.24.71.1", "1")], "cannot be SERVERware at 127.24.71.1;"),
    ([("192.0.2.1:8443", "1")], "cannot be SERVERware at 192.0.2.1:8443"),
    ([("127.24.71.1:1", "1"), ("127.24.71.1:2", "2")], "a lab has one SERVERware"),
    ([("127.24.71.1:1", "1"), ("127.24.71.1:1", "1")], "two appliances are VPS 1"),
])  # fmt: skip
def test_a_serverware_that_cannot_be_is_refused(site: Site, specs: list[tuple[str, str]], said: str) -> None:
    from deployments.lab.record import records
    record = next(iter(records(site.layout).values()))
    pid = site.pid
    with pytest.raises(LabError, match=said):
        control.start(site.directory, [(Told(host=host, vps_id=vps_id), record) for host, vps_id in specs])
    assert site.pid == pid
