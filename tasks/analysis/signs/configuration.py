"""Digests, modes and owners of configuration and of the client's own scripts: a restore may change settings, or lose
the bits that make a script run.
"""
from __future__ import annotations

import re
import shlex

from tasks.model.answer import Answer
from tasks.model.fact import Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import sections
from tasks.model.snapshot import Scalar

_DIGEST = re.compile(r"^([0-9a-f]{64}) [ *](/.+)$")
_MODE = re.compile(r"^([0-7]{3,4}) (\d+:\d+) (/.+)$")


def ask(profile: Profile) -> str:
    paths = profile.paths
    places = shlex.join((paths.asterisk_etc, paths.settings, *paths.custom_scripts, *paths.cron))
    each = f"find {places} -xdev -type f -size -2048k -exec"
    return (
        f"echo --digests--; {each} sha256sum {{}} + 2>/dev/null; "
        f"echo --modes--; {each} stat -c '%a %u:%g %n' {{}} + 2>/dev/null"
    )


def parse(answer: Answer) -> dict[str, Scalar]:
    """Path -> ``mode owner digest``, the digest's first 16 hex digits."""
    told = sections(answer)
    modes = {found[3]: f"{found[1]} {found[2]}" for line in told.get("modes", []) if (found := _MODE.match(line))}
    digests = {found[2]: found[1] for line in told.get("digests", []) if (found := _DIGEST.match(line))}
    if not digests:
        raise Unreadable("expected digests of configuration files, got none")
    return {path: f"{modes.get(path, 'mode unknown')} {digest[:16]}" for path, digest in digests.items()}
