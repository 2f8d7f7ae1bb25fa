"""Which machine answered, and what its clock says."""
from __future__ import annotations

from datetime import datetime

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.facts import Identity
from tasks.model.profile import Profile
from tasks.model.reading import labelled

_COMMAND = "; ".join((
    "printf 'clock=%s\\n' \"$(date +%Y-%m-%dT%H:%M:%S%z)\"",
    "printf 'machine_id=%s\\n' \"$(cat /etc/machine-id 2>/dev/null || cat /var/lib/dbus/machine-id 2>/dev/null)\"",
    "printf 'hostname=%s\\n' \"$(uname -n)\"",
    "printf 'os=%s\\n' \"$(sed -n 's/^PRETTY_NAME=//p' /etc/os-release 2>/dev/null)\"",
    "printf 'kernel=%s\\n' \"$(uname -sr)\"",
    "printf 'uptime_s=%s\\n' \"$(cut -d' ' -f1 /proc/uptime)\"",
))


def ask(profile: Profile) -> str:
    return _COMMAND


def parse(answer: Answer) -> Identity:
    """A system without a machine id (none was ever made) has an empty one."""
    told = labelled(answer)
    for label in ("clock", "hostname", "kernel", "uptime_s"):
        if not told.get(label):
            raise Unreadable(f"expected a line {label}=…, got none")
    try:
        clock = datetime.fromisoformat(told["clock"])
        uptime_s = float(told["uptime_s"])
    except ValueError as error:
        raise Unreadable(f"expected an ISO 8601 time and seconds of uptime: {error}") from error
    if clock.tzinfo is None:
        raise Unreadable("expected a clock with its offset from UTC")
    if not 0 <= uptime_s < float("inf"):
        raise Unreadable(f"expected seconds of uptime, got {uptime_s}")
    return Identity(
        machine_id=told.get("machine_id", ""),
        hostname=told["hostname"],
        os_name=told.get("os", "").strip("\"'") or told["kernel"],
        kernel=told["kernel"],
        uptime_s=uptime_s,
        clock=clock,
    )


FACT = ShellFact("identity", Identity, ask, parse)
