"""What a measured call amounts to. RTP counts alone prove nothing: only the tone that comes back does."""
from __future__ import annotations

from dataclasses import dataclass

from tasks.model.call import CallOutcome, CallPlan, CallResult, Measured

_WORDS = {401: "wrong user or secret", 403: "forbidden: a wrong secret, or the PBX has not read its configuration yet",
          404: "no such number", 408: "no answer", 480: "not available", 486: "busy", 488: "codec not accepted",
          503: "service unavailable"}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Below ``tone_score`` more of the sound is another than the tone; clipped to a square the tone still has 0.75."""

    tone_score: float = 0.6
    received_fraction: float = 0.8      # of the packets that were sent, of which an echo gives back every one
    lost_fraction: float = 0.05         # above it speech is heard to break up


def verdict(plan: CallPlan, measured: Measured, thresholds: Thresholds | None = None) -> CallResult:
    outcome, summary = _judge(plan, measured, thresholds or Thresholds())
    return CallResult(number=plan.number, codec=plan.codec, outcome=outcome, summary=summary, measured=measured)


def forbidden(plan: CallPlan, why: str) -> CallResult:
    return CallResult(number=plan.number, codec=plan.codec, outcome=CallOutcome.FORBIDDEN, summary=why)


def broke(plan: CallPlan, why: str, measured: Measured | None = None) -> CallResult:
    """For a call that could not be tested because the probe failed."""
    return CallResult(
        number=plan.number, codec=plan.codec, outcome=CallOutcome.PROBE_BROKE,
        summary=f"the SIP probe failed, so nothing is known of this call: {why}", measured=measured or Measured(),
    )


def _judge(plan: CallPlan, seen: Measured, limit: Thresholds) -> tuple[CallOutcome, str]:
    account, number = plan.account, plan.number
    if not seen.registered:
        tries = f" in {seen.register_attempts} attempts" if seen.register_attempts > 1 else ""
        return CallOutcome.NOT_REGISTERED, f"{account.where} could not register{tries}: {_answer(seen)}"
    if not seen.answered and seen.sip_status is not None and seen.sip_status >= 300:
        return CallOutcome.REFUSED, f"the call to {number} was refused: {_answer(seen)}"
    if not seen.answered:
        return CallOutcome.NOT_ANSWERED, f"{number} did not answer within {plan.limits.answer_s:g} s"
    if seen.far_end_hung_up:
        return CallOutcome.DROPPED, f"{number} answered, and the call was ended from there before it was over"
    return _judge_sound(plan, seen, limit)


def _judge_sound(plan: CallPlan, seen: Measured, limit: Thresholds) -> tuple[CallOutcome, str]:
    number, packets = plan.number, f"{seen.rtp_received} of {seen.rtp_sent} packets"
    if seen.codec_used is not None and seen.codec_used.lower() != plan.codec.lower():
        return CallOutcome.OTHER_CODEC, f"{number} answered in {seen.codec_used} where {plan.codec.value} was offered"
    if seen.rtp_sent == 0:
        return CallOutcome.PROBE_BROKE, f"{number} answered, but the probe has sent no sound to it"
    if seen.rtp_received == 0 or seen.level_dbfs is None:
        return CallOutcome.SILENT, f"{number} answered, but gives no sound back ({packets})"
    if seen.tone_score < limit.tone_score:
        return CallOutcome.OTHER_SOUND, (
            f"{number} gives sound back, but not the tone that was sent (score {seen.tone_score:.2f} of 1, {packets})"
        )
    lost = seen.rtp_lost / (seen.rtp_received + seen.rtp_lost)
    if seen.rtp_received < limit.received_fraction * seen.rtp_sent or lost > limit.lost_fraction:
        return CallOutcome.LOSSY, f"{number} gives the tone back, but only {packets} arrived, {seen.rtp_lost} lost"
    codec = seen.codec_used or plan.codec.value
    return CallOutcome.GOOD, f"{number} gives the tone back in {codec} (score {seen.tone_score:.2f} of 1, {packets})"


def _answer(seen: Measured) -> str:
    if seen.sip_status is None:
        return seen.reason or "no answer"
    words = _WORDS.get(seen.sip_status, seen.reason)
    return f"SIP {seen.sip_status} ({words})" if words else f"SIP {seen.sip_status}"
