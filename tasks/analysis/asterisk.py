"""What Asterisk's modules and log tell: modules built for another Asterisk, errors by the source that reports them."""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from fnmatch import fnmatchcase

from tasks.model.asterisk_facts import LoadedModules
from tasks.model.fact import Unknown
from tasks.model.facts import Module, Modules
from tasks.model.profile import Profile

_SOURCE = re.compile(r"^(?:\S+ )?(?P<source>[a-z][\w/.-]*\.(?:cc?|lua)):", re.IGNORECASE)


def foreign_modules(modules: Modules, profile: Profile) -> tuple[Module, ...]:
    """Modules whose build sum is missing or is not Asterisk's own; none where Asterisk's own could not be told.

    Asterisk loads a module without a sum (main/loader.c), and a few of its own have none: the profile names them.
    """
    if modules.build_sum is None:
        return ()
    return tuple(
        module
        for module in modules.modules
        if module.build_sum != modules.build_sum
        and (module.build_sum is not None or module.name not in profile.modules_without_sum)
    )


def declined_modules(modules: LoadedModules, profile: Profile) -> tuple[str, ...]:
    """Modules that declined to run, but for those that may, sorted."""
    optional = profile.telephony.may_decline
    return tuple(sorted(
        name for name in modules.declined
        if not any(fnmatchcase(name.removesuffix(".so"), pattern) for pattern in optional)
    ))


def told_elsewhere(line: str, modules: Modules, loaded: LoadedModules | Unknown, profile: Profile) -> bool:
    """Whether a line of the log is about a module of which another check speaks."""
    if any(module.name in line for module in foreign_modules(modules, profile)):
        return True
    declined = () if isinstance(loaded, Unknown) else declined_modules(loaded, profile)
    if declined and "Some non-required modules failed to load" in line:
        return True
    stems = (name.removesuffix(".so") for name in declined)
    return any(form in line for stem in stems for form in (f"{stem}.c:", f"{stem}.so", f"{stem} declined"))


def by_source(lines: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Log lines (``ERROR chan_sip.c: …``) by the source file that wrote them, sorted; else ``asterisk``."""
    sources: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        found = _SOURCE.match(line)
        sources[found["source"] if found else "asterisk"].append(line)
    return {source: tuple(sources[source]) for source in sorted(sources)}
