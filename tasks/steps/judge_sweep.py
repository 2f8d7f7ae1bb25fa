"""Judge the raw answers of a sweep and render its files: the same for a sweep that just ended and for an old one."""
from __future__ import annotations

import json
from typing import Any

import pandas as pd

from reports.render import SweepMeta, render_sweep
from reports.rows import finding_rows, system_row
from tasks.analysis.frames import findings_frame, systems_frame
from tasks.model.judged import Judged
from tasks.model.sweep import SweepPlan, Target
from tasks.rules.judge import judge
from tasks.rules.known import known_from
from tasks.wire.sweep_folder import SweepFolder


def judge_sweep(folder: SweepFolder) -> dict[str, Any]:
    """Write report, tables and summary from ``facts/``; returns the summary. No login, no clock: same in, same out."""
    plan, targets = folder.load()
    by_id = {target.system.id: target for target in targets}
    systems, findings = [], []
    for shard in range(plan.shards):
        judged = [_judged(plan, by_id[recording.system_id], recording) for recording in folder.recordings(shard)]
        systems.append(systems_frame([system_row(one) for one in judged]))
        findings.append(findings_frame([row for one in judged for row in finding_rows(one)]))
    render_sweep(
        folder.path,
        pd.concat(systems, ignore_index=True) if systems else systems_frame([]),
        pd.concat(findings, ignore_index=True) if findings else findings_frame([]),
        meta_of(plan),
    )
    summary: dict[str, Any] = json.loads((folder.path / "summary.json").read_text())
    return summary


def _judged(plan: SweepPlan, target: Target, recording: Any) -> Judged:
    return judge(
        target.system,
        plan.profiles[target.profile],
        recording,
        known_from(recording),
        plan.options.target,
        plan.started_at,
    )


def meta_of(plan: SweepPlan) -> SweepMeta:
    return SweepMeta(
        sweep_id=plan.sweep_id,
        target=str(plan.options.target),
        started_at=plan.started_at,
        elapsed_s=plan.elapsed_s,
        excluded=tuple((one.system_id, one.reason) for one in plan.excluded),
    )
