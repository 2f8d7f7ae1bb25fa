"""Placing a test call: the probe in a process of its own, so that a crash of native code takes no flow down."""
from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic import ValidationError

from tasks.model.call import CallPlan, CallResult
from tasks.rules.call_verdict import broke, forbidden
from tasks.rules.dialling import refusal
from tasks.wire.sip.exchange import exchange
from tasks.wire.sip.message import Dialog, bye
from tasks.wire.sip.probe import FOLDER_PREFIX, Said

_GRACE_S = 5.0                  # beyond the probe's own limits, for its start and its end
_BYE_S = 3.0


@dataclass
class _Heard:
    """What the probe has said so far."""

    dialog: Dialog | None = None
    result: CallResult | None = None
    complaint: bytearray = field(default_factory=bytearray)


async def place(plan: CallPlan) -> CallResult:
    """One test call. Never raises for what the PBX or the probe does, and never leaves a call or a process behind.

    Where it is cancelled, the probe hangs up first. Where this process is killed, the probe sees its input close and
    hangs up by itself. Where the probe is killed with a call up, that call is ended from here.
    """
    why = refusal(plan.number, plan.agreed_numbers, plan.country)
    if why:
        return forbidden(plan, why)
    with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX, ignore_cleanup_errors=True) as folder:
        return await _place(plan, folder)


async def _place(plan: CallPlan, folder: str) -> CallResult:
    """``folder`` takes what the SIP library writes, as a probe that is killed does not tidy up."""
    heard = _Heard()
    # -P: modules come from where Uplift is installed, never from the folder that it happens to run in.
    probe = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "tasks.wire.sip.probe", stdin=PIPE, stdout=PIPE, stderr=PIPE,
        start_new_session=True, env={**os.environ, "TMPDIR": folder},
    )
    try:
        async with asyncio.timeout(plan.limits.total_s(plan.talk_s) + _GRACE_S):
            await _converse(probe, plan, heard)
    except TimeoutError:
        return broke(plan, "its process did not end in time")
    finally:
        await _end(probe, plan, heard)
    return heard.result or broke(plan, _last_words(probe, plan, heard))


async def _converse(probe: Process, plan: CallPlan, heard: _Heard) -> None:
    assert probe.stdin is not None and probe.stdout is not None and probe.stderr is not None
    with suppress(ConnectionError):
        probe.stdin.write(_line(plan))
        await probe.stdin.drain()                       # and left open: its end would end the call
    complaints = asyncio.ensure_future(_collect(probe.stderr, heard.complaint))
    try:
        async for line in probe.stdout:
            with suppress(ValidationError):
                said = Said.model_validate_json(line)
                heard.dialog, heard.result = said.dialog or heard.dialog, said.result or heard.result
        await probe.wait()
        await complaints
    finally:
        complaints.cancel()


async def _collect(stream: asyncio.StreamReader, into: bytearray) -> None:
    while piece := await stream.read(4096):
        into += piece
        del into[:-4096]


async def _end(probe: Process, plan: CallPlan, heard: _Heard) -> None:
    """End the probe's process, by itself if it can, and a call that it has left up."""
    if probe.returncode is None:
        assert probe.stdin is not None
        probe.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * plan.limits.hang_up_s + _GRACE_S):
                await probe.wait()
    if probe.returncode is None:
        with suppress(ProcessLookupError):
            probe.kill()
        await probe.wait()
    dialog, account = heard.dialog, plan.account
    hung_up = heard.result.measured.hung_up if heard.result else probe.returncode == 3
    if dialog is not None and not hung_up:
        await exchange(
            account.host, account.port, account.transport,
            lambda local: (dialog.call_id, bye(dialog, account.transport, local)), _BYE_S,
        )


def _line(plan: CallPlan) -> bytes:
    """The plan with its secret, which pydantic hides otherwise."""
    document = plan.model_dump(mode="json")
    document["account"]["secret"] = plan.account.secret.get_secret_value()
    return json.dumps(document).encode() + b"\n"


def _last_words(probe: Process, plan: CallPlan, heard: _Heard) -> str:
    code = probe.returncode or 0
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    said = heard.complaint.decode("utf-8", "replace").strip().splitlines()
    last = said[-1].replace(plan.account.secret.get_secret_value() or "\0", "…") if said else ""
    return f"its process ended with code {code}" + (f": {last[:200]}" if last else "")
