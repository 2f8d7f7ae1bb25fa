"""One registration and one call through baresip. Runs in the probe's own process: one Runtime per process is allowed.

Invariant: a call that was begun is hung up, whatever happens in between; an echo that nobody hangs up may stay up for
hours and hold a channel of the client's licence.
"""
from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from baresip import (
    Account,
    AudioNotActive,
    AudioRestarted,
    BaresipError,
    Config,
    RegistrationError,
    Runtime,
    StaleHandleError,
    UserAgent,
)

from tasks.analysis.tone import hear, tone
from tasks.model.call import CallPlan, Codec, Measured, SipAccount
from tasks.wire.sip.exchange import local_address
from tasks.wire.sip.message import Dialog, bracketed
from tasks.wire.sip.progress import Progress
from tasks.wire.sip.registration import NotRegistered, register
from tasks.wire.sip.trace import Trace

_TICK_S = 0.02
_AHEAD_S = 0.1                  # so much sound is queued, so that a slow moment of this machine makes no gap
_READ_BYTES = 1 << 16
_UNREGISTER_S = 2.0
_CODECS = {Codec.PCMU: "pcmu", Codec.PCMA: "pcma", Codec.G722: "g722/16000/1", Codec.OPUS: "opus/48000/2"}

Seen = dict[str, Any]           # what Measured is made of, as it becomes known


async def place(plan: CallPlan, on_dialog: Callable[[Dialog], None]) -> Measured:
    """Register, call, talk, hang up, unregister. Raises OSError and BaresipError where the probe itself cannot work."""
    seen: Seen = {}
    trace = Trace(on_dialog)
    trace.attach()
    interface = await local_address(plan.account.host, plan.account.port)
    runtime = Runtime()
    await runtime.start(Config(
        net_interface=interface, native_log_level="info", sip_trace=True, max_concurrent_calls=1
    ))
    try:
        agent = await UserAgent.create(runtime, _account(plan), transfer_policy="reject")
        try:
            if await _register(agent, plan, seen):
                await _call(runtime, agent, plan, trace, seen)
        finally:
            with suppress(BaresipError):
                await agent.unregister(timeout=_UNREGISTER_S)
    finally:
        await runtime.close()
    return Measured.model_validate(seen)


def _account(plan: CallPlan) -> Account:
    account = plan.account
    behind = _address(account)
    return Account(
        user=account.user, domain=account.domain or behind, password=account.secret.get_secret_value(),
        registrar=f"sip:{behind};transport={account.transport}" if account.domain else None,
        transport=account.transport.value, audio_codecs=(_CODECS[plan.codec],), reg_interval=60,
    )


def _address(account: SipAccount) -> str:
    return f"{bracketed(account.host)}:{account.port}"


async def _register(agent: UserAgent, plan: CallPlan, seen: Seen) -> bool:
    async def attempt() -> None:
        seen["register_attempts"] = seen.get("register_attempts", 0) + 1
        began = time.perf_counter()
        try:
            await agent.register(timeout=plan.limits.register_s)
        except RegistrationError as error:
            raise NotRegistered(error.status, error.reason or "no answer") from None
        seen["register_ms"] = _ms(began)

    try:
        await register(attempt, plan.limits)
    except NotRegistered as error:
        seen.update(sip_status=error.status, reason=error.reason)
        return False
    seen.update(registered=True, sip_status=200)
    return True


async def _call(runtime: Runtime, agent: UserAgent, plan: CallPlan, trace: Trace, seen: Seen) -> None:
    account, began, progress = plan.account, time.perf_counter(), Progress()
    target = f"sip:{quote(plan.number, safe='+*')}@{account.domain or _address(account)}"
    runtime.subscribe(progress.hear)
    # Shielded, or a cancellation at this moment would leave a call behind that nobody knows of.
    dialling = asyncio.ensure_future(agent.dial(target))
    try:
        call = await asyncio.shield(dialling)
        if await progress.answered(plan.limits.answer_s):
            seen.update(answered=True, answer_ms=_ms(began))
            await _talk(call, progress, plan, seen, began)
    finally:
        call = await dialling
        seen["far_end_hung_up"] = progress.established and progress.closed
        await _hang_up(call, progress, plan, trace, seen)
        runtime.unsubscribe(progress.hear)
    seen.update(
        sip_status=trace.invite_status if seen.get("answered") or not trace.cancelled else None, reason=trace.reason,
        codec_used=trace.codec, rtp_sent=progress.count("tx", "packets"),
        rtp_received=progress.count("rx", "packets"), rtp_lost=progress.count("rtcp", "rx_lost"),
        jitter_ms=round(progress.count("rtcp", "rx_jitter_us") / 1000, 2),
    )


async def _talk(call: Any, progress: Progress, plan: CallPlan, seen: Seen, began: float) -> None:
    """Send the tone and keep what comes back; ends early where the far end hangs up."""
    sent, heard, rate_hz, channels = 0, bytearray(), 0, 1
    end = next_tick = time.perf_counter()
    end += plan.talk_s
    while time.perf_counter() < end and not progress.closed:
        with suppress(AudioNotActive, AudioRestarted):
            audio = call.audio.info()
            if audio.tx_ready:
                queued = audio.tx_buffered // (2 * audio.tx_channels)
                samples = int(_AHEAD_S * audio.tx_sample_rate) - queued
                if samples > 0:
                    piece = tone(plan.tone_hz, audio.tx_sample_rate, audio.tx_channels, sent, samples)
                    sent += call.audio.write(piece) // (2 * audio.tx_channels)
            if audio.rx_ready:
                rate_hz, channels = audio.rx_sample_rate, audio.rx_channels
                piece = call.audio.read(_READ_BYTES)
                if piece:
                    seen.setdefault("first_audio_ms", _ms(began))
                heard += piece
        next_tick += _TICK_S
        await asyncio.sleep(max(0.0, next_tick - time.perf_counter()))
    if rate_hz:
        what = hear(bytes(heard), rate_hz, channels, plan.tone_hz)
        seen.update(tone_score=round(what.score, 3), level_dbfs=what.level_dbfs)


async def _hang_up(call: Any, progress: Progress, plan: CallPlan, trace: Trace, seen: Seen) -> None:
    """BYE or CANCEL, and wait until the PBX has answered: until then the library sends it again."""
    with suppress(StaleHandleError):
        await call.hangup()
    with suppress(TimeoutError):
        async with asyncio.timeout(plan.limits.hang_up_s):
            await progress.over.wait()
            await trace.over.wait()
    seen["hung_up"] = trace.over.is_set()


def _ms(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
