"""The certificate of Asterisk's HTTPS server expired three weeks ago, and it goes on using it."""
from __future__ import annotations

import os
from pathlib import Path

from deployments.lab.base import ASTERISK_ID
from deployments.lab.certificate import self_signed
from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def on_disk(rootfs: Path, spec: ApplianceSpec) -> None:
    etc = rootfs / "opt/pbxware/pw/etc/asterisk"
    pem = etc / "keys/pbx.pem"
    pem.parent.mkdir(exist_ok=True)
    pem.write_bytes(self_signed("pbx.example.net", days=-21))
    pem.chmod(0o640)
    for path in (pem.parent, pem):
        os.chown(path, ASTERISK_ID, ASTERISK_ID)
    address = next(line.split("=")[1].strip().rpartition(":")[0]
                   for line in (etc / "sip.conf").read_text().splitlines() if line.startswith("udpbindaddr"))
    (etc / "http.conf").write_text(
        f"[general]\nenabled = no\ntlsenable = yes\ntlsbindaddr = {address}:8089\n"
        "tlscertfile = /etc/asterisk/keys/pbx.pem\ntlsprivatekey = /etc/asterisk/keys/pbx.pem\n"
    )


KNOB = Knob(found_by="certificate_expiry", spec={"sip_driver": "sip"}, on_disk=on_disk)
