"""Begin, continue and end a sweep's folder."""
from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from reports.brief import require_pdf
from tasks.model.errors import UserError
from tasks.model.fleet import System
from tasks.model.profile import Profile
from tasks.model.sweep import Excluded, SweepOptions, SweepPlan, Target
from tasks.rules.select import select
from tasks.wire.credentials import Credentials
from tasks.wire.fleet_file import load_fleet
from tasks.wire.home import Home
from tasks.wire.profile_file import profile_for
from tasks.wire.sweep_folder import SweepFolder

on_planned: ContextVar[Callable[[int], None] | None] = ContextVar("on_planned", default=None)
"""Called with the number of systems that are still to be visited, for a progress bar in the same process."""


def sweep_directory(out: str | None, home: Path) -> SweepFolder:
    """The folder that was named, or a new one of this moment under UPLIFT_HOME/sweeps."""
    named = Path(out) if out else home / "sweeps" / datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    return SweepFolder(named, home)


def open_sweep(
    folder: SweepFolder, fleet_file: Path, options: SweepOptions, home: Path, *, resume: bool
) -> tuple[SweepPlan, tuple[Target, ...]]:
    """Plan a new sweep, or take up the one that the folder holds (its own plan and systems count, not today's file)."""
    require_pdf()
    if resume and not folder.exists:
        message = f"{folder.path} holds no sweep to go on with"
        raise UserError("no_sweep", message, "name the interrupted sweep with --out, or leave out --resume")
    plan, targets = (
        _taken_up(folder, options, home, resume=resume)
        if folder.exists
        else _planned(folder, fleet_file, options, home)
    )
    if (planned := on_planned.get()) is not None:
        planned(plan.systems - sum(len(folder.recorded(shard)) for shard in range(plan.shards)))
    return plan, targets


def _planned(
    folder: SweepFolder, fleet_file: Path, options: SweepOptions, home: Path
) -> tuple[SweepPlan, tuple[Target, ...]]:
    fleet = load_fleet(fleet_file, home=home)
    chosen = select(fleet, options.select) if options.select else fleet.systems
    targets, profiles = _with_profiles(chosen, home)
    _check_credentials(targets, home)       # before anything is written
    ids = {system.id for system in chosen}
    now = datetime.now(UTC)
    plan = SweepPlan(
        sweep_id=now.strftime("%Y%m%dT%H%M%SZ") + f"-{options.target}",
        started_at=now,
        options=options,
        fleet_file=str(fleet_file.resolve()),
        systems=len(targets),
        excluded=tuple(
            Excluded(system_id=system.id, reason=f"not selected by {options.select}")
            for system in fleet.systems
            if system.id not in ids
        ),
        profiles=profiles,
        uplift_version=version("pbxware-uplift"),
    )
    folder.create(plan, targets)
    return plan, targets


def finish_sweep(folder: SweepFolder, plan: SweepPlan) -> None:
    """Note the end in the plan; a sweep that was complete before keeps its first end."""
    if plan.finished_at is None:
        folder.save(plan.model_copy(update={"finished_at": datetime.now(UTC)}))


def _taken_up(
    folder: SweepFolder, options: SweepOptions, home: Path, *, resume: bool
) -> tuple[SweepPlan, tuple[Target, ...]]:
    plan, targets = folder.load()
    if not resume:
        raise UserError(
            "sweep_exists",
            f"{folder.path} already holds a sweep",
            "add --resume to go on with it, or choose another --out",
        )
    for name in ("target", "select", "mysql"):
        before, now = getattr(plan.options, name), getattr(options, name)
        if before != now:
            raise UserError(
                "other_sweep",
                f"{folder.path} holds a sweep with {name} {before}, not {now}",
                "resume it with the same options, or choose another --out",
            )
    unchanged = {"shard_size": plan.options.shard_size}      # the shards on disk were cut by it
    _check_credentials(targets, home)
    return plan.model_copy(update={"options": options.model_copy(update=unchanged)}), targets


def _check_credentials(targets: tuple[Target, ...], home: Path) -> None:
    """Raise UserError for the first credential that no system could be visited with."""
    names = sorted({target.system.ssh.credential for target in targets})
    credentials = Credentials.load(Home(home).credentials)
    for name in names:
        credentials.resolve(name)


def _with_profiles(systems: tuple[System, ...], home: Path) -> tuple[tuple[Target, ...], dict[str, Profile]]:
    """Each system with the key of its profile; a system with overrides has a profile of its own."""
    profiles: dict[str, Profile] = {}
    targets = []
    for system in systems:
        key = f"{system.profile}+{system.id}" if system.overrides else system.profile
        if key not in profiles:
            profiles[key] = profile_for(system, home=home)
        targets.append(Target(system=system, profile=key))
    return tuple(targets), profiles
