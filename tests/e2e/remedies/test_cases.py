"""From the client's yes to the system inspected again: each action once, whatever dies, and undone on demand."""
from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.model import event as e
from tasks.model.case import State
from tasks.steps import previews
from tasks.wire.case_folder import CaseFolder
from tests.e2e.remedies.conftest import RECORDINGS, Place

pytestmark = pytest.mark.lab
KILLED = """
import asyncio, os, signal, sys
from tasks.model.case import Step
from tasks.steps.run_step import run_step
from tasks.wire.home import find_home
from tasks.wire.remedies import diary
from tasks.wire.store import Store

async def dies(*_):
    os.kill(os.getpid(), signal.SIGKILL)

where, case_id = sys.argv[1:]
if where == "before_journal":
    diary.write_done = dies
else:
    whole = diary.write_done
    async def then_dies(*words):
        await whole(*words)
        await dies()
    diary.write_done = then_dies
with Store.open(home=find_home()) as store:
    asyncio.run(run_step(case_id, Step.REMEDIATE, home=find_home(), store=store, now=store.now, lease_s=8))
"""


@pytest.fixture(autouse=True)
def sound(place: Place) -> None:
    place.sound()


def uplift(place: Place, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "UPLIFT_HOME": str(place.lab.home)}
    program = Path(sys.executable).with_name("uplift")
    return subprocess.run([program, *words], env=env, capture_output=True, text=True)


def kept(case_id: str, place: Place) -> set[str]:
    return {path.name for path in CaseFolder(place.lab.home, case_id).path.iterdir()}


def foreign(place: Place) -> str:
    return place.shell("find /opt -name codec_g729.so")


async def test_what_is_agreed_is_done_once_and_the_system_inspected_again(place: Place) -> None:
    place.damaged()
    before = foreign(place)
    case = await place.asked("R-1")
    shown = {each.remediation_id: each for each in previews.previews_of(case, CaseFolder(place.lab.home, case.id))}
    assert set(shown) == {"set_aside_module", "repair_table"}
    assert not any(each.trouble for each in shown.values()), shown
    assert shown["set_aside_module"].items == 1
    assert "takes effect when Asterisk starts the next time" in shown["set_aside_module"].lines[0]
    place.approve("set_aside_module", "repair_table")
    files = kept(case.id, place)
    counted = await asyncio.to_thread(uplift, place, "case", "remedies", case.id, "--dry-run", "--json")
    assert {(row["action"], row["decision"], row["trouble"]) for row in json.loads(counted.stdout)} == {
        ("set_aside_module", "agreed", ""), ("repair_table", "agreed", "")}
    assert kept(case.id, place) == files, "a dry run keeps nothing"
    shown = await asyncio.to_thread(uplift, place, "case", "remedies", case.id)
    assert "codec_g729.so" in shown.stdout and "agreed" in shown.stdout
    done = await asyncio.to_thread(uplift, place, "case", "remediate", case.id)
    assert done.returncode == 0, done.stderr
    again = await asyncio.to_thread(uplift, place, "case", "remediate", case.id)
    assert (again.returncode, "is not due" in again.stderr) == (2, True)
    case = await place.tend(State.NOTIFIED)
    assert {done.remediation_id for done in case.carried_out} == {"set_aside_module", "repair_table"}
    assert place.kinds().count("action_done") == 2
    assert place.sql("SELECT COUNT(*) FROM pbxware.queues") == "2"
    assert foreign(place).strip().startswith("/opt/pbxware/set-aside/")
    assert case.plan is not None and not case.plan.actions, case.plan.actions
    case = place.say(e.Delivered(at=place.store.now(), by="eva"))
    assert case.state is State.READY

    done = await asyncio.to_thread(uplift, place, "case", "undo", case.id, "repair_table", "--reason", "no")
    assert (done.returncode, "cannot be undone" in done.stderr) == (2, True)
    done = await asyncio.to_thread(uplift, place, "case", "undo", case.id, "set_aside_module", "--reason", "needed")
    assert done.returncode == 0, done.stderr
    case = await place.tend(State.NOTIFIED)
    assert foreign(place) == before
    assert "set_aside_module" not in case.remediated
    assert "foreign_module" in {action.check_id for action in case.plan.actions}


