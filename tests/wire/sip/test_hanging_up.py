"""No call outlives its test: whatever ends the caller, `core show channels` on the real PBX is empty soon after."""
from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tasks.model.call import CallLimits, CallOutcome, CallPlan
from tasks.wire.sip import caller
from tasks.wire.sip.caller import place
from tests.wire.sip.conftest import RTP_LIMIT_S, Pbx

PROBE = b"tasks.wire.sip.probe"
CALLER = """
import asyncio, sys
from tasks.model.call import CallPlan
from tasks.wire.sip.caller import place
print(asyncio.run(place(CallPlan.model_validate_json(sys.stdin.readline()))).summary)
"""


def probes_of(parent: int) -> list[int]:
    """Probe processes whose parent is ``parent``."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and PROBE in (folder / "cmdline").read_bytes():
                status = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(status[1]) == parent and status[0] != "Z":
                    found.append(int(folder.name))
        except OSError:
            continue
    return found


async def until(true: object, within_s: float = 5.0) -> None:
    """Wait for a condition (a callable), and fail where it does not come."""
    assert callable(true)
    end = time.monotonic() + within_s
    while not await asyncio.to_thread(true):
        assert time.monotonic() < end, "it did not come"
        await asyncio.sleep(0.05)


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def told_of(pid: int, what: str) -> str:
    """What /proc tells of a process; never empty."""
    told = Path(f"/proc/{pid}/{what}").read_text()
    assert told
    return told


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


async def test_a_call_is_really_up_while_it_lasts_and_gone_when_it_is_over(pbx: Pbx) -> None:
    calling = asyncio.create_task(place(pbx.plan()))
    await until(pbx.channels)
    assert (await calling).ok
    assert pbx.rid_of_channels(0.5)


async def test_a_cancelled_call_is_hung_up_before_the_cancellation_is_through(pbx: Pbx) -> None:
    calling = asyncio.create_task(place(pbx.plan(talk_s=30)))
    await until(pbx.channels)
    [probe] = probes_of(os.getpid())
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert pbx.rid_of_channels(0.2) and gone(probe)


@pytest.mark.parametrize("seed", range(8))
async def test_a_call_cancelled_at_any_moment_leaves_no_channel(pbx: Pbx, seed: int) -> None:
    number = "664" if seed % 4 == 0 else "600"
    calling = asyncio.create_task(place(pbx.plan(number, talk_s=30)))
    await asyncio.sleep(random.Random(seed).uniform(0.25, 0.75))
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert pbx.rid_of_channels(0.5) and not probes_of(os.getpid())


async def test_a_caller_that_is_killed_leaves_a_probe_that_hangs_up_by_itself(pbx: Pbx, tmp_path: Path) -> None:
    document = json.loads(pbx.plan(talk_s=30).model_dump_json())
    document["account"]["secret"] = pbx.account().secret.get_secret_value()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CALLER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(document).encode() + b"\n")
    await process.stdin.drain()
    await until(pbx.channels)
    [probe] = probes_of(process.pid)
    process.kill()
    await process.wait()
    assert pbx.rid_of_channels(2.0)
    await until(lambda: gone(probe))
    assert not left_in(tmp_path)


async def test_a_probe_that_is_killed_has_its_call_ended_by_the_caller(
    pbx: Pbx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    calling = asyncio.create_task(place(pbx.plan(talk_s=30)))
    await until(pbx.channels)
    [probe] = probes_of(os.getpid())
    os.kill(probe, signal.SIGKILL)
    result = await calling
    assert result.outcome is CallOutcome.PROBE_BROKE and result.undetermined
    assert result.summary.endswith("its process was ended by SIGKILL")
    assert pbx.rid_of_channels(0.5) and not left_in(tmp_path)


async def test_a_call_whose_caller_falls_silent_is_ended_by_the_pbx_at_its_own_limit(pbx: Pbx) -> None:
    calling = asyncio.create_task(place(pbx.plan(talk_s=30)))
    await until(pbx.channels)
    [probe] = probes_of(os.getpid())
    os.kill(probe, signal.SIGSTOP)              # it sends nothing any more, and nobody knows
    try:
        assert not await asyncio.to_thread(pbx.rid_of_channels, RTP_LIMIT_S / 2)
        assert await asyncio.to_thread(pbx.rid_of_channels, RTP_LIMIT_S)
    finally:
        os.kill(probe, signal.SIGKILL)
        await calling


async def test_a_probe_that_is_asked_to_end_hangs_up_first(pbx: Pbx) -> None:
    calling = asyncio.create_task(place(pbx.plan(talk_s=30)))
    await until(pbx.channels)
    [probe] = probes_of(os.getpid())
    os.kill(probe, signal.SIGTERM)
    result = await calling
    assert result.outcome is CallOutcome.PROBE_BROKE
    assert pbx.rid_of_channels(0.2)


async def test_a_probe_that_hangs_is_ended_in_time_and_told_as_broken(
    sip22: Pbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caller, "_GRACE_S", 0.5)
    limits = CallLimits(register_s=0.5, register_budget_s=0, answer_s=0.5, hang_up_s=0.5)
    calling = asyncio.create_task(place(sip22.plan(talk_s=1.0, limits=limits)))
    await until(sip22.channels)
    [probe] = probes_of(os.getpid())
    os.kill(probe, signal.SIGSTOP)
    result = await asyncio.wait_for(calling, limits.total_s(1.0) + 3)
    assert result.outcome is CallOutcome.PROBE_BROKE and "did not end in time" in result.summary
    assert gone(probe) and sip22.rid_of_channels(0.5)


async def test_a_plan_that_is_no_plan_is_told_in_one_sentence_without_its_secret() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tasks.wire.sip.probe", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaint = await process.communicate(b'{"account": {"secret": "tell-nobody"}, "number": 5}\n')
    assert process.returncode == 2 and output == b""
    assert complaint.startswith(b"the plan is not one: account.host") and len(complaint.splitlines()) == 1
    assert b"tell-nobody" not in complaint


async def test_the_probe_asks_for_itself_whether_a_number_may_be_dialled(sip22: Pbx) -> None:
    plan = sip22.plan().model_dump(mode="json") | {"number": "112", "agreed_numbers": ["112"]}
    plan["account"]["secret"] = sip22.account().secret.get_secret_value()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tasks.wire.sip.probe", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(json.dumps(plan).encode() + b"\n")
    assert json.loads(output)["result"]["outcome"] == "forbidden"


async def test_the_secret_is_in_no_argument_environment_log_or_result(
    sip16: Pbx, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    plan: CallPlan = sip16.plan()
    secret = plan.account.secret.get_secret_value()
    calling = asyncio.create_task(place(plan))
    await until(sip16.channels)
    [probe] = probes_of(os.getpid())
    for name in ("cmdline", "environ"):
        assert secret not in told_of(probe, name)
    core = next(line for line in told_of(probe, "limits").splitlines() if "core file" in line)
    assert core.split()[4:6] == ["0", "0"]
    result = await calling
    assert result.ok
    out, err = capfd.readouterr()
    assert secret not in out + err + caplog.text + result.model_dump_json() + repr(plan) + plan.model_dump_json()
