"""``uplift precheck``: one system, inspected now."""
from __future__ import annotations

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.case_record import typed_line
from deployments.cli.errors import ExitCode
from deployments.cli.output import AsJson, console, print_json, print_table, progress_console
from reports.text import one_line
from tasks.model.answer import ContactState
from tasks.model.errors import UserError
from tasks.model.finding import Finding, Outcome, Severity
from tasks.model.judged import Judged
from tasks.model.release import Release
from tasks.wire.home import find_home


def precheck(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="The system, as the fleet file names it.",
                                          callback=typed_line)],
    fleet: Annotated[Path, typer.Option(help="fleet.yaml, a CSV file, or a folder of either.")],
    target: Annotated[str, typer.Option(metavar="RELEASE", help="The release to be ready for, like 8.2.0.")],
    mysql: Annotated[bool, typer.Option("--mysql/--no-mysql", help="Ask the database too.")] = True,
    every: Annotated[bool, typer.Option("--all", help="Show what passed and what did not apply, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Inspect one system now, read only, and say whether it is ready and what stands in the way. Stores nothing."""
    from tasks.steps.inspect_one import inspect_one

    try:
        release = Release.parse(target)
    except ValueError:
        raise UserError("bad_release", f"{one_line(target)!r} is not a release", "write it like 8.2.0") from None
    with nullcontext() if as_json else progress_console().status(f"inspecting {system}"):
        judged = asyncio.run(inspect_one(fleet, system, release, home=find_home(), mysql=mysql))
    shown = sorted(filter(None if every else _tells, judged.findings), key=_weight)
    if as_json:
        print_json(_row(judged, shown))
    else:
        _tell(judged, shown, release)
    if judged.contact.state is not ContactState.REACHED:
        raise typer.Exit(ExitCode.INCOMPLETE)


def _tells(finding: Finding) -> bool:
    return finding.outcome in (Outcome.FAIL, Outcome.UNKNOWN) or (
        finding.outcome is Outcome.PASS and bool(finding.summary)
    )


def _weight(finding: Finding) -> tuple[bool, bool, int, str, str]:
    return not finding.open, not finding.blocking, -finding.severity, finding.check_id, finding.subject


def _row(judged: Judged, shown: list[Finding]) -> dict[str, object]:
    return {
        "system_id": judged.system.id,
        "client": judged.system.client,
        "verdict": judged.verdict.value,
        "contact": judged.contact.state.value,
        "detail": judged.contact.detail,
        "source": str(judged.hop.source) if judged.hop else None,
        "findings": [finding.model_dump(mode="json") for finding in shown],
        "remarks": list(judged.remarks),
    }


def _tell(judged: Judged, shown: list[Finding], target: Release) -> None:
    runs = f"runs {judged.hop.source}" if judged.hop else "runs a release that could not be told"
    reached = judged.contact.state is ContactState.REACHED
    what = runs if reached else f"was not reached: {judged.contact.detail or judged.contact.state.value}"
    console().print(f"{judged.system.id} ({judged.system.client}) {what}; for {target}: "
                    f"{judged.verdict.value.replace('_', ' ')}", markup=False, soft_wrap=True)
    if shown:
        print_table(("check", "subject", "outcome", "what was found"),
                    [(f.check_id, f.subject, _outcome(f), _words(f)) for f in shown])
    for remark in judged.remarks:
        console().print(remark, markup=False, soft_wrap=True)


def _outcome(finding: Finding) -> str:
    if finding.outcome is Outcome.PASS:
        return "note"
    word = "waived" if finding.waiver else "blocks" if finding.blocking else finding.outcome.value
    return f"{word}, {finding.severity.label}" if finding.severity > Severity.INFO else word


def _words(finding: Finding) -> str:
    if finding.waiver is None:
        return finding.summary
    waiver = finding.waiver
    return f"{finding.summary} (waived by {waiver.owner} until {waiver.expires_on}: {waiver.reason})"
