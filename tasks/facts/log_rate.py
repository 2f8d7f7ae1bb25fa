"""How many errors and warnings Asterisk has logged in the last day.

Counted on the system, by the hour, from the end of the current log only; rotated and compressed ones are not read.
Asterisk writes ``[2026-11-23 16:49:52] ERROR[…`` or, by default, ``[Nov 23 16:49:52]``, in the system's own time.
"""
from __future__ import annotations

import re
import shlex
from datetime import datetime, timedelta

from tasks.model.answer import Answer
from tasks.model.asterisk_facts import LogRate
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import lines

_TAIL_BYTES = 4_000_000
_HOURS = 40                         # with errors, from the last on; a day has 25 at most
_DAY = timedelta(days=1)
_AWK = (
    'substr($0, 1, 1) == "[" { end = index($0, ":"); if (end < 9 || end > 16) next; hour = substr($0, 2, end - 2); '
    'if (first == "") { first = hour; print "first " hour } '
    'rest = substr($0, end, 40); level = 0; if (rest ~ /\\] *ERROR\\[/) level = 1; '
    'if (rest ~ /\\] *WARNING\\[/) level = 2; if (!level) next; '
    'if (!(hour in seen)) { seen[hour] = 1; at[n++] = hour } '
    'count[hour, level]++ } '
    f'END {{ for (i = n > {_HOURS} ? n - {_HOURS} : 0; i < n; i++) '
    'print "hour " (count[at[i], 1] + 0) " " (count[at[i], 2] + 0) " " at[i] }'
)
_HOUR = re.compile(r"^hour (\d{1,9}) (\d{1,9}) (\S.*)$", re.ASCII)


def ask(profile: Profile) -> str:
    log = shlex.quote(profile.paths.asterisk_log)
    return (
        f"[ -r {log} ] || {{ echo unreadable; exit 0; }}; date '+now %Y-%m-%d %H:%M'; "
        f"tail -c {_TAIL_BYTES} {log} | awk {shlex.quote(_AWK)}"
    )


def parse(answer: Answer) -> LogRate:
    told = list(lines(answer))
    if told[:1] == ["unreadable"]:
        raise Unreadable("expected Asterisk's log where the profile says it is; it cannot be read")
    now = _moment(told[0].removeprefix("now "), None) if told and told[0].startswith("now ") else None
    if now is None or answer.exit_code != 0:
        raise Unreadable("expected the time and the hours of Asterisk's log; it could not be read")
    errors = warnings = 0
    for line in told[1:]:
        found = _HOUR.match(line)
        hour = _moment(found[3], now) if found else None
        if found and hour and hour > now - _DAY - timedelta(hours=1):
            errors, warnings = errors + int(found[1]), warnings + int(found[2])
    first = _moment(told[1].removeprefix("first "), now) if told[1:2] and told[1].startswith("first ") else now
    covered = _DAY if first is None else min(_DAY, max(timedelta(0), now - first))
    return LogRate(errors, warnings, round(covered / timedelta(hours=1), 2))


def _moment(text: str, now: datetime | None) -> datetime | None:
    """A time of the system, naive. One without a year is the last that is not after tomorrow."""
    forms = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H", "%Y-%m-%dT%H")
    for form in forms if now is None or text[:1].isdigit() else ():
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  (the system's own time)
        except ValueError:
            continue
    try:
        told = datetime.strptime(f"{now.year} {text}", "%Y %b %d %H") if now else None  # noqa: DTZ007
    except ValueError:
        return None
    if told and now and told > now + _DAY:
        return told - timedelta(days=365)
    return told


FACT = ShellFact("log_rate", LogRate, ask, parse)
