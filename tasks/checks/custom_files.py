"""Files that the site put there itself are overwritten or left behind by an upgrade.

Vendor's policy for custom development: take it out, install, apply it again, perhaps after rework.
Remedy: save the files, find out what they are for, and agree with the client which of them are applied again.
Client: Your phone system contains changes made for you. Please tell us which you still need after the upgrade.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import check
from tasks.model.facts import CustomFiles, CustomKind
from tasks.model.finding import Kind, Problem, Remediation, Severity

WORDS = {
    CustomKind.PLAIN_PHP: "plain PHP among the vendor's encoded files",
    CustomKind.SCRIPT: "a script of the site's own",
    CustomKind.CRON: "a program that the site's cron runs",
    CustomKind.STYLESHEET: "a changed style sheet or picture of the web pages",
}
REAPPLY = Remediation(
    id="reapply_files", kind=Kind.ENGINEER, text="save the file and apply it again after the upgrade", reversible=True
)


@check(severity=Severity.MEDIUM, blocking=True)
def custom_files(custom: CustomFiles) -> Iterator[Problem]:
    for file in custom.files:
        changed = f", changed on {file.changed_on}" if file.changed_on else ""
        summary = f"{file.path}: {WORDS[file.kind]}{changed}"
        yield Problem(subject=file.path, summary=summary, blocking=False, remediations=(REAPPLY,))
