"""What the commands of a plan would do, counted with the restricted credential and kept beside the inspection.

The client approves what was counted here; what a command destroys is what stands in its sealed list, and nothing else.
"""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime

import asyncssh

from tasks.model.case import Case
from tasks.model.errors import UserError
from tasks.model.finding import Finding, Frozen, Kind
from tasks.model.ledger import JournalEntry
from tasks.model.plan import Plan
from tasks.model.preview import Preview
from tasks.steps.case_site import Site
from tasks.steps.inspection import Kept
from tasks.wire.case_folder import CaseFolder
from tasks.wire.remedies.remedy import Sight, remedies
from tasks.wire.ssh import NoContact

PREVIEW_S = 240.0
_log = logging.getLogger(__name__)


class Previews(Frozen):
    previews: tuple[Preview, ...] = ()


def previews_of(case: Case, folder: CaseFolder) -> tuple[Preview, ...]:
    """What was counted at the case's last inspection; empty where nothing was. Raises UserError for a damaged file."""
    return previews_at(case.findings_ref, folder)


def previews_at(findings_ref: str | None, folder: CaseFolder) -> tuple[Preview, ...]:
    name = _name(findings_ref) if findings_ref else ""
    return folder.load(name, Previews).previews if name and folder.has(name) else ()


async def keep_previews(
    site: Site, case: Case, plan: Plan, findings: Iterable[Finding], folder: CaseFolder, findings_ref: str,
    now: datetime,
) -> tuple[Preview, ...]:
    """Count what each command of the plan would do, and keep it beside the inspection. Raises nothing for a system."""
    name = _name(findings_ref)
    made = await counted(site, case, plan, findings, folder, now, list_prefix=f"list-{name.partition('-')[2]}-")
    await asyncio.to_thread(folder.save, name, Previews(previews=made))
    return made


async def counted(
    site: Site, case: Case, plan: Plan, findings: Iterable[Finding], folder: CaseFolder, now: datetime, *,
    list_prefix: str = "",
) -> tuple[Preview, ...]:
    """A dry run of each command of the plan; without ``list_prefix`` nothing is kept."""
    known, all_findings = remedies(), tuple(findings)
    ids = dict.fromkeys(a.id for a in plan.actions if a.kind is Kind.COMMAND and a.id in known)
    made = []
    for remediation_id in ids:
        try:
            async with asyncio.timeout(PREVIEW_S), site.connected() as connection:
                mine = tuple(f for f in all_findings if f.open and remediation_id in {r.id for r in f.remediations})
                sight = Sight(
                    connection, site.system, site.profile, case.id, subjects_of(plan, remediation_id), mine, folder,
                    now, f"{list_prefix}{remediation_id}" if list_prefix else "",
                )
                made.append(await known[remediation_id].preview(sight))
        except (NoContact, UserError, asyncssh.Error, OSError, TimeoutError) as error:
            made.append(_untold(remediation_id, str(error) or "it was not counted in time"))
        except Exception as error:  # a defect of ours costs this preview only: without one nothing is destroyed
            _log.exception("the preview of %s failed", remediation_id)
            made.append(_untold(remediation_id, f"a defect, {type(error).__name__}; the log has more"))
    return tuple(made)


def subjects_of(plan: Plan, remediation_id: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(action.subject for action in plan.actions if action.id == remediation_id))


def shown_ref(entries: Iterable[JournalEntry]) -> str | None:
    """The inspection on which the newest approval rests: the last one before it."""
    inspected: str | None = None
    shown: str | None = None
    for entry in entries:
        if entry.kind == "inspected":
            inspected = str(entry.body["findings_ref"])
        elif entry.kind in ("approved", "confirmed"):
            shown = inspected
    return shown


def findings_at(findings_ref: str | None, folder: CaseFolder) -> tuple[Finding, ...]:
    name = findings_ref.rpartition("/")[2].removesuffix(".json") if findings_ref else ""
    return folder.load(name, Kept).findings if name and folder.has(name) else ()


def _name(findings_ref: str) -> str:
    """previews-1-2 for cases/C-1/inspection-1-2.json."""
    return "previews-" + findings_ref.rpartition("/")[2].removesuffix(".json").partition("-")[2]


def _untold(remediation_id: str, why: str) -> Preview:
    destroys = remedies()[remediation_id].destroys
    return Preview(remediation_id=remediation_id, lines=(), destroys=destroys,
                   reversible=remedies()[remediation_id].undo is not None, trouble=why)
