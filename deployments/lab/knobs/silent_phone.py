"""A phone registered, is asked by Asterisk whether it is there, and does not answer any more."""
from __future__ import annotations

import time
from pathlib import Path

from deployments.lab.knob import Appliance, Knob
from deployments.lab.spec import ApplianceSpec
from deployments.lab.trouble import LabError

LIMIT_S = 60


def _ask_phones(rootfs: Path, spec: ApplianceSpec) -> None:
    path = rootfs / "opt/pbxware/pw/etc/asterisk/sip.conf"
    path.write_text(path.read_text().replace("qualify = no", "qualify = yes"))


def _register(appliance: Appliance) -> None:
    """As after a REGISTER from a port where nobody listens now: chan_sip keeps contacts in its database."""
    contact = "127.0.0.9:5999:86400:101:sip:101@127.0.0.9:5999"
    appliance.asterisk(f"database put SIP/Registry 101 {contact}")
    appliance.shell("/opt/pbxware/sh/pbxware restart")
    until = time.monotonic() + LIMIT_S
    while "UNREACHABLE" not in appliance.asterisk("sip show peers"):
        if time.monotonic() > until:
            raise LabError("the phone that is not there did not become unreachable; look at `sip show peers`")
        time.sleep(0.5)


KNOB = Knob(found_by="unreachable_extensions", on_disk=_ask_phones, running=_register)
