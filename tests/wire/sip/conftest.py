"""Two real PBXs of the lab: Asterisk 16 with chan_sip, and Asterisk 22 with PJSIP, as an upgrade would leave it."""
from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deployments.lab import asterisk
from deployments.lab.addresses import Addresses
from deployments.lab.base import PACKAGE
from deployments.lab.container import Container
from deployments.lab.down import down
from deployments.lab.layout import Layout
from deployments.lab.record import Record
from deployments.lab.spec import ApplianceSpec, Driver
from deployments.lab.up import up
from tasks.model.call import CallPlan, SipAccount

NETWORK = 9
RTP_LIMIT_S = 8                 # after which these PBXs end a call whose caller is gone without a word
TREE = Path("opt/pbxware/pw")
NUMBERS = frozenset({"600", "601", "660", "661", "662", "663", "664", "777"})
DIALPLAN = """
[from-internal-custom]
; answers, and sends no packet
exten => 660,1,Answer()
 same => n,Wait(20)
 same => n,Hangup()
; answers, and sends packets of silence
exten => 661,1,Answer()
 same => n,Playtones(!0/20000)
 same => n,Wait(20)
 same => n,Hangup()
; answers, and hangs up while the caller talks
exten => 662,1,Answer()
 same => n,Wait(1)
 same => n,Hangup()
; is busy
exten => 663,1,Busy()
; rings, and nobody answers
exten => 664,1,Ringing()
 same => n,Wait(60)
"""


@dataclass(frozen=True)
class Pbx:
    """One PBX, and the ways in which a test may look at it and alter it."""

    record: Record = field(repr=False)
    layout: Layout

    @property
    def box(self) -> Container:
        return Container(self.layout, self.record.name, self.record.rootfs(self.layout))

    @property
    def etc(self) -> Path:
        return self.record.rootfs(self.layout) / TREE / "etc/asterisk"

    def cli(self, command: str) -> str:
        return self.box.run("/opt/pbxware/sh/asterisk", "-rx", command)

    def channels(self) -> list[str]:
        listed = self.cli("core show channels concise").splitlines()
        return [line.partition("!")[0] for line in listed if "!" in line]

    def rid_of_channels(self, within_s: float) -> bool:
        end = time.monotonic() + within_s
        while self.channels():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def account(self, user: str = "101", **changed: Any) -> SipAccount:
        fields: dict[str, Any] = {
            "host": self.record.address, "user": user, "secret": self.record.extensions[user], **changed
        }
        return SipAccount(**fields)

    def plan(self, number: str = "600", **changed: Any) -> CallPlan:
        fields: dict[str, Any] = {
            "account": self.account(), "number": number, "agreed_numbers": NUMBERS, "country": "BA", "talk_s": 2.0,
            **changed,
        }
        return CallPlan(**fields)

    def rewrite(self, name: str, change: Callable[[str], str]) -> None:
        path = self.etc / name
        path.write_text(change(path.read_text()))


@pytest.fixture(scope="session")
def pbxs() -> Iterator[dict[str, Pbx]]:
    directory = Path(tempfile.mkdtemp(prefix="uplift-sip-", dir="/var/tmp"))
    specs = [ApplianceSpec(name="sip16", rows=0), ApplianceSpec(name="sip22", rows=0, sip_driver=Driver.PJSIP)]
    try:
        lab = up(directory, specs, network=NETWORK)
        found = {record.name: Pbx(record, Layout.of(directory)) for record in lab.appliances}
        _take_to_asterisk_22(found["sip22"])
        for pbx in found.values():
            _prepare(pbx)
        yield found
    finally:
        down(directory)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def sip16(pbxs: dict[str, Pbx]) -> Pbx:
    assert " 16." in pbxs["sip16"].cli("core show version")
    return pbxs["sip16"]


@pytest.fixture(scope="session")
def sip22(pbxs: dict[str, Pbx]) -> Pbx:
    assert " 22." in pbxs["sip22"].cli("core show version")
    return pbxs["sip22"]


@pytest.fixture(params=["sip16", "sip22"])
def pbx(request: pytest.FixtureRequest, pbxs: dict[str, Pbx]) -> Iterator[Pbx]:
    """Each PBX in turn; after the test it has no channel left, whatever the test has done."""
    found = pbxs[request.param]
    yield found
    found.cli("channel request hangup all")
    assert found.rid_of_channels(5)


def _take_to_asterisk_22(pbx: Pbx) -> None:
    """Put the package of the appliance's own upgrade in the place of its Asterisk."""
    fresh = TREE.with_name("pw22")
    pbx.box.run("mkdir", f"/{fresh}")
    pbx.box.run("tar", "-C", f"/{fresh}", "-I", "zstd", "-xf", f"/{PACKAGE}")
    asterisk.write(pbx.record.rootfs(pbx.layout) / fresh, asterisk.Telephony(
        name=pbx.record.name, address=pbx.record.address, carrier=Addresses(NETWORK).carrier, driver=Driver.PJSIP,
        extensions=pbx.record.extensions, manager_secret="unused-by-these-tests",
    ))
    pbx.box.run("cp", "-a", f"/{TREE}/etc/pbxware", f"/{fresh}/etc/")
    pbx.box.run("/opt/pbxware/sh/pbxware", "stop")
    pbx.box.run("sh", "-c", f"mv /{TREE} /{TREE}.old && mv /{fresh} /{TREE}")
    pbx.box.run("/opt/pbxware/sh/pbxware", "start")


def _prepare(pbx: Pbx) -> None:
    """Numbers that misbehave, SIP over TCP too, and a short patience with callers that are gone."""
    pbx.rewrite("extensions_custom.conf", lambda _: DIALPLAN)
    if (pbx.etc / "pjsip.conf").exists():
        tcp = f"\n[tcp]\ntype = transport\nprotocol = tcp\nbind = {pbx.record.address}:5060\n"
        pbx.rewrite("pjsip.conf", lambda text: text.replace(
            "rtp_timeout = 60", f"rtp_timeout = {RTP_LIMIT_S}").replace("transport = udp\n", "") + tcp)
    else:
        pbx.rewrite("sip.conf", lambda text: text.replace("rtptimeout = 60", f"rtptimeout = {RTP_LIMIT_S}").replace(
            "tcpenable = no", f"tcpenable = yes\ntcpbindaddr = {pbx.record.address}:5060\ntransport = udp,tcp"))
    pbx.box.run("/opt/pbxware/sh/pbxware", "restart")
