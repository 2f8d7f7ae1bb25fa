"""Who keeps the system's clock, whether that succeeds, and in which time zone the system lives.

Asked of what is there, in this order: chronyc, ntpq, OpenNTPD's ntpctl, and the mark that systemd-timesyncd leaves.
"""
from __future__ import annotations

import re

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import CONTAINER, contained, offset, sections
from tasks.model.system_facts import Timekeeping

_DAEMONS = "chronyd|ntpd|openntpd|systemd-timesyn|ptp4l|phc2sys|ntpd-rs|ntp-daemon|vmtoolsd|VBoxService"
_COMMAND = (
    "echo --offset--; date +%z; echo --zone--; cat /etc/timezone 2>/dev/null; readlink -f /etc/localtime; "
    f"echo --daemons--; grep -shxE '{_DAEMONS}' /proc/[0-9]*/comm | sort -u | head -n 20; "
    "has() { command -v \"$1\" >/dev/null 2>&1; }; "
    "if has chronyc; then echo --chrony--; chronyc -n tracking 2>&1 | head -n 20; fi; "
    "if has ntpq; then echo --ntp--; ntpq -n -p 2>&1 | head -n 40; fi; "
    "if has ntpctl; then echo --openntp--; ntpctl -s status 2>&1 | head -n 5; fi; "
    "if [ -d /run/systemd/timesync ]; then echo --timesync--; ls /run/systemd/timesync; fi; "
)
_OFFSET = re.compile(r"^([+-])(\d{2})(\d{2})$", re.ASCII)
_ZONE = re.compile(
    r"^(?:/usr/(?:share|lib)/zoneinfo/(?:posix/|right/)?)?([A-Za-z]{1,20}(?:/[A-Za-z0-9_+-]{1,30}){0,2})$", re.ASCII
)


def ask(profile: Profile) -> str:
    return _COMMAND + CONTAINER


def parse(answer: Answer) -> Timekeeping:
    told = sections(answer)
    east = _OFFSET.match(told.get("offset", [""])[0]) if told.get("offset") else None
    if east is None:
        raise Unreadable("expected the clock's offset from UTC, like +0100")
    seconds = (int(east[2]) * 60 + int(east[3])) * 60
    zones = [found[1] for line in told.get("zone", ()) if (found := _ZONE.match(line))]
    return Timekeeping(
        zone=zones[-1] if zones else None,          # what /etc/localtime leads to is what counts
        utc_offset=offset(-seconds if east[1] == "-" else seconds),
        daemons=tuple(told.get("daemons", ())),
        synchronised=_synchronised(told),
        contained=contained(told),
    )


def _synchronised(told: dict[str, list[str]]) -> bool | None:
    chrony = next((line.partition(":")[2].strip() for line in told.get("chrony", ()) if line.startswith("Leap s")), "")
    if chrony:
        return chrony != "Not synchronised"
    peers = told.get("ntp", [])
    if any(line.startswith("==") for line in peers):
        return any(line[0] in "*o" for line in peers)
    if any("clock synced" in line or "clock unsynced" in line for line in told.get("openntp", ())):
        return any("clock synced" in line for line in told["openntp"])
    if "timesync" in told and "systemd-timesyn" in told.get("daemons", ()):
        return "synchronized" in told["timesync"]
    return None


FACT = ShellFact("timekeeping", Timekeeping, ask, parse)
