"""What clients are told, in their language: of checks, of actions, and the phrases of the notices.

English words of a check stand in its docstring, everything else in ``templates/notices/<language>/``. What a language
lacks is said in English.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from tasks.checks import all_checks
from tasks.model.check import Check
from tasks.model.finding import Finding, Outcome

DEFAULT = "en"


@dataclass(frozen=True)
class PlainWords:
    """``phrases`` are those of the notices, English ones where this language has none."""

    language: str
    phrases: Mapping[str, Any]
    _checks: Mapping[str, Mapping[str, str]]
    _actions: Mapping[str, str]
    _texts: Mapping[str, str]

    def what(self, finding: Finding) -> str:
        """What was found. A sentence that is this finding's own goes before that of its check."""
        known = _checks().get(finding.check_id)
        said = finding.client_text or (known.client_text if known else finding.summary)
        if known and said == known.client_text:
            return self.of_check(finding.check_id)
        return self._texts.get(said, said)

    def of_check(self, check_id: str) -> str:
        """What a check says when it finds something; its name where no check is called so any more."""
        known = _checks().get(check_id)
        return self._checks.get(check_id, {}).get("what") or (known.client_text if known else check_id)

    def otherwise(self, finding: Finding) -> str:
        """What happens if nothing is done about it."""
        if finding.outcome is Outcome.UNKNOWN:
            return str(self.phrases["unknown_otherwise"])
        known = _checks().get(finding.check_id)
        return self._checks.get(finding.check_id, {}).get("otherwise") or (known.otherwise if known else "")

    def action(self, remediation_id: str, text: str = "") -> str:
        """``text`` is the remediation's own, for the one that the catalogue does not know."""
        return self._actions.get(remediation_id) or text or remediation_id


@cache
def languages() -> tuple[str, ...]:
    return tuple(sorted(each.name for each in files("reports").joinpath("templates/notices").iterdir()
                        if each.is_dir() and each.name.isalpha()))


def spoken(language: str) -> str:
    """The language of ours that comes nearest: de-AT is de, and one that we do not speak is English."""
    name = language.lower().replace("_", "-").split("-")[0]
    return name if name in languages() else DEFAULT


def plain_words(language: str) -> PlainWords:
    return _words(spoken(language))


@cache
def _words(language: str) -> PlainWords:
    catalogue, english = _read(language, "catalogue"), _read(DEFAULT, "catalogue")
    return PlainWords(
        language=language,
        phrases={**_read(DEFAULT, "phrases"), **_read(language, "phrases")},
        _checks=catalogue["checks"], _actions={**english["actions"], **catalogue["actions"]},
        _texts=catalogue["texts"],
    )


def _read(language: str, name: str) -> dict[str, Any]:
    path = files("reports").joinpath(f"templates/notices/{language}/{name}.yaml")
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@cache
def _checks() -> Mapping[str, Check]:
    return {check.id: check for check in all_checks()}
