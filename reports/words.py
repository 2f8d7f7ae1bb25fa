"""The words that reports use for verdicts, outcomes and the rest: the only place where an enum becomes prose."""
from __future__ import annotations

from dataclasses import dataclass

from tasks.model.finding import Kind, Outcome, Severity, Verdict


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """``colour`` is safe for colour-blind readers and has a contrast of at least 4.5 to 1 under white text."""

    label: str
    meaning: str
    colour: str
    sign: str


# The order is that of a reader's attention: what blocks comes first, what is ready last.
VERDICTS: dict[Verdict, VerdictWords] = {
    Verdict.BLOCKED: VerdictWords("Blocked", "A problem must be solved before an upgrade is planned", "#b3361b", "✕"),
    Verdict.ACTIONS_NEEDED: VerdictWords("Actions needed", "Known steps first, once approved", "#966200", "!"),
    Verdict.UNDETERMINED: VerdictWords("Undetermined", "An important question got no clear answer", "#6b4c9a", "?"),
    Verdict.UNREACHABLE: VerdictWords("Unreachable", "We could not log in, so nothing was asked", "#57606a", "–"),
    Verdict.READY: VerdictWords("Ready", "Nothing stands in the way of an upgrade", "#00695c", "✓"),
}
SEVERITIES = {severity.label: severity.label.capitalize() for severity in sorted(Severity, reverse=True)}
SEVERITY_COLOURS = {"high": "#b3361b", "medium": "#dd8a1b", "low": "#5b9bd5", "unknown": "#8f76b8"}
OUTCOMES = {
    Outcome.FAIL.value: "Found",
    Outcome.UNKNOWN.value: "Could not tell",
    Outcome.PASS.value: "For information",
    Outcome.SKIPPED.value: "Did not apply",
}
# The choices of the page's filter by finding, whose keys fleet.js knows. A system counts with a check's worst finding.
FILTERED_OUTCOMES = {
    "fail": "Found",
    "fail-high": "Found, at worst high",
    "fail-medium": "Found, at worst medium",
    "fail-low": "Found, at worst low",
    "fail-any": "Found, or waived",
    "unknown-any": "Could not tell",
    "unknown": "Could not tell, nothing worse",
    "waived": "Waived",
}
KINDS = {
    Kind.CLIENT.value: "By the client",
    Kind.ENGINEER.value: "By an engineer",
    Kind.COMMAND.value: "By Uplift",
}
EDITIONS = {"business": "Business", "call_center": "Call Center", "multi_tenant": "Multi-Tenant"}
ENVIRONMENTS = {"standalone": "Standalone", "serverware": "SERVERware"}
CONTACTS = {
    "reached": "Logged in",
    "refused": "Connection refused",
    "timed_out": "No answer in time",
    "key_changed": "The host key has changed",
    "key_unknown": "The host key is not enrolled",
    "auth_failed": "The login was rejected",
    "no_credential": "No usable credential",
    "dropped": "The connection was dropped",
}
WAIVER_SOURCES = {"standing": "Standing, in the fleet file", "case": "For one case"}
_SPELLED = {
    "cdr": "CDR", "sip": "SIP", "pjsip": "PJSIP", "mysql": "MySQL", "myisam": "MyISAM", "ssh": "SSH", "api": "API",
    "chan": "chan", "gdpr": "GDPR", "php": "PHP", "os": "OS", "tls": "TLS", "dns": "DNS", "ntp": "NTP", "did": "DID",
    "asterisk": "Asterisk", "serverware": "SERVERware", "vps": "VPS", "glocom": "gloCOM", "g729": "G.729", "id": "ID",
}


def check_title(check_id: str) -> str:
    """``cdr_table_size`` as a reader expects it: CDR table size."""
    words = [_SPELLED.get(word, word) for word in check_id.split("_") if word]
    title = " ".join(words).replace("chan SIP", "chan_sip").replace("chan PJSIP", "chan_pjsip")
    known = title.split(" ", 1)[0] in _SPELLED.values() or title.startswith("chan_")
    return title if known else title[:1].upper() + title[1:]
