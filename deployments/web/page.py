"""The client's page: read by GET, which never decides and never changes anything. Answers are in page_answers."""
from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from deployments.web.guards import Pace
from deployments.web.page_access import Doorkeeper, Visit
from deployments.web.page_forms import form_token
from deployments.web.page_render import html
from deployments.web.page_site import CaseSite
from deployments.web.page_story import Line, Teller
from deployments.web.page_view import changed, may_decide, to_tick
from deployments.web.page_words import length_text, moment_text, words_of
from reports.client_view import Changes, ClientView, NextStep, client_view
from reports.plain_words import plain_words
from tasks.model.case import State
from tasks.model.finding import Finding
from tasks.model.ledger import JournalEntry
from tasks.model.preview import Preview
from tasks.steps.previews import previews_at
from tasks.wire.case_folder import CaseFolder
from tasks.wire.links import Purpose, Signer
from tasks.wire.store import Store
from tasks.wire.web_settings import WebSettings

ASKING = (State.INSPECTED, State.NOTIFIED, State.AWAITING_APPROVAL, State.REMEDIATING)
HERE = (NextStep.DECIDE, NextStep.DO)       # the page itself shows these
TOLD = ("decided", "ticked", "said")
FORMS_PER_MINUTE = 30               # of one contact of one case


class Pages:
    """What the routes share."""

    def __init__(self, store: Store, home: Path, pace: Pace) -> None:
        self.store, self.home, self.pace = store, home, pace
        self.door = Doorkeeper(store, home)

    def opened(self, text: str) -> tuple[WebSettings, Signer, Visit]:
        """Raises Refusal."""
        settings, signer = self.door.settings()
        return settings, signer, self.door.visit(signer, text)

    def findings(self, visit: Visit, site: CaseSite) -> tuple[Finding, ...]:
        return site.findings(visit.case.findings_ref)

    def view(self, visit: Visit, site: CaseSite) -> ClientView:
        """What the client is told, as in the mails."""
        return client_view(visit.case, self.findings(visit, site), visit.system, language=visit.contact.language)

    def counted(self, visit: Visit) -> dict[str, Preview]:
        """What the commands of the plan would do, as the inspection counted it on the system."""
        found = previews_at(visit.case.findings_ref, CaseFolder(self.home, visit.case.id))
        return {each.remediation_id: each for each in found}

    def page(self, visit: Visit, signer: Signer, address: str, *, status: int = 200, told: str = "",
             errors: tuple[str, ...] = (), given: dict[str, str] | None = None) -> Response:
        """The page of a visit, with forms for what its contact may do now."""
        words, site = words_of(visit.contact.language), CaseSite(self.home, visit.case.id)
        entries = self.store.journal(visit.case.id)
        view, tick = self.view(visit, site), to_tick(visit)
        forms = defaultdict(str, say=form_token(signer, visit, Purpose.SAY))
        if may_decide(visit):
            forms["decide"] = form_token(signer, visit, Purpose.DECIDE)
        if tick:
            forms["tick"] = form_token(signer, visit, Purpose.TICK)
        next_words = "" if view.next_step in HERE or visit.case.state not in ASKING else view.next_words
        return html(
            "case.html.j2", visit.contact.language, status=status, forms=True, view=view, forms_of=forms, tick=tick,
            next_words=next_words, given=defaultdict(str, given or {}), errors=errors,
            told=words[f"told_{told}"] if told in TOLD else "",
            changed=self._changed(visit, site, entries), story=self._story(visit, site, entries),
            **self.common(visit, address, site),
        )

    def common(self, visit: Visit, address: str, site: CaseSite) -> dict[str, Any]:
        """What every page of a visit says of its case."""
        words, case, zone = words_of(visit.contact.language), visit.case, visit.system.zone
        deciders = [each.name for each in visit.system.contacts if each.approves]
        return {
            "case": case, "contact": visit.contact, "address": address, "zone": zone.key, "lapsed": visit.lapsed,
            "state": words["states"][case.state], "deciders": ", ".join(deciders),
            "engineer": site.engineer(case.engineer) if case.engineer else "",
            "moment": lambda at: moment_text(at, zone, words), "length": lambda s: length_text(s, words),
            "counted": self.counted(visit),
            "upgrade_s": case.plan.estimate_s if case.plan else None, "ends": visit.link.expires_at,
        }

    def _changed(self, visit: Visit, site: CaseSite, entries: tuple[JournalEntry, ...]) -> Changes | None:
        if not visit.lapsed or visit.case.plan is None:
            return None
        before = site.plan_of(visit.link.plan, entries)
        if before is None:
            return Changes()
        return changed(*before, visit.case.plan, self.findings(visit, site), visit.contact.language)

    def _story(self, visit: Visit, site: CaseSite, entries: tuple[JournalEntry, ...]) -> list[Line]:
        wanted = {str(entry.body["remediation_id"]) for entry in entries if "remediation_id" in entry.body}
        wanted |= {str(each["remediation_id"]) for entry in entries for each in entry.body.get("decisions", ())}
        known = site.action_words(wanted, entries)
        plain = plain_words(visit.contact.language)
        teller = Teller(words_of(visit.contact.language), visit.system.zone,
                        lambda name: plain.action(name, known.get(name, "")), site.engineer)
        return list(teller.story(entries))


def page_routes(pages: Pages) -> APIRouter:
    router = APIRouter()

    @router.head("/case/{token}", include_in_schema=False)
    @router.get("/case/{token}")
    def read(token: str, told: str = "") -> Response:
        settings, signer, visit = pages.opened(token)
        return pages.page(visit, signer, f"{settings.base_url}/case/{token}", told=told)

    @router.head("/case/{token}/print", include_in_schema=False)
    @router.get("/case/{token}/print")
    def printed(token: str) -> Response:
        settings, _, visit = pages.opened(token)
        site = CaseSite(pages.home, visit.case.id)
        return html("print.html.j2", visit.contact.language, view=pages.view(visit, site), now=visit.now,
                    **pages.common(visit, f"{settings.base_url}/case/{token}", site))

    return router
