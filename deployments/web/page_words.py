"""The words of the client's page in each language, and times as people of that language write them."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).with_name("words")
DEFAULT = "en"


@cache
def languages() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def words_of(language: str) -> Mapping[str, Any]:
    """In English where the language is not one of ours."""
    name = language if language in languages() else DEFAULT
    found: Mapping[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


def asked_language(accept: str) -> str:
    """Of a browser whose contact is not known: the first of its languages, in its order, that is ours."""
    for part in accept.split(",")[:20]:
        name = part.split(";")[0].strip().lower()[:2]
        if name in languages():
            return name
    return DEFAULT


def moment_text(moment: datetime, zone: tzinfo, words: Mapping[str, Any]) -> str:
    local = moment.astimezone(zone)
    return str(words["moment"]).format(
        day=local.day, month=words["months"][local.month - 1], year=local.year, time=f"{local:%H:%M}")


def length_text(seconds: float, words: Mapping[str, Any]) -> str:
    """A length of time, rounded up to minutes: nobody is promised less than it takes."""
    minutes = max(1, -(-round(seconds) // 60))
    hours, rest = divmod(minutes, 60)
    parts = [words["hours"].format(hours) if hours else "", words["minutes"].format(rest) if rest else ""]
    return " ".join(part for part in parts if part)
