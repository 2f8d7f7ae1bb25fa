"""A module was loaded and declined to run: the feature that it gives is missing already, before any upgrade.

Modules that decline only because nobody configured them are patterns of the profile (telephony.may_decline).
Remedy: read what the log says of the module, and mend its configuration, or take it out of modules.conf.
Client: A part of your phone system does not start. We would like to find out whether you need it.
Otherwise: That part goes on not working, and after the upgrade nobody can tell why.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.asterisk import declined_modules
from tasks.model.asterisk_facts import LoadedModules
from tasks.model.check import Yielded, check
from tasks.model.finding import Kind, Problem, Remediation, Severity
from tasks.model.profile import Profile

MEND = Remediation(
    id="mend_module", kind=Kind.ENGINEER, text="mend the module's configuration or take it out", reversible=True
)


@check(severity=Severity.MEDIUM, blocking=False)
def modules_not_loaded(modules: LoadedModules, profile: Profile) -> Iterator[Yielded]:
    for name in declined_modules(modules, profile):
        yield Problem(subject=name, summary=f"{name} declined to run", remediations=(MEND,))
