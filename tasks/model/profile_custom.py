"""What an upgrade does to a site's own files: data of a site, because no vendor documents it."""
from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints, field_validator

from tasks.model.facts import CustomKind
from tasks.model.finding import Confidence
from tasks.model.section import AbsolutePath, Section

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Effect(StrEnum):
    LOST = "lost"                   # its folder is replaced, and it is not in the new one
    OVERWRITTEN = "overwritten"     # the vendor's own file, edited: the new release brings its own again
    BREAKS = "breaks"               # it stays, and uses what the new release does not have
    SURVIVES = "survives"


class Fate(Section):
    """What happens to files of these kinds (all, where none is named) under a folder (anywhere, where none is)."""

    kinds: tuple[CustomKind, ...] = ()
    under: AbsolutePath = "/"
    effect: Effect
    confidence: Confidence | None = None        # None: known

    def concerns(self, path: str, kinds: frozenset[CustomKind]) -> bool:
        inside = self.under == "/" or path == self.under or path.startswith(self.under.rstrip("/") + "/")
        return inside and (not self.kinds or bool(kinds & set(self.kinds)))


_LIKELY = Confidence.LIKELY
_TREE = "/opt/pbxware/pw"


class Custom(Section):
    """The first fate that concerns a file is its own. ``vendor_digests``: files of the vendor that only look custom.

    ``manifests`` are files in the form of ``sha256sum``, beside the profile, whose digests are added to them.
    """

    fates: tuple[Fate, ...] = (
        Fate(kinds=(CustomKind.STYLESHEET,), under=_TREE, effect=Effect.OVERWRITTEN, confidence=_LIKELY),
        Fate(kinds=(CustomKind.INCLUDE, CustomKind.SOUNDS), effect=Effect.SURVIVES, confidence=_LIKELY),
        Fate(under=_TREE, effect=Effect.LOST, confidence=_LIKELY),
        Fate(effect=Effect.SURVIVES, confidence=_LIKELY),
    )
    vendor_digests: tuple[Sha256, ...] = ()
    manifests: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")], ...] = ()

    @field_validator("vendor_digests")
    @classmethod
    def _each_once_in_order(cls, digests: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(digests)))
