"""An upgrade on a client's system as it is seen from outside: what was found there, and the state that follows."""
from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from tasks.model.finding import Frozen
from tasks.model.release import Release

# A folder's name on the system and a word of the upgrader's command.
RunId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9:._-]{0,119}$")]


class Schema(StrEnum):
    """How far the table of calls is altered."""

    OLD = "old"
    HALF = "half"
    NEW = "new"
    ALTERING = "altering"           # a statement that alters it runs on the database server now
    UNKNOWN = "unknown"


class Fence(Frozen):
    """The mark that a launch lays on a system, and whose it is. ``run_id`` is "" where it was cut short."""

    run_id: str = ""
    case_id: str = ""
    fencing_token: int | None = None
    machine_id: str = ""

    def __str__(self) -> str:
        return f"the run {self.run_id or '(unnamed)'} of the case {self.case_id or '(unnamed)'}"


class Launch(Frozen):
    """``launches`` counts how often the upgrader was started for this run: 1, and one more for each resume.

    ``found`` says that an earlier launch was found, and nothing was started now.
    """

    run_id: str
    launches: int
    found: bool


class Evidence(Frozen):
    """What was read of one run on the system, in an order in which nothing can change between cause and effect.

    None is: not there, or could not be told; ``gap`` says why nothing at all could be told.
    """

    gap: str = ""
    fence: Fence | None = None              # the one that stands, whosever it is
    started: bool = False                   # the runner has begun this run
    launches: int = 0
    runner_lock: bool | None = None         # whether the runner's lock is held
    session_alive: bool | None = None       # whether any process of the launched session lives
    exit_code: int | None = None            # as the runner has written it
    stage: str | None = None                # the last that began
    stage_s: float | None = None            # for so long
    heartbeat_age_s: float | None = None    # by the kernel's uptime, whatever the clocks say
    platform_lock: bool | None = None
    platform_exit: int | None = None        # as the platform's upgrader has written it
    schema_state: Schema = Schema.UNKNOWN
    temporary_tables: int | None = None     # files of an ALTER in the database's folder; none proves nothing
    release: Release | None = None          # of the tree that is in place
    asterisk: str | None = None             # that runs


class NotStarted(Frozen):
    """``fenced``: the launch was cut short after its fence; launching again with the same run finishes it.

    ``platform_busy``: the platform's upgrader runs all the same, and Uplift did not start it.
    """

    kind: Literal["not_started"] = "not_started"
    fenced: bool = False
    platform_busy: bool = False


class Running(Frozen):
    """``since_s``: how long in this stage. ``runner_gone``: the upgrader goes on without Uplift's runner."""

    kind: Literal["running"] = "running"
    stage: str | None
    since_s: float | None = None
    heartbeat_age_s: float | None = None
    runner_gone: bool = False


class Exited(Frozen):
    kind: Literal["exited"] = "exited"
    code: int
    stage: str | None


class Died(Frozen):
    """It began, it left no exit code, and nothing of it works any more."""

    kind: Literal["died"] = "died"
    stage: str | None


class Untold(Frozen):
    """Could not tell: not a reason to do anything but to ask again."""

    kind: Literal["untold"] = "untold"
    reason: str


UpgradeState = Annotated[NotStarted | Running | Exited | Died | Untold, Field(discriminator="kind")]


class UpgradeStatus(Frozen):
    run_id: str
    state: UpgradeState
    evidence: Evidence

    @property
    def migration_running(self) -> bool | None:
        """For the guard of every change; None where it could not be told."""
        match self.state:
            case Running():
                return True
            case Untold():
                return None
            case NotStarted(platform_busy=True):
                return True
        return self.evidence.platform_lock is True or self.evidence.schema_state is Schema.ALTERING

    @property
    def over(self) -> bool:
        return isinstance(self.state, Exited | Died)


class StageMark(Frozen):
    """A stage as the runner's journal on the system has it: the moment is by the system's clock."""

    stage: str
    at: datetime
    uptime_s: float


class Progress(Frozen):
    """What is new since the last look. ``offset`` is where the log is read on, also by another process.

    ``lost`` says why the system was not reached; the state is then Untold.
    """

    status: UpgradeStatus
    lines: tuple[str, ...] = ()
    stages: tuple[StageMark, ...] = ()          # all of them so far
    offset: int = 0
    lost: str | None = None
