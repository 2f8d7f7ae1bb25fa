"""Asterisk is told to use a certificate that is not there; it will not see so before its next start.

The configuration is changed while Asterisk runs. Started anew, it would log the error, which is another check's.
"""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob


def running(appliance: Appliance) -> None:
    (appliance.tree / "etc/asterisk/http.conf").write_text(
        "[general]\nenabled = no\ntlsenable = yes\ntlscertfile = /etc/asterisk/keys/renewed.pem\n"
    )


KNOB = Knob(found_by="certificate_missing", running=running)
