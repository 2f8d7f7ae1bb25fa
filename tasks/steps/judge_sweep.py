"""Judge the raw answers of a sweep and render its files: the same for a sweep that just ended and for an old one."""
from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from reports.meta import CheckText, SweepMeta
from reports.render import render_sweep
from reports.rows import finding_rows, system_row
from tasks.analysis.frames import findings_frame, join_findings, join_systems, systems_frame
from tasks.checks import all_checks
from tasks.model.answer import Recording
from tasks.model.errors import UserError
from tasks.model.judged import Judged
from tasks.model.sweep import SweepPlan, Target
from tasks.rules.judge import judge
from tasks.rules.known import known_from
from tasks.wire.sweep_folder import SweepFolder

on_judged: ContextVar[Callable[[int, int], None] | None] = ContextVar("on_judged", default=None)
"""Called with the shards that are judged and the number of all, for a progress bar; the last time before the report."""


def judge_sweep(folder: SweepFolder) -> dict[str, Any]:
    """Write report, tables and summary from ``facts/``; returns the summary. No login, no clock: same in, same out.

    Frames are built a shard at a time, so that the facts of one shard are all that is held at once.
    """
    plan, targets = folder.load()
    require_complete(folder, plan)
    by_id = {target.system.id: target for target in targets}
    systems, findings = [], []
    told = on_judged.get() or (lambda done, all_: None)
    for shard in range(plan.shards):
        told(shard, plan.shards)
        judged = [_judged(plan, by_id[recording.system_id], recording) for recording in folder.recordings(shard)]
        profiles = [plan.profiles[by_id[one.system.id].profile] for one in judged]
        rows = [system_row(one, profile, plan.options.target) for one, profile in zip(judged, profiles, strict=True)]
        systems.append(systems_frame(rows))
        findings.append(findings_frame([row for one in judged for row in finding_rows(one)]))
    told(plan.shards, plan.shards)
    render_sweep(folder.path, join_systems(systems), join_findings(findings), meta_of(plan))
    summary: dict[str, Any] = json.loads((folder.path / "summary.json").read_text())
    return summary


def require_complete(folder: SweepFolder, plan: SweepPlan) -> None:
    """Raise UserError where systems have no answer yet: a report without them would read as one of the whole fleet."""
    recorded = sum(len(folder.recorded(shard)) for shard in range(plan.shards))
    if recorded < plan.systems:
        raise UserError(
            "sweep_incomplete",
            f"{folder.path} holds the answers of {recorded} of its {plan.systems} systems",
            "complete it with `uplift sweep --resume` and the same options",
        )


def meta_of(plan: SweepPlan) -> SweepMeta:
    """What the report tells of the sweep itself."""
    without = () if plan.options.mysql else ("The databases were left alone (--no-mysql).",)
    return SweepMeta(
        sweep_id=plan.sweep_id,
        target=str(plan.options.target),
        started_at=plan.started_at,
        elapsed_s=plan.elapsed_s,
        excluded=tuple((one.system_id, one.reason) for one in plan.excluded),
        left_out=without,
        checks=tuple(CheckText.of(check) for check in all_checks()),
        uplift_version=plan.uplift_version,
    )


def _judged(plan: SweepPlan, target: Target, recording: Recording) -> Judged:
    profile = plan.profiles[target.profile]
    known = known_from(recording)
    return judge(target.system, profile, recording, known, plan.options.target, plan.started_at)
