"""Whether a check applies to a system: by what is dropped or demanded on the hop, by a crossed release, by edition."""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import Check
from tasks.model.fact import Unknown
from tasks.model.facts import Edition
from tasks.model.profile import Profile, ReleaseEntry
from tasks.model.release import Hop, Release


def why_not(
    check: Check, profile: Profile, hop: Hop | Unknown, edition: Edition, target: Release
) -> str | Unknown | None:
    """None where the check applies, else the reason; Unknown where that hangs on a release that could not be told.

    A release above the target is never entered, whatever runs now, so that what only such a one drops needs no hop.
    """
    if edition not in check.editions:
        return f"only for {', '.join(sorted(check.editions))}; this system is {edition}"
    if not bound(check):
        return None
    releases = tuple(binding(check, profile))
    if not any(release <= target for release in releases):
        return f"no release up to {target} {_does(check)}"
    if isinstance(hop, Unknown):
        return Unknown(hop.fact, f"whether it applies hangs on the running release; {hop.fact}: {hop.reason}")
    if not any(hop.crosses(release) for release in releases):
        return f"no release from {hop.source} to {hop.target} {_does(check)}"
    return None


def bound(check: Check) -> bool:
    """Whether a check is bound to releases at all."""
    return bool(check.drops or check.demands or check.crossing)


def binding(check: Check, profile: Profile) -> Iterator[Release]:
    """The releases that make the check apply when they are entered."""
    for entry in profile.releases:
        if _binds(check, entry):
            yield entry.version
    if check.crossing:
        yield check.crossing


def _binds(check: Check, entry: ReleaseEntry) -> bool:
    return bool(entry.drops & set(check.drops) or entry.demands & set(check.demands))


def _does(check: Check) -> str:
    words = [f"drops {' or '.join(check.drops)}"] if check.drops else []
    words += [f"demands {' or '.join(check.demands)}"] if check.demands else []
    words += [f"is {check.crossing}"] if check.crossing else []
    return " or ".join(words)
