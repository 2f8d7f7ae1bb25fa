"""PBXware releases: Major.Minor.Micro (vendor's documentation), in the three spellings seen in the wild."""
from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_RELEASE = re.compile(
    r"(?:^|PBXware\s+)v?(?P<numbers>\d+(?:\.\d+){1,3})(?:\s+\((?P<build>[0-9a-f]{6,40})\))?\s*$", re.IGNORECASE
)


@total_ordering
@dataclass(frozen=True, slots=True)
class Release:
    """A release with its numbers padded to four (``6.7.3`` is ``6.7.3.0``) and, where it was told, its build.

    Builds take no part in comparisons: they are hashes and have no order.
    """

    numbers: tuple[int, int, int, int]
    build: str | None = None

    @classmethod
    def parse(cls, text: str) -> Release:
        """Read ``// Bicomsystems PBXware v6.0.1.0 (cd7e9ac3)``, ``8.1 (a35a9165)`` or ``8.2.0.0 ``.

        Raises ValueError when the text is none of them.
        """
        found = _RELEASE.search(text.strip())
        if not found:
            raise ValueError(f"not a PBXware release: {text.strip()[:60]!r}; write it like 7.2.0")
        parts = [int(part) for part in found["numbers"].split(".")]
        padded = (*parts, 0, 0, 0)[:4]
        return cls((padded[0], padded[1], padded[2], padded[3]), found["build"])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Release) and self.numbers == other.numbers

    def __hash__(self) -> int:
        return hash(self.numbers)

    def __lt__(self, other: Release) -> bool:
        return self.numbers < other.numbers

    def __str__(self) -> str:
        numbers = self.numbers if self.numbers[3] else self.numbers[:3]
        return ".".join(map(str, numbers))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object) -> Release:
            if isinstance(value, float):  # YAML reads 8.10 as 8.1
                raise ValueError(f'a release is text, not a number; quote it: "{value}"')
            return value if isinstance(value, Release) else cls.parse(str(value))

        return core_schema.no_info_plain_validator_function(
            read,
            serialization=core_schema.plain_serializer_function_ser_schema(str),
            json_schema_input_schema=core_schema.str_schema(pattern=r"^v?\d+(\.\d+){1,3}$"),
        )


@dataclass(frozen=True, slots=True)
class Hop:
    """One upgrade from the release that runs to the release that is wanted."""

    source: Release
    target: Release

    def crosses(self, version: Release) -> bool:
        """Whether this hop enters ``version``: source below it, target at or above it."""
        return self.source < version <= self.target
