"""What SERVERware says of its VPSes, clones and pool. Nothing here can hold a secret of a record."""
from __future__ import annotations

from enum import StrEnum

from tasks.model.errors import UserError
from tasks.model.finding import Frozen, Quantity
from tasks.model.moment import Moment
from tasks.model.release import Release


class VpsState(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    OTHER = "other"             # a word that the profile does not know; ``Vps.state_told`` has it


class TaskEnd(StrEnum):
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"     # SERVERware itself went down while it ran: done in part, or not at all


class TaskReport(Frozen):
    """The task that runs on a VPS or was the last to run. ``end`` is None while it runs."""

    id: str
    action: str
    end: TaskEnd | None = None
    error: str = ""


class Vps(Frozen):
    """``task`` is what SERVERware does to it now. ``origin`` is the id of its original where it is a clone.

    ``memory_told`` is as SERVERware writes it: its unit is not documented.
    """

    id: str
    name: str
    engine: str
    state: VpsState
    state_told: str
    task: str | None = None
    host_id: str | None = None
    memory_told: str | None = None
    release: Release | None = None
    origin: str | None = None
    last_task: TaskReport | None = None


class CloneRef(Frozen):
    """A clone: a VPS of its own. ``of`` is the id of its original, ``label`` the name that it was made under.

    ``complete``: it is whole and no task works on it. ``size_bytes`` is None where SERVERware does not tell it.
    """

    id: str
    of: str
    label: str
    state: VpsState
    task: str | None
    complete: bool
    size_bytes: int | None
    taken_at: Moment | None

    @property
    def evidence(self) -> str:
        """One line for a backup's proof."""
        size = f", {Quantity(value=self.size_bytes, unit='bytes')}" if self.size_bytes is not None else ""
        made = f", made {self.taken_at:%Y-%m-%d %H:%M:%S} UTC" if self.taken_at else ""
        return f"SERVERware clone {self.label} of VPS {self.of} (VPS {self.id}{size}{made})"


class Host(Frozen):
    id: str
    name: str


class Pool(Frozen):
    size_bytes: int
    free_bytes: int


class Trouble(StrEnum):
    """Why SERVERware did not do what was asked, or why it was not asked."""

    NOT_CONFIGURED = "serverware_not_configured"    # the profile or the fleet file says nothing of it
    ACTION_UNKNOWN = "serverware_action_unknown"    # the profile does not name this action
    UNREACHABLE = "serverware_unreachable"
    CERTIFICATE = "serverware_certificate"          # not the one that was recorded; nothing was sent
    TOKEN_REFUSED = "serverware_token_refused"      # noqa: S105
    NOT_FOUND = "serverware_not_found"
    BAD_ANSWER = "serverware_bad_answer"
    REFUSED = "serverware_refused"                  # it said no, and nothing was done
    BUSY = "serverware_busy"                        # another task works on this VPS
    PRECONDITION = "serverware_precondition"        # something does not hold; nothing was touched
    TASK_FAILED = "serverware_task_failed"
    TASK_GOES_ON = "serverware_task_goes_on"        # Uplift has stopped waiting; the task has not ended
    OUTCOME_UNKNOWN = "serverware_outcome_unknown"  # asked, and neither answer nor record tells whether it was heard


class ServerwareError(UserError):
    """One sentence of what is wrong and what to do. ``trouble`` is for programs."""

    def __init__(self, trouble: Trouble, message: str, remedy: str) -> None:
        super().__init__(trouble.value, message, remedy)
        self.trouble = trouble

    @property
    def may_have_changed_something(self) -> bool:
        return self.trouble in (Trouble.TASK_FAILED, Trouble.TASK_GOES_ON, Trouble.OUTCOME_UNKNOWN)
