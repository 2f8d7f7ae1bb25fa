"""The target has no transcoder for G.729: on a trunk that allows nothing else, calls with other codecs come to nothing.

Observed: PBXware 8.2 has none. Calls in which both ends speak G.729 are passed on without one.
Remedy: agree on another codec with the carrier (alaw, ulaw), and allow it on the trunk before the upgrade.
Client: A line of yours uses a voice format that the new version cannot convert. We need to change it first.
Otherwise: On calls over that line nobody hears anything after the upgrade, so we cannot make it.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.codecs import audio
from tasks.model.asterisk_facts import Codecs
from tasks.model.check import Yielded, check
from tasks.model.finding import CannotTell, Kind, Notice, Problem, Remediation, Severity

ALLOW = Remediation(
    id="allow_another_codec", kind=Kind.ENGINEER, text="agree on alaw or ulaw with the carrier", reversible=True
)


@check(drops="g729", severity=Severity.HIGH, blocking=True)
def g729_transcoding(codecs: Codecs) -> Iterator[Yielded]:
    for trunk in codecs.trunks:
        allowed = audio(trunk.codecs)
        if not trunk.codecs:
            yield CannotTell(subject=trunk.name, summary=f"Asterisk tells no codecs of trunk {trunk.name}")
        elif allowed == ("g729",):
            yield Problem(subject=trunk.name, summary=f"trunk {trunk.name} allows G.729 only", remediations=(ALLOW,))
        elif "g729" in allowed:
            others = ", ".join(name for name in allowed if name != "g729")
            yield Notice(subject=trunk.name, summary=f"trunk {trunk.name} allows G.729, and {others} besides")
