"""API keys at 6 and 7: the previous master key is kept, and keys can be suspended or restricted by address (vendor).

Nothing on a shell tells which programs use the API, so an engineer has to ask.
Remedy: ask the client which programs use the API, and try each of them with its key right after the upgrade.
Client: If other programs of yours talk to your phone system, please tell us which, so that we can test them with you.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import check
from tasks.model.finding import Confidence, Notice, Severity
from tasks.model.release import Hop


@check(demands="api_keys", severity=Severity.LOW, blocking=False)
def api_keys(hop: Hop) -> Iterator[Notice]:
    summary = f"on the way to {hop.target} the master key stays and other keys may be suspended or restricted by " \
              "address: ask which programs use the API, and try them after the upgrade"
    yield Notice(subject="api", summary=summary, confidence=Confidence.GUESS)
