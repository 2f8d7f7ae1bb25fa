"""Whether a host key that a system shows may be recorded: only on an operator's word. Pure."""
from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from tasks.model.errors import UserError

FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


class State(StrEnum):
    KNOWN = "known"                 # it shows the recorded key
    NEW = "new"                     # none is recorded, and nobody vouched for this one
    CONFIRMED = "confirmed"         # none was recorded, and the operator vouched for this one
    CHANGED = "changed"             # another is recorded
    REPLACED = "replaced"           # another was recorded, and the operator vouched for this one by name
    MISMATCH = "mismatch"           # the operator vouched for another than it shows
    SILENT = "silent"               # it showed none


@dataclass(frozen=True)
class Key:
    """The key that a system shows, by its fingerprint (None: it showed none)."""

    system_id: str
    host: str
    port: int
    fingerprint: str | None


@dataclass(frozen=True)
class Word:
    """What an operator vouches for: fingerprints of any system, fingerprints by (host, port), and whose key changed."""

    accepted: frozenset[str]
    listed: dict[tuple[str, int], frozenset[str]]
    replaced: frozenset[str]

    def check(self, system_ids: set[str]) -> None:
        """Raise UserError for a word that means nothing."""
        for text in sorted(self.accepted):
            if not FINGERPRINT.fullmatch(text):
                message = f"--accept {text[:60]!r} is not a fingerprint"
                raise UserError("bad_fingerprint", message, "write it like `ssh-keygen -l` does: SHA256:…")
        for system_id in sorted(self.replaced - system_ids):
            raise UserError("unknown_system", f"--replace {system_id!r} is none of the systems", "correct the id")

    def vouches_for(self, key: Key) -> bool:
        return key.fingerprint in self.accepted or key.fingerprint in self._of(key)

    def contradicts(self, key: Key) -> bool:
        """The operator wrote down another fingerprint for this very address."""
        return bool(self._of(key)) and key.fingerprint not in self._of(key)

    def _of(self, key: Key) -> frozenset[str]:
        return self.listed.get((key.host.lower(), key.port), frozenset())


def judge_key(key: Key, recorded: tuple[str, ...], word: Word) -> tuple[State, str]:
    """What becomes of a shown key, and why in one sentence. A changed key is never replaced by a general word."""
    if key.fingerprint is None:
        return State.SILENT, "it showed no key"
    if word.contradicts(key):
        return State.MISMATCH, "your file names another fingerprint for this address; find out why before you go on"
    if key.fingerprint in recorded:
        return State.KNOWN, ""
    if recorded:
        if key.system_id in word.replaced and word.vouches_for(key):
            return State.REPLACED, f"was {', '.join(recorded)}"
        remedy = f"once verified, add --replace {key.system_id} --accept {key.fingerprint}"
        return State.CHANGED, f"recorded is {', '.join(recorded)}; {remedy}"
    if word.vouches_for(key):
        return State.CONFIRMED, "recorded on your word"
    return State.NEW, "not recorded; verify it at the system's console, then --accept it or say yes at a terminal"


def read_fingerprints(text: str, file: str) -> dict[tuple[str, int], frozenset[str]]:
    """Lines ``host:port SHA256:…`` (# begins a comment). Raises UserError with the line that is not one."""
    found: dict[tuple[str, int], frozenset[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        host, _, port = words[0].rpartition(":")
        if len(words) != 2 or not host or not port.isdecimal() or not FINGERPRINT.fullmatch(words[1]):
            message = f"{file}:{number} is not `host:port SHA256:…`"
            raise UserError("bad_fingerprint", message, "correct the line")
        address = (host.strip("[]").lower(), int(port))
        found[address] = found.get(address, frozenset()) | {words[1]}
    return found
