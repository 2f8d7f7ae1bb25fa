"""What becomes of each of a site's own files in an upgrade: one fate a file, so that one check tells of it."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from tasks.model.fact import Unknown
from tasks.model.facts import CustomFile, CustomFiles, CustomKind
from tasks.model.finding import Confidence
from tasks.model.profile import Profile
from tasks.model.profile_custom import Effect
from tasks.model.release import Hop

KINDS = {
    CustomKind.PLAIN_PHP: "plain PHP among the vendor's encoded files",
    CustomKind.SCRIPT: "a script of the site's own",
    CustomKind.CRON: "a program that the site's cron runs",
    CustomKind.STYLESHEET: "a changed style sheet or picture of the web pages",
    CustomKind.AGI: "an AGI script of the site's own",
    CustomKind.BOOT: "started with the outer system",
    CustomKind.INCLUDE: "Asterisk configuration of the site's own",
    CustomKind.SOUNDS: "sounds younger than the release",
}
USED = {
    "chan_sip": "chan_sip's commands or channels", "app_macro": "the dialplan's Macro",
    "php_mysql": "PHP's mysql_ functions", "database": "the database",
}


@dataclass(frozen=True, slots=True)
class Fated:
    """``effect`` None: the profile does not say. ``breaks``: what it uses and the new release does not have, in words.

    ``confidence`` is that of the effect.
    """

    path: str
    said: str                   # the path with what the file is, one sentence for an engineer
    effect: Effect | None
    confidence: Confidence | None
    breaks: tuple[str, ...]


def fated(custom: CustomFiles, profile: Profile, hop: Hop | Unknown) -> Iterator[Fated]:
    """Each file once, whatever it is found as; those whose digest is the vendor's are left out.

    Without a hop nothing is known of what breaks.
    """
    vendor = frozenset(profile.custom.vendor_digests)
    ordered = sorted(custom.files, key=lambda file: file.path)
    for path, group in groupby(ordered, key=lambda file: file.path):
        files = tuple(sorted(group, key=lambda file: file.kind))
        if not vendor & {file.digest for file in files}:
            yield _fated(path, files, profile, hop)


def _fated(path: str, files: tuple[CustomFile, ...], profile: Profile, hop: Hop | Unknown) -> Fated:
    kinds = frozenset(file.kind for file in files)
    fate = next((one for one in profile.custom.fates if one.concerns(path, kinds)), None)
    effect, confidence = (fate.effect, fate.confidence) if fate else (None, None)
    broken, sure = _broken({use for file in files for use in file.uses}, profile, hop)
    if broken and effect is Effect.SURVIVES:
        effect, confidence = Effect.BREAKS, Confidence.LIKELY if sure else Confidence.GUESS
    return Fated(path, f"{path}: {_described(files)}", effect, confidence, broken)


def _broken(uses: set[str], profile: Profile, hop: Hop | Unknown) -> tuple[tuple[str, ...], bool]:
    """What of it the hop takes away, and whether the profile says so: majors change the database (vendor's word)."""
    if isinstance(hop, Unknown):
        return (), False
    dropped = {word for entry in profile.entered(hop) for word in entry.drops}
    gone = [f"uses {USED[use]}, dropped on the way to {hop.target}" for use in sorted(uses & dropped) if use in USED]
    majors = hop.source.numbers[0] != hop.target.numbers[0]
    changed = ["uses the database, which majors change"] if "database" in uses and majors else []
    return (*gone, *changed), bool(gone)


def _described(files: tuple[CustomFile, ...]) -> str:
    kinds = ", ".join(f"{file.count} {KINDS[file.kind]}" if file.count > 1 else KINDS[file.kind] for file in files)
    changed = next((f", changed on {file.changed_on}" for file in files if file.changed_on), "")
    return kinds + changed
