"""A trunk allows only codecs for which this Asterisk has no translator: calls pass only where both ends speak the same.

G.729, for which a translator is bought, has a check of its own where the upgrade takes it away.
Remedy: allow a codec that Asterisk has (alaw, ulaw, g722) on the trunk, or load the module of the one that is meant.
Client: A line of yours uses a voice format that your phone system cannot convert. We would like to correct that.
Otherwise: On some calls over that line nobody hears anything.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.codecs import audio, untranslated
from tasks.model.asterisk_facts import Codecs
from tasks.model.check import Yielded, check
from tasks.model.finding import Kind, Problem, Remediation, Severity

ALLOW = Remediation(
    id="allow_known_codec", kind=Kind.ENGINEER, text="allow a codec that Asterisk can translate", reversible=True
)


@check(severity=Severity.MEDIUM, blocking=False)
def codec_not_available(codecs: Codecs) -> Iterator[Yielded]:
    for trunk in codecs.trunks:
        allowed = audio(trunk.codecs)
        if allowed and set(allowed) == set(untranslated(allowed, codecs.translated)) != {"g729"}:
            summary = f"trunk {trunk.name} allows {', '.join(allowed)} only, which Asterisk cannot translate"
            yield Problem(subject=trunk.name, summary=summary, remediations=(ALLOW,))
