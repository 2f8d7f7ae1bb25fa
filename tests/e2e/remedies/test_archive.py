"""Old calls archived on a real appliance, through SSH and with the login of pbxware.ini, while calls come in."""
from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncssh
import pytest

from tasks.model.errors import UserError
from tasks.model.preview import Preview
from tasks.model.profile import Profile
from tasks.wire.fenced import FenceRefused, Unclear
from tasks.wire.remedies import archive_old_cdr
from tests.e2e.remedies.conftest import Place

pytestmark = pytest.mark.lab
EVERY = ("SELECT COUNT(*), COUNT(DISTINCT AcctId), SUM(CRC32(CONCAT_WS('|', AcctId, tenant, clid, src, dst, channel, "
         "calldate, duration, billamount, uniqueid, userfield))) FROM {} WHERE uniqueid NOT LIKE 'live%'")


def profile_of(place: Place, **archive: object) -> Profile:
    profile = place.site.profile
    small = {"keep_months": 1, "first_rows": 20, "most_rows": 20, **archive}
    return profile.model_copy(update={"cdr_archive": profile.cdr_archive.model_copy(update=small)})


async def counted(place: Place, **archive: object) -> Preview:
    async with place.sight("cdr") as sight:
        return await archive_old_cdr.preview(replace(sight, profile=profile_of(place, **archive)))


async def carried_out(place: Place, action: str, agreed: Preview, **changed: object):
    async with place.ground(action, "cdr", agreed=agreed, **{"profile": profile_of(place)} | changed) as ground:
        return await archive_old_cdr.carry_out(ground)


async def undone(place: Place, action: str, token: str) -> str:
    async with place.ground(action, "cdr", profile=profile_of(place)) as ground:
        return await archive_old_cdr.undo(ground, token)


def old_rows(place: Place, preview: Preview) -> int:
    assert preview.newest is not None
    cutoff = preview.newest.astimezone(place.site.system.zone)
    return int(place.sql(f"SELECT COUNT(*) FROM cdr WHERE calldate < '{cutoff:%Y-%m-%d}'"))


async def live(place: Place, times: int = 200) -> int:
    """New calls as the appliance itself records them, one after the other."""
    for each in range(times):
        statement = f"INSERT INTO cdr (calldate, uniqueid) VALUES (NOW(), 'live-{each}')"
        try:
            await asyncio.to_thread(place.sql, statement)
        except asyncio.CancelledError:
            return each
    return times


async def test_it_is_counted_without_a_change_by_probing(place: Place) -> None:
    before = place.sql("SHOW TABLES")
    preview = await counted(place)
    exact = old_rows(place, preview)
    assert preview.trouble == "" and exact > 100
    assert abs(preview.items - exact) <= 0.2 * exact
    assert preview.newest and preview.newest < datetime.now(UTC) - timedelta(days=28)
    assert re.match(r"About [\d,]+ calls from before 1 \w+ \d{4} are moved to an archive table", preview.lines[0])
    assert not preview.destroys and preview.reversible and place.sql("SHOW TABLES") == before


async def test_nothing_older_than_what_stays_is_told(place: Place) -> None:
    preview = await counted(place, keep_months=600)
    assert preview.items == 0 and preview.trouble.startswith("there are no calls from before 1 ")


async def test_archived_under_live_calls_and_put_back_every_call_is_there_once(place: Place) -> None:
    preview, before = await counted(place), place.sql(EVERY.format("cdr"))
    exact = old_rows(place, preview)
    calling = asyncio.create_task(live(place, 30))
    done = await carried_out(place, "C-0-whole-1", preview)
    await calling
    assert done.summary.startswith(f"{exact:,} calls from before ")
    assert int(place.sql("SELECT COUNT(*) FROM cdr_archive_c_0_1")) == exact
    assert old_rows(place, preview) == 0
    assert place.sql(EVERY.format("(SELECT * FROM cdr UNION ALL SELECT * FROM cdr_archive_c_0_1) AS every")) == before
    assert done.undo is not None
    assert "calls are back in their table" in await undone(place, "C-0-whole-1", done.undo)
    assert place.sql(EVERY.format("cdr")) == before
    assert place.sql("SELECT COUNT(*) FROM cdr WHERE uniqueid LIKE 'live%'") == "30"
    assert "had been put back" in await undone(place, "C-0-whole-1", done.undo)


async def test_a_connection_that_is_lost_half_way_costs_nothing(place: Place) -> None:
    place.sql("DELETE FROM cdr WHERE uniqueid LIKE 'live%'")
    preview, before = await counted(place), place.sql(EVERY.format("cdr"))
    batches = 0
    with pytest.raises((Unclear, asyncssh.Error, OSError)):
        async with place.ground("C-0-lost-2", "cdr", agreed=preview, profile=profile_of(place)) as ground:

            async def cut() -> None:
                nonlocal batches
                batches += 1
                if batches == 8:
                    ground.connection.abort()

            await archive_old_cdr.carry_out(replace(ground, still_mine=cut))
    in_archive = int(place.sql("SELECT COUNT(*) FROM cdr_archive_c_0_2"))
    assert 0 < in_archive < old_rows(place, preview) + in_archive
    done = await carried_out(place, "C-0-lost-2", preview)
    assert place.sql(EVERY.format("(SELECT * FROM cdr UNION ALL SELECT * FROM cdr_archive_c_0_2) AS every")) == before
    assert done.undo is not None
    await undone(place, "C-0-lost-2", done.undo)
    assert place.sql(EVERY.format("cdr")) == before


async def test_who_has_lost_the_lease_moves_nothing(place: Place) -> None:
    newest = place.newest()
    async with place.ground("C-0-new-1", fencing_token=newest + 1) as ground:
        await archive_old_cdr.still_ours(ground.connection, archive_old_cdr.fence_of(ground))
    preview, before = await counted(place), place.sql(EVERY.format("cdr"))
    with pytest.raises(FenceRefused, match="taken over"):
        await carried_out(place, "C-0-late-3", preview, fencing_token=newest)
    assert place.sql(EVERY.format("cdr")) == before and "cdr_archive" not in place.sql("SHOW TABLES")


async def test_where_the_disk_is_short_nothing_is_begun(place: Place) -> None:
    profile = profile_of(place)
    short = profile.model_copy(update={"space": profile.space.model_copy(update={"reserve_fraction": 1.0})})
    preview = await counted(place)
    with pytest.raises(UserError, match="are needed with the reserve"):
        await carried_out(place, "C-0-short-4", preview, profile=short)
    assert "cdr_archive" not in place.sql("SHOW TABLES")


async def test_the_databases_password_is_in_no_command_line_and_no_environment(place: Place) -> None:
    preview = await counted(place)
    password = place.shell("sed -n 's/^pw_mysql_password *= *//p' /opt/pbxware/pw/etc/pbxware/pbxware.ini").strip()
    seen: list[str] = []

    async def look() -> None:
        if len(seen) < 5:
            seen.append(await asyncio.to_thread(
                place.shell, "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; true"))

    done = await carried_out(place, "C-0-quiet-5", preview, still_mine=look)
    assert len(seen) == 5 and password and not any(password in told for told in seen)
    assert password not in done.summary + str(done.undo) + " ".join(place.lines)
    assert done.undo is not None
    await undone(place, "C-0-quiet-5", done.undo)
