"""One TLS transport whose certificate or key cannot be loaded breaks the others when Asterisk starts anew.

Remedy: put the file where the configuration names it, or take the transport out of the configuration.
Client: Your phone system is told to use a security certificate that is not there. We need to correct that.
Otherwise: Telephones with encrypted connections may stay silent when your phone system starts anew.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import Yielded, check
from tasks.model.finding import CannotTell, Kind, Problem, Remediation, Severity
from tasks.model.system_facts import Certificates, FileState

PUT = Remediation(
    id="put_certificate", kind=Kind.ENGINEER, text="put the file there or take out what names it", reversible=True
)


@check(severity=Severity.HIGH, blocking=True)
def certificate_missing(certificates: Certificates) -> Iterator[Yielded]:
    for file in certificates.files:
        what, where = "key" if file.is_key else "certificate", ", ".join(file.used_in)
        if file.state in (FileState.MISSING, FileState.EMPTY):
            wrong = "is not there" if file.state is FileState.MISSING else f"holds no {what}"
            severity = Severity.HIGH if file.by_asterisk else Severity.MEDIUM
            yield Problem(subject=file.path, summary=f"the {what} of {where} {wrong}", severity=severity,
                          blocking=file.by_asterisk, remediations=(PUT,))
        elif file.state is FileState.UNREADABLE and not file.is_key:
            yield CannotTell(subject=file.path, summary=f"the login may not read the {what} of {where}")
