"""What the page's JavaScript reads: the systems as compact JSON that no text in it can break out of."""
from __future__ import annotations

import json
from typing import Any

from reports.system_view import FACTS, FindingView, SystemView
from reports.views import FleetView
from reports.words import VERDICTS, check_title

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def embedded_json(view: FleetView) -> str:
    """JSON for a ``<script type="application/json">``: without ``<``, ``>`` and ``&``, so it cannot end its element.

    Texts that many systems share (checks, steps, facts) stand once and are named by their number.
    """
    pool = _Pool()
    data = {
        "verdicts": [[verdict.value, words.label, words.sign] for verdict, words in VERDICTS.items()],
        "facts": FACTS,
        "checks": {text.check_id: [text.reason, text.remedy] for text in view.texts.values()},
        "systems": [_system(system, pool) for system in view.systems],
        "texts": pool.texts,
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return text


class _Pool:
    """Numbers for texts, in the order of their first use."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}

    @property
    def texts(self) -> list[str]:
        return list(self._number)

    def __call__(self, text: str) -> int:
        return self._number.setdefault(text, len(self._number))


def _system(system: SystemView, pool: _Pool) -> list[Any]:
    return [
        system.id,
        system.client,
        list(VERDICTS).index(system.verdict),
        [[cell.text, cell.note, cell.exact, cell.sort] for cell in system.cells],
        pool(system.reason),
        [pool(fact) for fact in system.facts],
        [_finding(finding, pool) for finding in system.findings],
        pool(system.passed),
    ]


def _finding(finding: FindingView, pool: _Pool) -> list[Any]:
    return [
        pool(finding.check_id),
        pool(check_title(finding.check_id)),
        pool(finding.subject),
        pool(finding.outcome),
        pool(finding.severity),
        pool(finding.label),
        int(finding.blocking),
        pool(finding.summary),
        [pool(text) for text in (finding.measured, finding.measured_exact, finding.threshold, finding.threshold_exact)],
        [[pool(step.text), pool(step.terms)] for step in finding.steps],
        pool(finding.waiver),
    ]
