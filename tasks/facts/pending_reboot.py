"""Whether the system waits for a reboot: the mark of Debian's packages, and kernels newer than the running one."""
from __future__ import annotations

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import CONTAINER, contained, sections
from tasks.model.system_facts import PendingReboot

_COMMAND = (
    "echo --reboot--; for mark in /run/reboot-required /var/run/reboot-required; do [ ! -e $mark ] || echo required; "
    "done; echo --packages--; sort -u /run/reboot-required.pkgs 2>/dev/null | head -n 20; "
    "echo --running--; uname -r; "
    "echo --installed--; for kernel in /lib/modules/*/; do [ ! -e \"${kernel}modules.dep\" ] || echo \"$kernel\"; done "
    "| head -n 40; "
)


def ask(profile: Profile) -> str:
    return _COMMAND + CONTAINER


def parse(answer: Answer) -> PendingReboot:
    told = sections(answer)
    running = told.get("running", [])
    if len(running) != 1:
        raise Unreadable("expected the running kernel, got none")
    installed = (line.rstrip("/").rpartition("/")[2] for line in told.get("installed", ()))
    return PendingReboot(
        flagged="required" in told.get("reboot", ()),
        packages=tuple(told.get("packages", ())),
        running_kernel=running[0],
        installed_kernels=tuple(sorted(filter(None, installed))),
        contained=contained(told),
    )


FACT = ShellFact("pending_reboot", PendingReboot, ask, parse)
