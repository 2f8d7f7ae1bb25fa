"""The story of a case for its client: what happened, in plain words; nothing of runs, guards and engineers' notes."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from deployments.web.page_words import moment_text
from reports.text import one_line
from tasks.model import event as e
from tasks.model.ledger import JournalEntry


@dataclass(frozen=True, slots=True)
class Line:
    when: str
    text: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Teller:
    """``action`` gives the words of a remediation id, ``engineer`` the full name of one."""

    words: Mapping[str, Any]
    zone: ZoneInfo
    action: Callable[[str], str]
    engineer: Callable[[str], str]

    def story(self, entries: Iterable[JournalEntry]) -> Iterator[Line]:
        for entry in entries:
            try:
                event = e.EVENTS.validate_python({**entry.body, "at": entry.at, "by": entry.by, "kind": entry.kind})
            except ValidationError:
                continue                # written by a later version; the engineer's journal shows it
            if entry.kind in self.words["events"]:
                yield Line(moment_text(event.at, self.zone, self.words), self._text(event), self._details(event))

    def _text(self, event: e.Event) -> str:
        told = self.words["events"][event.kind].format(**self._values(event))
        return one_line(told)

    def _values(self, event: e.Event) -> dict[str, str]:
        values = {"by": event.by.partition(" <")[0]}
        match event:
            case e.Opened():
                values |= {"order": event.order_ref, "target": str(event.target)}
            case e.Assigned():
                values |= {"engineer": self.engineer(event.engineer)}
            case e.ActionDone() | e.ActionTicked() | e.UndoAsked() | e.ActionUndone():
                values |= {"action": self.action(event.remediation_id)}
            case e.Declined():
                values |= {"reason": event.reason}
            case e.Confirmed():
                values |= {"window": moment_text(event.window.starts_at, self.zone, self.words)}
            case e.UpgradeFinished() | e.RevertDone():
                values |= {"release": str(event.release)}
            case e.ClientSaid():
                values |= {"text": event.text}
            case _:
                pass
        return values

    def _details(self, event: e.Event) -> tuple[str, ...]:
        if not isinstance(event, e.Approved):
            return ()
        events = self.words["events"]
        return tuple(
            one_line(events["decision_yes" if each.approved else "decision_no"].format(
                action=self.action(each.remediation_id)) + (f" ({each.reason})" if each.reason else ""))
            for each in event.decisions
        )
