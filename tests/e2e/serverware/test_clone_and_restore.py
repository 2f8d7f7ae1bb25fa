"""A clone of a live PBX, and the way back from an upgrade to it: rows, columns and release as they were."""
from __future__ import annotations

import threading
from typing import Any

import pytest

from deployments.lab.pool import fill
from deployments.lab.trouble import LabError
from tasks.model.release import Release
from tasks.model.serverware import ServerwareError, Trouble, VpsState
from tests.e2e.serverware.served_site import VPS_ID, Site

pytestmark = pytest.mark.lab
ROWS = "SELECT COUNT(*) FROM cdr"
COLUMNS = "SELECT COUNT(*) FROM information_schema.columns WHERE table_name = 'cdr' AND table_schema = 'pbxware'"
CALL = "INSERT INTO cdr (calldate, src, dst, duration, billsec) VALUES (NOW(), '101', '102', 5, 4)"


class Traffic(threading.Thread):
    """Calls being written all the time, one INSERT after another over one connection."""

    def __init__(self, site: Site) -> None:
        super().__init__(daemon=True)
        self._client = site.box().open("/opt/pbxware/sh/mysql", "-N", "--unbuffered")
        self._over = threading.Event()
        self.flows = threading.Event()

    def run(self) -> None:
        assert self._client.stdin is not None and self._client.stdout is not None
        while not self._over.is_set():
            self._client.stdin.write(f"{CALL}; SELECT 1;\n")
            self._client.stdin.flush()
            assert self._client.stdout.readline() == "1\n"
            self.flows.set()
        self._client.stdin.close()
        self._client.wait()

    def end(self) -> None:
        self._over.set()
        self.join(10)


def as_upgraded(site: Site) -> None:
    """What an upgrade leaves: another release in the headers, another table, more calls."""
    header = site.box().rootfs / "opt/pbxware/pw/home/sitemanager/admin/index.php"
    header.write_text(header.read_text().replace("v6.7.1.0", "v7.2.0.0"))
    site.sql("ALTER TABLE cdr ADD COLUMN linkedid2 VARCHAR(32), ADD COLUMN sequence2 INT")
    site.sql(CALL)


async def test_a_clone_taken_during_calls_brings_rows_columns_and_release_back(site: Site, sw: Any) -> None:
    columns = site.sql(COLUMNS)
    calls = Traffic(site)
    calls.start()
    assert calls.flows.wait(20)
    at_least = int(site.sql(ROWS))
    clone = await sw.clone(VPS_ID, "case-7", "case-7:1")
    at_most = int(site.sql(ROWS))
    calls.end()
    assert clone.complete and clone.state is VpsState.STOPPED and clone.of == VPS_ID
    assert clone.size_bytes > 100_000_000
    assert (await sw.vps(VPS_ID)).state is VpsState.RUNNING

    await sw.start(clone.id)                        # sealed off: it can run beside its original
    site.box(clone.id).wait("MariaDB", "/opt/pbxware/sh/mysql", "-e", "SELECT 1")
    in_clone = int(site.sql(ROWS, clone.id))
    assert at_least <= in_clone <= at_most
    with pytest.raises(ServerwareError, match="is not stopped, and would be beside its original") as told:
        await sw.restore(VPS_ID, clone)
    assert told.value.trouble is Trouble.PRECONDITION
    await sw.stop(clone.id)

    as_upgraded(site)
    assert (await sw.vps(VPS_ID)).release == Release.parse("7.2.0")
    assert int(site.sql(COLUMNS)) == int(columns) + 2
    back = await sw.restore(VPS_ID, clone)
    assert back.state is VpsState.RUNNING and back.release == Release.parse("6.7.1")
    site.boot()
    assert (int(site.sql(ROWS)), site.sql(COLUMNS)) == (in_clone, columns)
    assert [each.id for each in await sw.clones(VPS_ID)] == [clone.id]


async def test_a_restore_can_be_repeated_and_a_clone_is_made_once(site: Site, sw: Any) -> None:
    first = await sw.clone(VPS_ID, "case-8", "case-8:1")
    assert await sw.clone(VPS_ID, "case-8", "case-8:1") == first
    for _ in range(2):
        assert (await sw.restore(VPS_ID, first)).state is VpsState.RUNNING
    assert await sw.clone_ref(first.id) == first
    await sw.delete_clone(first)
    await sw.delete_clone(first)
    assert await sw.clones(VPS_ID) == ()
    assert not (site.layout.systems / first.id).exists()
    with pytest.raises(ServerwareError, match="does not exist any more") as told:
        await sw.restore(VPS_ID, first)
    assert told.value.trouble is Trouble.PRECONDITION


async def test_a_vps_stops_starts_and_restarts_for_real(site: Site, sw: Any) -> None:
    before = site.box().run("cat", "/proc/1/stat").split()[21]
    assert (await sw.stop(VPS_ID)).state is VpsState.STOPPED
    assert not site.box().running()
    assert (await sw.start(VPS_ID)).state is VpsState.RUNNING
    between = site.box().run("cat", "/proc/1/stat").split()[21]
    assert (await sw.restart(VPS_ID)).last_task.action == "restart"
    assert len({before, between, site.box().run("cat", "/proc/1/stat").split()[21]}) == 3

    async def answers() -> bool:
        try:
            return site.sql("SELECT 1") == "1"
        except LabError:        # MariaDB does not answer yet
            return False

    assert await sw.wait_pbxware(answers)


async def test_a_pool_without_room_is_found_before_anything_is_touched(site: Site, sw: Any) -> None:
    clone = await sw.clone(VPS_ID, "case-9", "case-9:1")
    started = site.box().run("cat", "/proc/1/stat").split()[21]
    ballast = site.layout.pool / "ballast"
    try:
        fill(site.layout.pool, ballast, clone.size_bytes // 2)
        with pytest.raises(ServerwareError, match=r"nothing was touched: .* needs .* and the pool has .* free"):
            await sw.restore(VPS_ID, clone)
    finally:
        ballast.unlink(missing_ok=True)
    assert site.box().run("cat", "/proc/1/stat").split()[21] == started


async def test_a_clone_of_another_case_or_of_nobody_is_not_taken(site: Site, sw: Any) -> None:
    clone = await sw.clone(VPS_ID, "case-10", "case-10:1")
    with pytest.raises(ServerwareError, match="is not of this case"):
        await sw.clone(VPS_ID, "case-10", "case-11:1")
    for other, said in (
        ({"of": "102"}, "is not the clone"), ({"label": "case-11"}, "is not the clone"),
    ):
        with pytest.raises(ServerwareError, match=said):
            await sw.delete_clone(clone.model_copy(update=other))
    with pytest.raises(ServerwareError, match="is not the one that was made"):
        await sw.restore(VPS_ID, clone.model_copy(update={"label": "case-11"}))
    with pytest.raises(ServerwareError, match="is itself a clone of VPS 101"):
        await sw.clone(clone.id, "case-12", "case-12:1")
    assert len(await sw.vpses()) == 2
