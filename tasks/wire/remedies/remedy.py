"""What a remedy is: a command that was agreed to, looked at before, carried out behind the guards, undone if it can be.

Each other module of this folder that has a ``REMEDY`` is one; the folder is the registry (``remedies``).
"""
from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import asyncssh
from pydantic import Field

from tasks.model.finding import Finding, Frozen
from tasks.model.fleet import System
from tasks.model.preview import Preview
from tasks.model.profile import Profile
from tasks.wire.case_folder import CaseFolder


class Done(Frozen):
    """``summary`` is one sentence for the journal; ``undo`` is what the undoing is given, None: it cannot be undone."""

    summary: str = Field(min_length=1, max_length=2000)
    undo: str | None = Field(None, min_length=1, max_length=500)


@dataclass(frozen=True)
class Sight:
    """What a preview may use. ``connection`` is of the restricted credential: nothing is changed.

    ``findings`` are the open ones that ask for this remedy, ``subjects`` theirs. ``folder`` keeps bulk: a list goes
    there as a model of its own under ``list_name``, "" where nothing is to be kept.
    """

    connection: asyncssh.SSHClientConnection
    system: System
    profile: Profile
    case_id: str
    subjects: tuple[str, ...]
    findings: tuple[Finding, ...]
    folder: CaseFolder
    now: datetime
    list_name: str


@dataclass(frozen=True)
class Ground:
    """What carrying out (and undoing) may use. ``connection`` is of the change credential.

    ``action`` names this one carrying out, on the system too (``state_folder/actions/ACTION``): who comes after a run
    that died has the same name. ``still_mine`` is awaited before each batch and raises where the run must halt there;
    ``progress`` puts a line into the case's journal. ``agreed`` is the preview that the client's word rests on, None
    where nothing was counted. Every change on the system goes through ``tasks.wire.fenced``, with ``fencing_token``
    and ``machine_id``.
    """

    connection: asyncssh.SSHClientConnection
    system: System
    profile: Profile
    case_id: str
    action: str
    fencing_token: int
    machine_id: str
    subjects: tuple[str, ...]
    findings: tuple[Finding, ...]
    folder: CaseFolder
    now: datetime
    still_mine: Callable[[], Awaitable[None]]
    progress: Callable[[str], Awaitable[None]]
    agreed: Preview | None = None


@dataclass(frozen=True)
class Remedy:
    """One command. ``carry_out`` bears to be repeated after any interruption, and finds what was done before.

    Both raise UserError for what an engineer has to mend, and let asyncssh's errors through: the run then dies and
    another one takes it up. ``destroys``: carried out only on a preview that was counted and agreed to.
    """

    id: str
    preview: Callable[[Sight], Awaitable[Preview]]
    carry_out: Callable[[Ground], Awaitable[Done]]
    undo: Callable[[Ground, str], Awaitable[str]] | None = None     # given Done.undo; says what was put back
    destroys: bool = False


@cache
def remedies() -> Mapping[str, Remedy]:
    """Every remedy by its remediation's id."""
    package = importlib.import_module(__package__)
    modules = [importlib.import_module(f"{__package__}.{info.name}") for info in pkgutil.iter_modules(package.__path__)]
    found = [module.REMEDY for module in modules if hasattr(module, "REMEDY")]
    return {remedy.id: remedy for remedy in sorted(found, key=lambda remedy: remedy.id)}
