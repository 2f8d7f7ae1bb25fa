"""What Asterisk says of its own configuration since its last start: errors and modules that did not load.

Asterisk writes ``Asterisk 16.28.0 built by …`` into each log when it starts; lines before the last of these belong to
an earlier life. Only the end of the log is read. Times, threads and call numbers are taken off, so that a repeated
line counts once.
"""
from __future__ import annotations

import shlex

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.facts import ConfigurationErrors
from tasks.model.profile import Profile
from tasks.model.reading import lines

_TAIL_BYTES = 4_000_000
_LINES = 200
_AWK = (
    "/Asterisk .* built by .* on / { split(\"\", seen); n = 0; next } "
    "/ ERROR\\[|[Uu]nable to load|[Ff]ailed to load|[Ee]rror loading module|could not be loaded|declined to load/ "
    "{ text = $0; sub(/^\\[[^]]*\\] */, \"\", text); gsub(/\\[[0-9]+\\]|\\[C-[0-9a-f]+\\]/, \"\", text); "
    "text = substr(text, 1, 400); "
    f"if (!(text in seen) && n < {_LINES}) {{ seen[text] = 1; kept[n++] = text }} }} "
    "END { for (i = 0; i < n; i++) print kept[i] }"
)


def ask(profile: Profile) -> str:
    log = shlex.quote(profile.paths.asterisk_log)
    return (
        f"[ -r {log} ] || {{ echo --unreadable--; exit 0; }}; echo --readable--; "
        f"tail -c {_TAIL_BYTES} {log} | awk {shlex.quote(_AWK)}"
    )


def parse(answer: Answer) -> ConfigurationErrors:
    """A site without the log (it logs elsewhere) is known to be unreadable, which is no error of its configuration."""
    told = list(lines(answer))
    if told[:1] == ["--unreadable--"]:
        return ConfigurationErrors((), log_readable=False)
    if told[:1] != ["--readable--"] or answer.exit_code != 0:
        raise Unreadable("expected the end of Asterisk's log; it could not be read")
    return ConfigurationErrors(tuple(dict.fromkeys(told[1:])), log_readable=True)


FACT = ShellFact("configuration_errors", ConfigurationErrors, ask, parse)
