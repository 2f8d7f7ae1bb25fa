"""Deleting files on a real appliance: the very files that were listed, and no other, whatever lies in the way."""
from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tasks.model.errors import UserError
from tasks.model.preview import Preview
from tasks.wire.fenced import FenceRefused
from tasks.wire.remedies import clear_temporary_files, delete_old_recordings, diary
from tests.e2e.remedies.conftest import RECORDINGS, TEMPORARY, Place

pytestmark = pytest.mark.lab
OLD = "touch -d '3 years ago'"
HOSTILE = ("-rf.wav", "a\nb.wav", "a'b\".wav", "$(reboot).wav", " .wav", "*.wav", "\\.wav", "x;y.wav")


def make(place: Place, *names: str, folder: str = RECORDINGS, size: int = 1000) -> None:
    for name in names:
        path = shlex.quote(f"{folder}/{name}")
        place.shell(f'mkdir -p "$(dirname -- {path})"; head -c {size} /dev/zero >{path}; {OLD} {path}')


def there(place: Place, folder: str = RECORDINGS) -> set[str]:
    told = place.shell(f"cd {folder} && find . ! -type d -print0")
    return {name.removeprefix("./") for name in told.split("\0") if name}


@pytest.fixture(autouse=True)
def empty(place: Place) -> None:
    place.shell(f"rm -rf {RECORDINGS} {TEMPORARY}; mkdir -p {RECORDINGS} {TEMPORARY}; : >/etc/legal-hold")


async def counted(place: Place, remedy=delete_old_recordings) -> Preview:
    async with place.sight() as sight:
        return await remedy.preview(sight)


async def carried_out(place: Place, action: str, agreed: Preview, remedy=delete_old_recordings, **changed) -> str:
    async with place.ground(action, agreed=agreed, **changed) as ground:
        return (await remedy.carry_out(ground)).summary


async def test_only_what_was_counted_is_deleted_whatever_its_name(place: Place) -> None:
    make(place, *HOSTILE, "2019/deep er/c.wav")
    place.shell(f"touch {RECORDINGS}/fresh.wav; {OLD} {RECORDINGS}/notes.txt")
    preview = await counted(place)
    assert preview.trouble == ""
    assert (preview.items, preview.size_bytes) == (9, 9000)
    assert there(place) == {*HOSTILE, "2019/deep er/c.wav", "fresh.wav", "notes.txt"}, "counting changes nothing"
    make(place, "came-later.wav")
    summary = await carried_out(place, "only", preview)
    assert there(place) == {"fresh.wav", "notes.txt", "came-later.wav"}
    assert summary.startswith("9 of 9 recordings")


async def test_a_file_that_was_changed_since_or_is_in_use_stays(place: Place) -> None:
    make(place, "a.wav", "b.wav", "c.wav", "d.wav")
    preview = await counted(place)
    place.shell(f"echo more >>{RECORDINGS}/a.wav; rm {RECORDINGS}/b.wav; ln -s /etc/hostname {RECORDINGS}/b.wav")
    place.box.run("/bin/sh", "-c", "setsid sleep 30 </srv/monitor/c.wav >/dev/null 2>&1 &")
    summary = await carried_out(place, "changed", preview)
    assert there(place) == {"a.wav", "b.wav", "c.wav"}
    assert summary.startswith("1 of 4 recordings")
    assert "2 changed since, 1 in use" in summary


async def test_a_folder_that_became_a_link_leads_nowhere(place: Place) -> None:
    make(place, "2019/a.wav", "2020/b.wav")
    preview = await counted(place)
    place.shell(f"rm -rf /srv/elsewhere; mv {RECORDINGS}/2019 /srv/elsewhere; ln -s /srv/elsewhere {RECORDINGS}/2019")
    await carried_out(place, "link", preview)
    assert place.shell("ls /srv/elsewhere").split() == ["a.wav"]
    place.shell(f"rm -rf /srv/whole; mv {RECORDINGS} /srv/whole; ln -s /srv/whole {RECORDINGS}")
    again = await counted(place)
    assert "is a link to /srv/whole" in again.trouble
    place.shell(f"rm {RECORDINGS}")


