"""The jobs of cron: when they run and what they call. Arguments stay on the system: they may hold a password.

What leaves is the schedule and one word of the command: its first absolute path (no device, and nothing that
output is sent to), or else its first word that is a plain name.
"""
from __future__ import annotations

import re
import shlex

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import lines, permitted, whole
from tasks.model.system_facts import CronJob, CronJobs

_JOBS = 300
_AWK = (
    "!/^[ \\t]*(#|$)/ && !/^[ \\t]*[A-Za-z_][A-Za-z0-9_]*[ \\t]*=/ { "
    "n = $1 ~ /^@/ ? 1 : 5; when = $1; for (i = 2; i <= n; i++) when = when \" \" $i; "
    "called = \"\"; plain = \"\"; for (i = n + (FILENAME ~ /\\/spool\\/cron/ ? 1 : 2); i <= NF; i++) { "
    "word = $i; gsub(/[\"\\047();&|`]/, \"\", word); "
    "if ($(i - 1) ~ /[<>]$/) continue; "
    "if (word ~ /^\\/[^\\/]/ && word !~ /^\\/dev\\// && called == \"\") called = word; "
    "if (word ~ /^[A-Za-z][A-Za-z0-9_.-]*$/ && word !~ /^(cd|test|exec|nice|ionice|sudo|env|root)$/ && plain == \"\") "
    "plain = word } "
    "print when \"\\t\" (called == \"\" ? plain : called) \"\\t\" FILENAME }"
)
_JOB = re.compile(r"^((?:[0-9*/,a-zA-Z~-]+ ){4}[0-9*/,a-zA-Z~-]+|@[a-z]+)\t(\S*)\t(/.*)$", re.ASCII)


def ask(profile: Profile) -> str:
    """What is not there (a system without cron) has no jobs; stderr of a folder without permission is heeded."""
    cron = shlex.join(profile.paths.cron)
    return f"find {cron} -type f ! -name '.*' -exec awk {shlex.quote(_AWK)} {{}} + | sort -u | head -n {_JOBS}"


def parse(answer: Answer) -> CronJobs:
    """A line that is none of cron's is left out, as cron does. Raises Unreadable for what our awk does not print."""
    told = list(lines(whole(permitted(answer))))
    if strange := [line for line in told if line.count("\t") != 2]:
        raise Unreadable(f"expected schedule, command and file of each job, got {strange[0][:80]!r}")
    jobs = (found for line in told if (found := _JOB.match(line)))
    return CronJobs(tuple(CronJob(schedule=job[1], command=job[2] or "?", source=job[3]) for job in jobs))


FACT = ShellFact("cron_jobs", CronJobs, ask, parse)
