"""A TLS transport was added to PJSIP's configuration, and Asterisk was not told."""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob
from deployments.lab.spec import Driver

TRANSPORT = "\n[tls]\ntype = transport\nprotocol = tls\nbind = {address}:5061\n"


def _add(appliance: Appliance) -> None:
    path = appliance.tree / "etc/asterisk/pjsip.conf"
    text, added = path.read_text(), TRANSPORT.format(address=appliance.record.address)
    if added in text:           # the lab was started again, and Asterisk with it
        path.write_text(text.replace(added, ""))
        appliance.shell("/opt/pbxware/sh/pbxware restart")
    with path.open("a") as file:
        file.write(added)


KNOB = Knob(found_by="transport_not_running", spec={"sip_driver": Driver.PJSIP}, running=_add)
