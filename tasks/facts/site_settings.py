"""What pbxware.ini says, without its credentials.

Only keys of a short list leave the system, less whatever looks like a secret, which is dropped once more on parsing:
the ini's keys are known only in part (observed: ``pw_mysql_host``, ``pw_mysql_username``, ``pw_mysql_password``).
"""
from __future__ import annotations

import re
import shlex

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.facts import SiteSettings
from tasks.model.profile import Profile
from tasks.model.reading import lines

_ALLOWED = r"(edition|version|release|hostname|domain|domain_name|server_name|timezone|language|country|" \
           r"[a-z0-9_]*_(domain|host|port|driver|engine|mode|version|enabled|language|timezone))"
_TELLTALE = "pass|pwd|secret|token|key|auth|cred|login|user|licen[cs]e|pin|cert|salt|hash"
_SECRET_KEY = re.compile(_TELLTALE, re.IGNORECASE)
_SECRET_VALUE = re.compile(r"://[^/\s]*@|-----BEGIN|^[0-9a-f]{32,}$", re.IGNORECASE)
_LINE = re.compile(r"^\s*([A-Za-z][\w.-]{0,63})\s*=(.*)$", re.ASCII)


def ask(profile: Profile) -> str:
    settings = shlex.quote(profile.paths.settings)
    form = shlex.quote(f"^[[:space:]]*({_ALLOWED}|{re.escape(profile.settings.domain_name_key)})[[:space:]]*=")
    secret = shlex.quote(f"^[^=]*({_TELLTALE})|://[^/]*@|[0-9a-f]{{32}}")
    return f"[ -r {settings} ] && echo --settings-- && grep -aE {form} {settings} | grep -aviE {secret} | head -n 200"


def parse(answer: Answer) -> SiteSettings:
    told = list(lines(answer))
    if not told or told[0] != "--settings--":
        raise Unreadable("expected a readable pbxware.ini, got none")
    values: dict[str, str] = {}
    for line in told[1:]:
        found = _LINE.match(line)
        if not found or _SECRET_KEY.search(found[1]):
            continue
        value = found[2].strip().strip("\"'")
        if not _SECRET_VALUE.search(value):
            values[found[1]] = value[:200]
    return SiteSettings(tuple(sorted(values.items())))


FACT = ShellFact("site_settings", SiteSettings, ask, parse)
