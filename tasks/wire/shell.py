"""All shell questions of one visit as one POSIX script, and its output taken apart again. Text only, no connection.

The script goes on stdin to ``exec /bin/sh -s`` (dash, bash, busybox ash) over one channel. It has one line
``mark=NONCE`` and one line ``ask NAME LIMIT_S 'COMMAND'`` for each question, and answers on stdout and on stderr with

    \\nNONCE begin NAME\\n …output… \\nNONCE end NAME EXIT_CODE\\n        and at the end \\nNONCE done\\n

Each question has its own time limit, an empty stdin and a bounded output, so that one bad question costs only itself.
Output that was cut at the bound is one byte longer than the bound. ``asked`` and ``framed`` are the far side's half,
for servers that answer without a shell.
"""
from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

COMMAND = "exec /bin/sh -s"
KILL_AFTER_S = 1                # between the polite signal and SIGKILL
DRAIN_S = 2                     # how long output may stay open after its command is over (a child kept the pipe)
KILLED_BY_TIMEOUT = frozenset((124, 137, 143))      # coreutils; killed; busybox
_NAME = re.compile(r"^[a-z0-9_]+$")
_NONCE = re.compile(r"^[A-Za-z0-9]{16,64}$")

# fd 8 and 9 are the channel's stdout and stderr, 3 carries the exit code past the two bounds, 4 stdout past the stderr
# bound. A bound reads one byte more than the limit, so that the client knows whether something was cut; a bound that
# had to be killed (a child in the background kept the pipe open) may have lost output, so the question timed out.
_PRELUDE = """\
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/pbxware/sh
LC_ALL=C LANG=C TERM=dumb
export PATH LC_ALL LANG TERM
unset ENV BASH_ENV CDPATH GREP_OPTIONS IFS
umask 077
exec 8>&1 9>&2
if timeout -k {kill} 5 true </dev/null >/dev/null 2>&1
then limit() {{ timeout -k {kill} "$@"; }}
else limit() {{ shift; "$@"; }}
fi
both() {{ printf "$@" >&8; printf "$@" >&9; }}
ask() {{
both '\\n%s begin %s\\n' "$mark" "$1"
bound=$(($2 + {drain}))
code=$({{ {{ {{ limit "$2" /bin/sh -c "$3" </dev/null 3>&- 4>&- 8>&- 9>&-; echo "$?" >&3; }} 2>&1 >&4 |
limit "$bound" head -c {stderr} >&9 3>&- 4>&-; }} 4>&1 |
limit "$bound" head -c {stdout} >&8 3>&- 4>&-; }} 3>&1)
case $? in 124|137|143) code=124;; esac
both '\\n%s end %s %s\\n' "$mark" "$1" "${{code:-137}}"
}}
"""


@dataclass(frozen=True, slots=True)
class Question:
    """One shell command in one line, with its time limit on the system."""

    name: str
    command: str
    limit_s: float

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"a question's name is a lower-case word, not {self.name!r}")
        if "\n" in self.command or "\0" in self.command:
            raise ValueError(f"the question {self.name!r} is not one line")

    @property
    def whole_seconds(self) -> int:
        return max(1, round(self.limit_s))

    @property
    def patience_s(self) -> float:
        """How long after its begin mark the client waits before it gives the channel up."""
        return self.whole_seconds + DRAIN_S + 2 * KILL_AFTER_S + 1


def compose(questions: Iterable[Question], nonce: str, max_bytes: int) -> str:
    """The script for ``questions``; ``max_bytes`` bounds the stdout and the stderr of each of them."""
    if not _NONCE.match(nonce):
        raise ValueError("a nonce is 16 to 64 letters and digits")
    bounds = {"stdout": max_bytes + 1, "stderr": stderr_bytes(max_bytes) + 1}
    prelude = _PRELUDE.format(kill=KILL_AFTER_S, drain=DRAIN_S, **bounds)
    asks = [f"ask {q.name} {q.whole_seconds} {shlex.quote(q.command)}\n" for q in questions]
    return "".join((f"mark={nonce}\n", prelude, *asks, "both '\\n%s done\\n' \"$mark\"\n"))


def stderr_bytes(max_bytes: int) -> int:
    """The bound of a question's stderr: complaints, not data."""
    return min(max_bytes, 16_384)


def asked(script: str) -> tuple[str, tuple[Question, ...]]:
    """The nonce and the questions of a composed script. Raises ValueError for any other text."""
    nonce, questions = "", []
    for line in script.splitlines():
        if line.startswith("mark="):
            nonce = line.removeprefix("mark=")
        elif line.startswith("ask "):
            _, name, limit, command = shlex.split(line)
            questions.append(Question(name, command, float(limit)))
    if not _NONCE.match(nonce):
        raise ValueError("not a composed script: it has no mark")
    return nonce, tuple(questions)


def framed(nonce: str, name: str, exit_code: int, output: bytes) -> bytes:
    """One answer as it travels on stdout (or, with stderr's output, on stderr)."""
    return b"\n%s begin %s\n%s\n%s end %s %d\n" % (
        nonce.encode(), name.encode(), output, nonce.encode(), name.encode(), exit_code
    )


def done(nonce: str) -> bytes:
    return b"\n%s done\n" % nonce.encode()
