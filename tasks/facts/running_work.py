"""What is under way that an upgrade must not meet: backups, updaters, package managers, by name, lock and file.

Only names that the profile lists leave the system, and no arguments. The kernel keeps 15 characters of a name.
A lock counts while a process holds it (/proc/locks), as the file itself stays for ever.
"""
from __future__ import annotations

import shlex

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import sections
from tasks.model.system_facts import RunningWork

KERNEL_CHARACTERS = 15
_HELD = (                   # process and path; the device of /proc/locks is not that of stat on btrfs and overlays
    "$1 == \"lock\" { name = $0; sub(/^lock [0-9]+ /, \"\", name); path[$2] = name; next } "
    "$2 != \"->\" { n = split($6, at, \":\"); if (at[n] in path) print $5 \" \" path[at[n]] }"
)
_CONFIRM = (                # of another file system, an inode of the same number may be locked: its holder tells
    "while read -r pid path; do [ -r \"/proc/$pid/fd\" ] && ! ls -l \"/proc/$pid/fd\" | grep -qF -- \"-> $path\" || "
    "printf '%s\\n' \"$path\"; done"
)


def ask(profile: Profile) -> str:
    health = profile.health
    cut = (name[:KERNEL_CHARACTERS] for name in (*health.backups, *health.updaters))
    names = "|".join(name.replace(".", "[.]").replace("+", "[+]") for name in cut) or "-"
    locks = shlex.join(locks_of(profile))
    files = shlex.join(health.busy_files)
    return (
        f"echo --programs--; grep -shxE {shlex.quote(names)} /proc/[0-9]*/comm | sort -u; "
        f"echo --locks--; for lock in {locks}; do [ ! -e \"$lock\" ] || "
        "stat -c 'lock %i %n' -- \"$(readlink -f \"$lock\")\"; done "
        f"| awk {shlex.quote(_HELD)} - /proc/locks | {_CONFIRM} | sort -u; "
        f"echo --files--; for file in {files}; do [ ! -e \"$file\" ] || printf '%s\\n' \"$file\"; done; echo --end--"
    )


def locks_of(profile: Profile) -> tuple[str, ...]:
    """The locks of package managers, and that of the platform's upgrader."""
    upgrader = profile.upgrader.lock if profile.upgrader else None
    return tuple(dict.fromkeys((*profile.health.locks, *([upgrader] if upgrader else []))))


def parse(answer: Answer) -> RunningWork:
    told = sections(answer)
    if "end" not in told or not {"programs", "locks", "files"} <= set(told):
        raise Unreadable("expected what is under way, in three sections; the answer is cut")
    return RunningWork(tuple(told["programs"]), tuple(told["locks"]), tuple(told["files"]))


FACT = ShellFact("running_work", RunningWork, ask, parse)
