"""Test calls to real PBXs: what is good is told good, and every kind of bad is told for what it is."""
from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tasks.model.call import CallLimits, CallOutcome, CallPlan, Codec, Transport
from tasks.wire.sip.caller import place
from tests.wire.sip.conftest import Pbx

AT_ONCE = CallLimits(register_budget_s=0.0, answer_s=2.0)


@pytest.mark.parametrize("codec", [Codec.PCMU, Codec.PCMA, Codec.G722])
async def test_an_echo_gives_the_tone_back_in_each_codec(pbx: Pbx, codec: Codec) -> None:
    result = await place(pbx.plan(codec=codec))
    seen = result.measured
    assert result.ok, result.summary
    assert seen.codec_used == codec.value
    assert seen.rtp_sent >= 95 and seen.rtp_received >= 95 and seen.rtp_lost == 0
    assert seen.tone_score > 0.9 and seen.level_dbfs is not None and -14 < seen.level_dbfs < -10
    assert seen.hung_up and not pbx.channels()


async def test_a_call_over_tcp_is_as_good(pbx: Pbx) -> None:
    result = await place(pbx.plan(account=pbx.account(transport=Transport.TCP)))
    assert result.ok, result.summary
    assert not pbx.channels()


async def test_the_test_extension_is_not_registered_any_more_after_a_call(pbx: Pbx) -> None:
    command = "pjsip show contacts" if pbx.record.name == "sip22" else "sip show peers"
    calling = asyncio.create_task(place(pbx.plan()))
    await asyncio.sleep(1.2)
    during = pbx.cli(command)
    assert (await calling).ok
    assert "127.0.0.1" in during and "127.0.0.1" not in pbx.cli(command)


@pytest.mark.parametrize(("number", "outcome", "status"), [
    ("777", CallOutcome.REFUSED, 404),
    ("663", CallOutcome.REFUSED, 486),
    ("664", CallOutcome.NOT_ANSWERED, None),
    ("660", CallOutcome.SILENT, 200),
    ("661", CallOutcome.SILENT, 200),
    ("601", CallOutcome.OTHER_SOUND, 200),
    ("662", CallOutcome.DROPPED, 200),
])
async def test_a_call_that_goes_wrong_is_told_for_what_it_is(
    pbx: Pbx, number: str, outcome: CallOutcome, status: int | None
) -> None:
    result = await place(pbx.plan(number, limits=AT_ONCE))
    assert (result.outcome, result.measured.sip_status) == (outcome, status), result.summary
    assert not result.ok and number in result.summary
    assert pbx.rid_of_channels(1.0)


async def test_a_far_end_that_answers_and_sends_only_silence_is_not_good_though_packets_came(pbx: Pbx) -> None:
    seen = (await place(pbx.plan("661"))).measured
    assert seen.answered and seen.rtp_received > 80 and seen.tone_score == 0.0


async def test_a_codec_that_the_pbx_does_not_take_is_refused_with_488(pbx: Pbx) -> None:
    result = await place(pbx.plan(codec=Codec.OPUS))
    assert (result.outcome, result.measured.sip_status) == (CallOutcome.REFUSED, 488)


async def test_a_wrong_secret_is_told_after_one_attempt_where_the_pbx_says_401(sip22: Pbx) -> None:
    result = await place(sip22.plan(account=sip22.account(secret="not the secret")))
    assert (result.outcome, result.measured.sip_status) == (CallOutcome.NOT_REGISTERED, 401)
    assert result.measured.register_attempts == 1


async def test_chan_sip_says_403_to_a_wrong_secret_which_is_tried_again_within_its_limits(sip16: Pbx) -> None:
    limits = CallLimits(register_budget_s=3.5, retry_first_s=1.0)
    result = await place(sip16.plan(account=sip16.account(secret="not the secret"), limits=limits))
    assert (result.outcome, result.measured.sip_status) == (CallOutcome.NOT_REGISTERED, 403)
    assert result.measured.register_attempts == 3
    assert "wrong secret" in result.summary


async def test_a_registration_that_is_forbidden_at_first_succeeds_once_the_pbx_is_configured(sip22: Pbx) -> None:
    contacts = "max_contacts = 5", "max_contacts = 0"
    sip22.rewrite("pjsip.conf", lambda text: text.replace(*contacts))
    sip22.cli("module reload res_pjsip.so")
    limits = CallLimits(register_budget_s=20, retry_first_s=1.0, retry_most_s=2.0)
    try:
        calling = asyncio.create_task(place(sip22.plan(limits=limits)))
        await asyncio.sleep(2.5)
        assert not calling.done()
    finally:
        sip22.rewrite("pjsip.conf", lambda text: text.replace(*reversed(contacts)))
        sip22.cli("module reload res_pjsip.so")
    result = await calling
    assert result.ok, result.summary
    assert result.measured.register_attempts >= 2


async def test_a_pbx_that_is_not_there_is_told_as_no_answer() -> None:
    plan = CallPlan.model_validate({
        "account": {"host": "127.21.9.250", "user": "101", "secret": "x"}, "number": "600",
        "agreed_numbers": ["600"], "country": "GB", "limits": {"register_budget_s": 0, "register_s": 1},
    })
    result = await place(plan)
    assert (result.outcome, result.measured.sip_status) == (CallOutcome.NOT_REGISTERED, None)


async def test_two_calls_at_once_do_not_disturb_one_another(sip16: Pbx, sip22: Pbx) -> None:
    plans = [sip16.plan(), sip16.plan(account=sip16.account("102")), sip22.plan(codec=Codec.G722)]
    results = await asyncio.gather(*map(place, plans))
    assert [result.outcome for result in results] == [CallOutcome.GOOD] * 3


async def test_a_number_that_is_not_agreed_is_not_dialled_and_the_pbx_is_not_even_asked(sip16: Pbx) -> None:
    log = sip16.record.rootfs(sip16.layout) / "opt/pbxware/pw/var/log/asterisk/messages"
    before = log.stat().st_size
    result = await place(sip16.plan("9112"))
    assert result.outcome is CallOutcome.FORBIDDEN and not result.measured.registered
    assert b"9112" not in _since(log, before)


def _since(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read()
