"""A module that was not built with this Asterisk is lost in the upgrade, or keeps the new Asterisk from starting.

Asterisk refuses a module with another build sum, and loads one without a sum unchecked. Seen: a bought codec_g729.so.
Remedy: get the module for the new Asterisk, take the old one out before the upgrade, and put the new one in after it.
Client: Your phone system contains an add-on that was installed separately. We need to take it out and replace it.
Otherwise: The add-on may keep your phone system from starting after the upgrade, so we cannot make it.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.asterisk import foreign_modules
from tasks.model.check import Yielded, check
from tasks.model.facts import Modules
from tasks.model.finding import CannotTell, Kind, Problem, Remediation, Severity
from tasks.model.profile import Profile

REPLACE = Remediation(
    id="replace_module",
    kind=Kind.ENGINEER,
    text="take the module out, upgrade, and put in the one built for the new Asterisk",
    reversible=True,
)

SET_ASIDE = Remediation(
    id="set_aside_module",
    kind=Kind.COMMAND,
    text="move the module out of Asterisk's folder; from the next start on, what it does is missing",
    reversible=True,
)


@check(severity=Severity.HIGH, blocking=True, version=2)
def foreign_module(modules: Modules, profile: Profile) -> Iterator[Yielded]:
    if modules.build_sum is None:
        yield CannotTell(subject="build_sum", summary="no module tells the build sum of this Asterisk")
    for module in foreign_modules(modules, profile):
        built = f"build sum {module.build_sum}" if module.build_sum else "no build sum"
        summary = f"{module.name} has {built}, Asterisk has {modules.build_sum}"
        yield Problem(subject=module.name, summary=summary, remediations=(REPLACE, SET_ASIDE))
