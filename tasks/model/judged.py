"""One system of a sweep after judging."""
from __future__ import annotations

from dataclasses import dataclass

from tasks.model.answer import Contact
from tasks.model.fact import Known
from tasks.model.finding import Finding, Verdict
from tasks.model.fleet import System
from tasks.model.release import Hop


@dataclass(frozen=True)
class Judged:
    """``hop`` is None where the running release could not be told. ``remarks``: waivers that did not count, and why."""

    system: System
    contact: Contact
    known: Known
    findings: tuple[Finding, ...]
    verdict: Verdict
    hop: Hop | None
    remarks: tuple[str, ...] = ()
