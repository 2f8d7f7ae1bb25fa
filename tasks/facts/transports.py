"""Which transports PJSIP's configuration files name, and which of them run.

A transport that is added to a file is made when Asterisk next starts or reloads, and is left out where it cannot be
made: a file may name one that nobody has ever seen at work. Only names and protocols leave the system.
"""
from __future__ import annotations

import re
import shlex

from tasks.model.answer import Answer
from tasks.model.asterisk_facts import Transport, Transports
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import permitted, sections, whole

_CONFIGURED = (
    'function flush() { if (is) print "transport", name, (protocol == "" ? "udp" : protocol); is = 0; protocol = "" } '
    'FNR == 1 { flush() } { sub(/[ \\t]*;.*/, "") } '
    '/^[ \\t]*\\[/ { flush(); name = $0; sub(/^[ \\t]*\\[/, "", name); sub(/\\].*/, "", name); template = /\\(!/ } '
    '/=/ { key = $0; sub(/=.*/, "", key); gsub(/[ \\t]/, "", key); value = $0; sub(/^[^=]*=>?/, "", value); '
    'gsub(/[ \\t\\r]/, "", value); if (key == "type") is = (value == "transport" && !template); '
    'if (key == "protocol") protocol = value } END { flush() }'
)
_RUNNING = (
    '/^(Objects found|No objects found)/ { print "listed" } /^No such command/ { print "absent" } '
    '$1 == "Transport:" && $2 !~ /^</ { print "transport", $2, $3 }'
)
_TRANSPORT = re.compile(r"^transport (\S+) (\S+)$")


def ask(profile: Profile) -> str:
    etc = shlex.quote(profile.paths.asterisk_etc)
    shown = shlex.join((*profile.commands.asterisk, "pjsip show transports"))
    return (
        f"cd {etc} && echo --configured-- && find . -maxdepth 2 -type f -name 'pjsip*.conf' "
        f"-exec awk {shlex.quote(_CONFIGURED)} {{}} + | head -n 200; "
        f"echo --running--; {shown} | awk {shlex.quote(_RUNNING)}"
    )


def parse(answer: Answer) -> Transports:
    told = sections(permitted(whole(answer)))
    running = told.get("running", [])
    if "configured" not in told:
        raise Unreadable("expected Asterisk's configuration folder where the profile says it is, found none")
    if "absent" in running:
        return Transports((), ())
    if "listed" not in running:
        state = "is not running" if "Unable to connect" in answer.stderr else "did not answer with one"
        raise Unreadable(f"expected the list of `pjsip show transports`; Asterisk {state}")
    return Transports(_read(told["configured"]), _read(running))


def _read(lines: list[str]) -> tuple[Transport, ...]:
    found = (_TRANSPORT.match(line) for line in lines)
    return tuple(sorted({Transport(one[1], one[2]) for one in found if one}, key=lambda one: one.name))


FACT = ShellFact("transports", Transports, ask, parse)
