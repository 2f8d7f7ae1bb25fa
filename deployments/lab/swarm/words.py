"""The words of a simple shell command."""
from __future__ import annotations

import shlex

_SHELLS = ("sh", "bash", "dash")


def words_of(command: str) -> list[str]:
    """Taken out of ``sh -c '…'`` where it stands in one; empty for what is not one line of words."""
    try:
        words = shlex.split(command)
    except ValueError:
        return []
    if len(words) == 3 and words[0].rpartition("/")[2] in _SHELLS and words[1] in ("-c", "-lc"):
        return words_of(words[2])
    return words
