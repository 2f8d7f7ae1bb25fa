"""What of a case's journal its engineer is told at once, in one sentence each. Pure."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tasks.model.ledger import JournalEntry

Body = Mapping[str, Any]
_SAY: Mapping[str, Callable[[Body], str]] = {
    "client_said": lambda body: f"The client writes: {body.get('text')}",
    "declined": lambda body: f"The client declines the plan: {body.get('reason')}",
    "step_failed": lambda body: f"{body.get('reason')}; {body.get('remedy')}",
    "needs_engineer": lambda body: f"{body.get('reason')}; {body.get('remedy')}",
    "upgrade_refused": lambda body: f"The guards refused the upgrade: {' '.join(body.get('refusals') or ())}",
    "upgrade_failed": lambda body: f"The upgrade failed at {body.get('stage')}: {body.get('reason')}",
    "tests_failed": lambda body: f"The tests failed: {body.get('summary')}",
    "revert_requested": lambda body: f"The client asks for the way back: {body.get('reason')}",
    "window_missed": lambda body: str(body.get("reason")),
    "bounced": lambda body: f"The notice to {body.get('recipient')} came back: {body.get('reason')}"
    if body.get("reaches_nobody") else "",
}
KINDS = tuple(_SAY)


def news(entry: JournalEntry) -> str:
    """What the engineer is told of an entry; "" where nothing."""
    say = _SAY.get(entry.kind)
    return say(entry.body) if say else ""
