"""What passes between Uplift and the client: notices, their fate, and the client's word."""
from __future__ import annotations

from typing import Literal

from tasks.model.case import Decision, How
from tasks.model.happened import Happened, Reported, Sentence


class Notified(Reported):
    kind: Literal["notified"] = "notified"
    message_ids: tuple[str, ...] = ()


class Delivered(Happened):
    """The notice has left Uplift and was taken by the client's side, or the engineer told the client himself."""

    kind: Literal["delivered"] = "delivered"


class Bounced(Happened):
    """A message came back. ``reaches_nobody``: none of the client's contacts was reached by it."""

    kind: Literal["bounced"] = "bounced"
    message_id: str
    recipient: str
    reason: Sentence
    reaches_nobody: bool = False


class Reminded(Happened):
    """The client was reminded of what the case waits for; ``escalated``: its engineer was told of the silence."""

    kind: Literal["reminded"] = "reminded"
    message_ids: tuple[str, ...]
    escalated: bool = False


class ClientSaid(Happened):
    """A client's words, by page or mail, for the engineer to read. They decide nothing."""

    kind: Literal["client_said"] = "client_said"
    how: How
    text: Sentence


class Approved(Happened):
    """``digest`` is of the plan that the client was shown; ``decisions`` has one for each action that needs one."""

    kind: Literal["approved"] = "approved"
    digest: str
    how: How
    decisions: tuple[Decision, ...] = ()


class Declined(Happened):
    kind: Literal["declined"] = "declined"
    digest: str
    how: How
    reason: Sentence
