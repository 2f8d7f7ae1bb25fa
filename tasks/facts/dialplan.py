"""What the site's own dialplan uses of that which later Asterisk releases drop.

Only files whose name says that they are the site's own (``extensions_custom.conf`` and other ``*custom*.conf``) are
read, and only the name of the application, the file and the line leave the system. Asterisk's UPGRADE notes: 19 drops
app_mysql; 21 drops app_macro, res_monitor, chan_sip, chan_mgcp and chan_skinny.
"""
from __future__ import annotations

import re
import shlex

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.facts import Dialplan
from tasks.model.profile import Profile
from tasks.model.reading import lines, permitted, whole

# Dialplan applications are written without regard to case; a family is reported by its first name.
_FAMILIES = {
    "macro": "Macro", "macroexclusive": "Macro", "macroif": "Macro", "macroexit": "Macro",
    "monitor": "Monitor", "stopmonitor": "Monitor", "changemonitor": "Monitor",
    "pausemonitor": "Monitor", "unpausemonitor": "Monitor",
    "mysql": "MYSQL",
    "sip": "SIP", "sipaddheader": "SIP", "sipremoveheader": "SIP", "sipdtmfmode": "SIP", "sip_header": "SIP",
    "sippeer": "SIP", "sipchaninfo": "SIP",
    "mgcp": "MGCP", "skinny": "Skinny", "sccp": "Skinny",
}
_CALLED = "|".join(name for name in _FAMILIES if name not in ("sip", "mgcp", "skinny", "sccp"))
_AWK = (
    "{ text = tolower($0); sub(/(^|[^\\\\]);.*/, \"\", text); gsub(/[ \\t]+\\(/, \"(\", text); text = \" \" text; "
    f"while (match(text, /[^a-z0-9_](({_CALLED})\\(|(sip|mgcp|skinny|sccp)\\/)/)) {{ "
    "print \"use \" substr(text, RSTART + 1, RLENGTH - 2) \" \" FILENAME \":\" FNR; "
    "text = substr(text, RSTART + RLENGTH) } }"
)
_USE = re.compile(r"^use ([a-z_]+) (\S.*:\d+)$", re.ASCII)


def ask(profile: Profile) -> str:
    etc = shlex.quote(profile.paths.asterisk_etc)
    return (
        f"cd {etc} && echo folder && find . -maxdepth 2 -type f -name '*custom*.conf' "
        f"-exec awk {shlex.quote(_AWK)} {{}} + | head -n 2000"
    )


def parse(answer: Answer) -> Dialplan:
    told = list(lines(permitted(whole(answer))))
    if not told or told[0] != "folder":
        raise Unreadable("expected Asterisk's configuration folder where the profile says it is, found none")
    uses = []
    for line in told[1:]:
        found = _USE.match(line)
        if found and found[1] in _FAMILIES:
            uses.append((_FAMILIES[found[1]], found[2].removeprefix("./")))
    return Dialplan(tuple(sorted(set(uses))))


FACT = ShellFact("dialplan", Dialplan, ask, parse)
