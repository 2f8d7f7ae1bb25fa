"""Asterisk complains of its own configuration: what is broken before an upgrade is blamed on it afterwards.

Remedy: mend the configuration that the log names; list what a site knows as harmless under harmless_errors.
Client: Your phone system reports errors in its configuration. We would like to mend them before the upgrade.
Otherwise: The errors stay, and after the upgrade nobody can tell which of them it has caused.
"""
from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from tasks.analysis.asterisk import by_source, told_elsewhere
from tasks.model.asterisk_facts import LoadedModules
from tasks.model.check import Yielded, check
from tasks.model.fact import Unknown
from tasks.model.facts import ConfigurationErrors, Modules
from tasks.model.finding import CannotTell, Kind, Notice, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile

MEND = Remediation(
    id="mend_configuration", kind=Kind.ENGINEER, text="mend what Asterisk's log names, and reload", reversible=True
)


@check(severity=Severity.MEDIUM, blocking=True)
def configuration(
    errors: ConfigurationErrors, modules: Modules, loaded: LoadedModules | Unknown, profile: Profile
) -> Iterator[Yielded]:
    if not errors.log_readable:
        yield CannotTell(subject="log", summary=f"{profile.paths.asterisk_log} cannot be read")
    lines = [line for line in errors.lines if not told_elsewhere(line, modules, loaded, profile)]
    harmless = [line for line in lines if any(fnmatchcase(line, pattern) for pattern in profile.harmless_errors)]
    if harmless:
        known = Quantity(value=len(harmless), unit="errors")
        yield Notice(subject="harmless_errors", summary=f"{known} that the profile knows as harmless", measured=known)
    for source, said in by_source(line for line in lines if line not in harmless).items():
        more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
        found = Quantity(value=len(said), unit="errors")
        yield Problem(subject=source, summary=said[0] + more, measured=found, blocking=False, remediations=(MEND,))
