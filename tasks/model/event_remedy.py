"""What is done of a plan that was agreed to, and undone again."""
from __future__ import annotations

from typing import Literal

from pydantic import Field

from tasks.model.case import How
from tasks.model.happened import Happened, Reported, Sentence


class ActionDone(Reported):
    """A command of the plan has been carried out on the system. ``undo`` finds what its undoing needs; None: it cannot
    be undone."""

    kind: Literal["action_done"] = "action_done"
    remediation_id: str
    summary: Sentence
    undo: str | None = Field(None, min_length=1, max_length=500)


class ActionTicked(Happened):
    """Who was to do an action by hand says that it is done. The next inspection sees whether it is."""

    kind: Literal["action_ticked"] = "action_ticked"
    remediation_id: str
    how: How
    note: str = Field("", max_length=2000)


class UndoAsked(Happened):
    kind: Literal["undo_asked"] = "undo_asked"
    remediation_id: str
    reason: Sentence


class ActionUndone(Reported):
    kind: Literal["action_undone"] = "action_undone"
    remediation_id: str
    summary: Sentence


class Remediated(Reported):
    """Every command that was approved has been carried out; ``done`` are those that were not told of one by one."""

    kind: Literal["remediated"] = "remediated"
    done: tuple[str, ...] = ()              # remediation ids
