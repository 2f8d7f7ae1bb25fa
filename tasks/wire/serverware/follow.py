"""Whether an action that was sent has happened, told from records read afterwards."""
from __future__ import annotations

from collections.abc import Callable

from tasks.model.serverware import TaskReport, Vps, VpsState
from tasks.wire.serverware.calls import Heard


class Trace:
    """What the records of a VPS show of one action since it was sent.

    ``task`` is the action's name in a record; where it is None or was not seen, only SERVERware's answer, or a state
    (``wanted``) that was not there before, tells that the action happened. Somebody else's task is never taken for it.
    """

    def __init__(
        self, before: Vps, heard: Heard, task: str | None, wanted: VpsState | None, clock: Callable[[], float],
        settle_s: float,
    ) -> None:
        self.heard = heard
        self._before, self._task, self._wanted = before, task, wanted
        self._clock, self._until, self._seen = clock, clock() + settle_s, False

    def over(self, vps: Vps) -> bool:
        """Whether nothing more is to be expected: its task has come and gone, or never came within its time."""
        self._seen = self._seen or self._shows(vps)
        ended = self._seen and self.report(vps) is not None
        return vps.task is None and (ended or self._clock() >= self._until)

    def happened(self, vps: Vps) -> bool:
        """Whether the action is known to have been begun; ``vps`` is the record as it was last read."""
        brought_about = vps.state is self._wanted and self._before.state is not self._wanted
        return self.heard.surely or self._seen or brought_about

    def report(self, vps: Vps) -> TaskReport | None:
        """SERVERware's own word on how this action ended; None where it has none."""
        told = vps.last_task
        if told is None or told == self._before.last_task or self._of_another(told):
            return None
        return told if told.end is not None else None

    def _shows(self, vps: Vps) -> bool:
        if self._task is None:
            return False
        return vps.task == self._task or (
            vps.last_task is not None and vps.last_task != self._before.last_task
            and vps.last_task.action == self._task
        )

    def _of_another(self, told: TaskReport) -> bool:
        return self._task is not None and told.action != self._task
