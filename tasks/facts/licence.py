"""What the system tells of its licence on a shell, where the profile knows a place that tells it.

Of that file or command only the three keys that the profile names leave the system: a licence key never does.
"""
from __future__ import annotations

import re
import shlex
from datetime import date, datetime

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import lines
from tasks.model.system_facts import Licence

_NEVER = frozenset(("never", "unlimited", "perpetual", "lifetime", "permanent", "0"))
_FORMS = ("%Y-%m-%d", "%b-%d-%Y", "%d.%m.%Y", "%Y/%m/%d", "%d %b %Y", "%b %d %Y")
_COUNT = re.compile(r"^\d{1,7}$", re.ASCII)


def ask(profile: Profile) -> str:
    source = profile.licence
    if source is None:
        return "echo --unknown--"
    keys = {"expires": source.expires_key, "channels": source.channels_key, "extensions": source.extensions_key}
    pick = "; ".join(f"s/^[[:space:]]*{key.replace('.', '[.]')}[[:space:]]*[=:][[:space:]]*/{label}=/p"
                     for label, key in keys.items())
    if source.command:
        return f"echo --told--; {shlex.join(source.command)} | sed -n {shlex.quote(pick)} | head -n 20"
    file = shlex.quote(source.file or "")
    told = f"echo --told--; sed -n {shlex.quote(pick)} {file} | head -n 20"
    return f"if [ -e {file} ]; then {told}; else echo --absent--; fi"


def parse(answer: Answer) -> Licence:
    """A file that is not there tells nothing, which is not an error of the system."""
    told = list(lines(answer))
    if told[:1] in (["--unknown--"], ["--absent--"]):
        return Licence(told=False)
    values = {line.partition("=")[0]: line.partition("=")[2].strip().strip("\"'") for line in told[1:]}
    if told[:1] != ["--told--"] or not values:
        raise Unreadable("expected lines of a licence with the keys that the profile names, got none")
    expires = values.get("expires", "")
    perpetual = expires.lower() in _NEVER
    return Licence(
        told=True,
        expires_on=_day(expires) if expires and not perpetual else None,
        perpetual=perpetual,
        channels=_count(values.get("channels", "")),
        extensions=_count(values.get("extensions", "")),
    )


def _day(text: str) -> date:
    for form in _FORMS:
        try:
            return datetime.strptime(text[:10] if form == "%Y-%m-%d" else text, form).date()  # noqa: DTZ007  (a day)
        except ValueError:
            continue
    raise Unreadable(f"expected the day on which the licence expires, got {text[:40]!r}")


def _count(text: str) -> int | None:
    return int(text) if _COUNT.match(text) else None


FACT = ShellFact("licence", Licence, ask, parse)