@pytest.mark.parametrize("where", ["before_journal", pytest.param("after_journal", marks=pytest.mark.prove)])
async def test_a_run_killed_between_its_effect_and_its_report_is_finished_by_another(place: Place, where: str) -> None:
    case = await place.asked(f"R-{where}")
    assert "foreign_module" in {action.check_id for action in case.plan.actions}
    place.approve("set_aside_module")
    env = {**os.environ, "UPLIFT_HOME": str(place.lab.home)}
    env.pop("UPLIFT_DATABASE_URL", None)
    died = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", KILLED, where, place.case_id], env=env, capture_output=True, text=True
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert "action_done" not in place.kinds()
    moved = foreign(place)
    assert "/set-aside/" in moved
    if lease := place.store.lease(f"system:{place.case.system_id}"):
        await asyncio.sleep((lease.expires_at - place.store.now()).total_seconds() + 0.2)
    await place.tend(State.NOTIFIED)
    assert place.kinds().count("action_done") == 1
    assert foreign(place) == moved
    assert ("by a run that could not tell it" in place.notes()) is (where == "after_journal")
    place.say(e.UndoAsked(at=place.store.now(), by="eva", remediation_id="set_aside_module", reason="for the next"))
    await place.tend(State.NOTIFIED)
    assert "/set-aside/" not in foreign(place)


async def test_recordings_are_deleted_as_they_were_counted_when_the_client_was_asked(place: Place) -> None:
    place.shell(f"rm -rf {RECORDINGS}; mkdir -p {RECORDINGS}; : >/etc/legal-hold; cd {RECORDINGS} && "
                "for n in 1 2 3 x-court-4; do echo x >$n.wav; touch -d '2 years ago' $n.wav; done")
    case = await place.asked("R-recordings", fleet=place.small_disk())
    shown = {each.remediation_id: each for each in previews.previews_of(case, CaseFolder(place.lab.home, case.id))}
    preview = shown["delete_old_recordings"]
    assert (preview.items, preview.size_bytes, preview.destroys, preview.reversible) == (3, 6, True, False)
    assert preview.oldest and preview.seal and not preview.trouble
    place.approve("delete_old_recordings", "set_aside_module")
    place.shell(f"echo x >{RECORDINGS}/5.wav; touch -d '2 years ago' {RECORDINGS}/5.wav")
    case = await place.remediate()
    assert case.state is State.ASSIGNED, case.trouble
    assert place.shell(f"ls {RECORDINGS}").split() == ["5.wav", "x-court-4.wav"]
    done = {each.remediation_id: each for each in case.carried_out}
    assert done["delete_old_recordings"].undo is None
    assert done["delete_old_recordings"].summary.startswith("3 of 3 recordings")
    place.shell("f=$(find /opt/pbxware/set-aside -name codec_g729.so); mv $f /opt/pbxware/pw/usr/lib/asterisk/modules/")


async def test_nothing_is_moved_that_asterisk_requires_nor_under_a_hold(place: Place) -> None:
    await place.asked("R-hold")
    place.approve("set_aside_module")
    place.store.put_hold("eva", "not today")
    assert (await place.remediate()).state is State.REMEDIATING, "a hold keeps it from beginning"
    place.store.lift_hold("eva")
    place.shell("echo 'require = codec_g729.so' >>/opt/pbxware/pw/etc/asterisk/modules.conf")
    try:
        case = await place.remediate()
    finally:
        place.shell("sed -i '/require = codec_g729.so/d' /opt/pbxware/pw/etc/asterisk/modules.conf")
    assert case.state is State.NEEDS_ENGINEER
    assert "would not start without it" in case.trouble.reason
    assert "/set-aside/" not in foreign(place)
    assert "action_done" not in place.kinds()
