"""Phones and trunks use chan_sip, and the upgrade (unlike the lab's own upgrader) does not move them to PJSIP."""
from __future__ import annotations

from deployments.lab.knob import Knob
from deployments.lab.spec import Driver

RELEASES = [
    {"version": "6.7.3", "asterisk_major": 16, "demands": ["domain_name"]},
    {"version": "7.2.0", "asterisk_major": 22, "drops": ["chan_sip"]},
]
KNOB = Knob(
    found_by="chan_sip_in_use", spec={"sip_driver": Driver.SIP}, entry={"overrides": {"releases": RELEASES}}
)