async def test_legal_hold_is_kept_by_pattern_by_list_and_by_marker(place: Place) -> None:
    make(place, "x-court-1.wav", "acme/a.wav", "acme/b.wav", "marked/deep/c.wav", "free.wav", "late/d.wav")
    place.shell(f"printf '# held\\nacme/a.wav\\n' >/etc/legal-hold; touch {RECORDINGS}/marked/.legal-hold")
    preview = await counted(place)
    assert preview.items == 3
    assert any("3 more are on legal hold" in line for line in preview.lines)
    place.shell(f"echo 'acme/*' >>/etc/legal-hold; touch {RECORDINGS}/late/.legal-hold")    # after it was counted
    summary = await carried_out(place, "hold", preview)
    assert "free.wav" not in there(place)
    assert {"x-court-1.wav", "acme/a.wav", "acme/b.wav", "marked/deep/c.wav", "late/d.wav"} <= there(place)
    assert "2 on legal hold" in summary
    place.shell("rm /etc/legal-hold")
    assert "cannot be read" in (await counted(place)).trouble, "a hold that cannot be read is a hold"
    with pytest.raises(UserError, match="legal hold cannot be read"):
        await carried_out(place, "hold-2", preview)


async def test_temporary_files_are_deleted_only_when_the_inode_is_old_too(place: Place) -> None:
    make(place, "unpacked", "deep/er", folder=TEMPORARY)        # their time says three years, their inode a moment ago
    assert (await counted(place, clear_temporary_files)).items == 0
    place.shell(f"ln -s /etc/hostname {TEMPORARY}/link; mkfifo {TEMPORARY}/pipe")
    month = timedelta(days=30)
    async with place.sight() as sight:
        preview = await clear_temporary_files.preview(replace(sight, now=sight.now + month))
    assert preview.items == 2
    later = datetime.now(UTC) + month
    assert (await carried_out(place, "temporary", preview, clear_temporary_files, now=later)).startswith("2 of 2")
    assert there(place, TEMPORARY) == {"link", "pipe"}


async def test_a_list_that_was_altered_is_refused(place: Place) -> None:
    make(place, "a.wav", "b.wav")
    preview = await counted(place)
    with pytest.raises(UserError, match="not the one that the client was shown"):
        await carried_out(place, "altered", preview.model_copy(update={"seal": "0" * 64}))
    with pytest.raises(UserError, match="never counted"):
        await carried_out(place, "altered", preview.model_copy(update={"seal": ""}))
    assert there(place) == {"a.wav", "b.wav"}


async def test_another_machine_and_an_older_token_are_refused_by_the_system_itself(place: Place) -> None:
    make(place, "a.wav")
    preview = await counted(place)
    with pytest.raises(FenceRefused, match="another machine"):
        await carried_out(place, "fenced", preview, machine_id="f" * 32)
    newest = place.newest()
    await carried_out(place, "fenced-2", (await counted(place)).model_copy(), fencing_token=newest + 5)
    make(place, "b.wav")
    preview = await counted(place)
    with pytest.raises(FenceRefused, match="the lease was taken over"):
        await carried_out(place, "fenced-3", preview, fencing_token=newest + 4)
    assert there(place) == {"b.wav"}


async def test_a_run_that_halts_between_two_batches_leaves_the_rest_and_another_ends_it(place: Place) -> None:
    make(place, *(f"{number}.wav" for number in range(5)))
    preview, asked = await counted(place), []

    async def still_mine() -> None:
        asked.append(1)
        if len(asked) == 2:
            raise UserError("stopped", "stopped by eva", "release the case")

    with pytest.raises(UserError, match="stopped by eva"):
        await carried_out(place, "halted", preview, still_mine=still_mine)
    assert len(there(place)) == 3
    assert (await carried_out(place, "halted", preview)).startswith("5 of 5 recordings")
    assert there(place) == set()


async def test_the_system_remembers_what_was_done_and_told_to_nobody(place: Place) -> None:
    make(place, "a.wav")
    preview = await counted(place)
    async with place.ground("remembered", agreed=preview) as ground:
        assert await diary.found_done(ground) is None
        done = await delete_old_recordings.carry_out(ground)
        await diary.write_done(ground, done)
        assert await diary.found_done(ground) == done
