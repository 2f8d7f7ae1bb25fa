"""What lies beside a case that its page needs: the findings of an inspection, the plan of a link, names of people."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict

from tasks.model.errors import UserError
from tasks.model.finding import Finding
from tasks.model.ledger import JournalEntry
from tasks.model.plan import Plan
from tasks.wire.case_folder import CaseFolder
from tasks.wire.engineers import load_engineers


class _Kept(BaseModel):
    """Of what an inspection brought home, what a client is shown."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    findings: tuple[Finding, ...]
    plan: Plan


class CaseSite:
    """One request's look at one case's folder; each file is read once."""

    def __init__(self, home: Path, case_id: str) -> None:
        self._home, self._folder = home, CaseFolder(home, case_id)
        self._read: dict[str, _Kept | None] = {}

    def findings(self, ref: str | None) -> tuple[Finding, ...]:
        kept = self._kept(ref)
        return kept.findings if kept else ()

    def plan_of(self, digest: str, entries: Iterable[JournalEntry]) -> tuple[Plan, tuple[Finding, ...]] | None:
        """The plan of this digest with its findings, as some inspection of the case made it."""
        for entry in entries:
            if entry.kind == "inspected":
                plan = Plan.model_validate(entry.body["plan"])
                if plan.digest == digest:
                    return plan, self.findings(str(entry.body["findings_ref"]))
        return None

    def action_words(self, wanted: Iterable[str], entries: Iterable[JournalEntry]) -> dict[str, str]:
        """What the remediations of these ids do, from the newest inspection that asked for them."""
        missing, found = set(wanted), dict[str, str]()
        refs = [str(entry.body["findings_ref"]) for entry in entries if entry.kind == "inspected"]
        for ref in dict.fromkeys(reversed(refs)):
            if not missing:
                break
            for finding in self.findings(ref):
                for step in finding.remediations:
                    if step.id in missing:
                        found[step.id] = step.text
                        missing.discard(step.id)
        return found

    def engineer(self, name: str) -> str:
        """The full name of an engineer, where the site tells it."""
        try:
            known = load_engineers(self._home).named(name)
        except UserError:
            return name                 # the engineers' own commands tell what is wrong in that file
        return known.full_name if known else name

    def _kept(self, ref: str | None) -> _Kept | None:
        """None where it is not there: removed at its deadline, or of another UPLIFT_HOME."""
        name = PurePosixPath(ref or "").stem
        if name not in self._read:
            self._read[name] = self._folder.load(name, _Kept) if name and self._folder.has(name) else None
        return self._read[name]
