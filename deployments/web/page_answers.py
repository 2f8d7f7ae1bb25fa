"""What clients send: decisions, asked twice; ticks; messages. Each is recorded once, or refused with a plain page."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers

from deployments.web.page import Pages
from deployments.web.page_access import Refusal, Why
from deployments.web.page_forms import Fields, as_seen, fields_of, form_of, form_token, once, typed
from deployments.web.page_render import ALWAYS, html
from deployments.web.page_site import CaseSite
from deployments.web.page_view import may_decide, to_tick
from deployments.web.page_words import words_of
from reports.client_view import Act
from reports.text import shortened
from tasks.model.case import Case, Decision, How
from tasks.model.event import ActionTicked, Approved, ClientSaid, Declined, Event
from tasks.rules.lifecycle import Refused
from tasks.rules.todo import left_as_is
from tasks.wire.links import Purpose, Token
from tasks.wire.store import CaseChanged, FormUsed

MOST_REASON, MOST_TEXT = 500, 2000
CHANGES = 3                         # how often a case may change between reading and writing

Answer = Callable[["Sent"], Response]


class Sent:
    """A form that our page sent for a visit."""

    def __init__(self, pages: Pages, text: str, headers: Headers, body: bytes) -> None:
        """Raises Refusal, in the contact's language once that is known."""
        settings, self.signer, self.visit = pages.opened(text)
        self.pages, self.address = pages, f"{settings.base_url}/case/{text}"
        try:
            self.fields: Fields = fields_of(headers, body, settings.origin)
            if pages.pace.wait_s(f"{self.visit.case.id} {self.visit.link.contact}"):
                raise Refusal(429, Why.TOO_OFTEN)
        except Refusal as refusal:
            raise self.told(refusal) from None

    def told(self, refusal: Refusal) -> Refusal:
        """In the contact's language, with the way back to the page."""
        return Refusal(refusal.status, refusal.why, back=self.address, language=self.visit.contact.language)

    @property
    def words(self) -> Any:
        return words_of(self.visit.contact.language)

    def form(self, purpose: Purpose) -> Token:
        """Of the plan and the case as they are now. Raises Refusal."""
        token = form_of(self.signer, self.visit, purpose, self.fields)
        if self.pages.store.form_used(once(token)):
            raise Refusal(409, Why.FORM_USED)
        if purpose is not Purpose.SAY:
            self._still(token, self.visit.case)
        return token

    def _still(self, token: Token, case: Case) -> None:
        if not self.visit.contact.approves:
            raise Refusal(403, Why.READS_ONLY)
        if token.plan != (case.plan_digest or ""):
            raise Refusal(409, Why.LAPSED)
        if token.seen != as_seen(case):
            raise Refusal(409, Why.MOVED_ON)

    def record(self, token: Token, event: Event, told: str) -> Response:
        """Write it down once, while the case is still as it was shown. Raises Refusal."""
        store, case = self.pages.store, self.visit.case
        for _ in range(CHANGES):
            try:
                moved = store.answer(case.id, event, once(token), case)
            except FormUsed:
                raise Refusal(409, Why.FORM_USED) from None
            except CaseChanged:
                case = store.case(case.id)
                if not isinstance(event, ClientSaid):
                    self._still(token, case)
                continue
            if isinstance(moved, Refused):
                raise Refusal(409, Why.NOT_NOW)
            return RedirectResponse(f"{self.address}?told={told}", 303, headers=ALWAYS)
        raise Refusal(409, Why.MOVED_ON)

    def again(self, *errors: str) -> Response:
        """The page once more, with what was given and what is to be corrected."""
        return self.pages.page(self.visit, self.signer, self.address, status=422, errors=errors,
                               given=dict(self.fields))

    def final(self, act: Act) -> bool:
        """Whether it destroys something or cannot be undone."""
        counted = self.pages.counted(self.visit).get(act.id)
        return not act.reversible or (counted is not None and (counted.destroys or not counted.reversible))

    def asked(self) -> tuple[Act, ...]:
        """The actions on which the client decides."""
        return self.pages.view(self.visit, CaseSite(self.pages.home, self.visit.case.id)).asked


def answer_routes(pages: Pages) -> APIRouter:
    router = APIRouter()

    def route(name: str, answer: Answer) -> None:
        async def taken(token: str, request: Request) -> Response:
            body = await request.body()
            return await run_in_threadpool(_answered, pages, token, request.headers, body, answer)

        router.add_api_route(f"/case/{{token}}/{name}", taken, methods=["POST"], name=name)

    route("review", review)
    route("decide", decide)
    route("done", tick)
    route("say", say)
    return router


def _answered(pages: Pages, text: str, headers: Headers, body: bytes, answer: Answer) -> Response:
    sent = Sent(pages, text, headers, body)
    try:
        return answer(sent)
    except Refusal as refusal:
        raise sent.told(refusal) from None


def review(sent: Sent) -> Response:
    """The second page: what exactly will be done. Nothing is recorded by it."""
    token = sent.form(Purpose.DECIDE)
    if not may_decide(sent.visit):
        raise Refusal(409, Why.NOT_NOW)
    if "decline" in sent.fields:
        reason = typed(sent.fields, "no_reason", MOST_TEXT)
        return _confirmation(sent, token, {"declined": reason}) if reason else sent.again(sent.words["error_reason"])
    asked, choices, missing = sent.asked(), dict[str, list[Any]](), []
    for act in asked:
        chosen = sent.fields.get(f"choice:{act.id}")
        if chosen not in ("yes", "no"):
            missing.append(sent.words["error_choice"].format(action=act.text))
            continue
        reason = typed(sent.fields, f"reason:{act.id}", MOST_REASON) if chosen == "no" else ""
        choices[act.id] = [chosen == "yes", reason]
    return sent.again(*missing) if missing else _confirmation(sent, token, {"choices": choices})


def _confirmation(sent: Sent, token: Token, chosen: dict[str, Any], errors: tuple[str, ...] = ()) -> Response:
    choices, plan = chosen.get("choices", {}), sent.visit.case.plan
    assert plan is not None
    acts = [(act, *choices[act.id]) for act in sent.asked() if act.id in choices]
    no = frozenset(name for name, (yes, _) in choices.items() if not yes)
    stuck = {name for item in left_as_is(plan, no) if item.blocking for name in item.remediation_ids}
    form = form_token(sent.signer, sent.visit, Purpose.CONFIRM, nonce=token.nonce, choices=chosen)
    return html(
        "confirm.html.j2", sent.visit.contact.language, status=422 if errors else 200, forms=True, form=form,
        acts=acts, stuck=stuck, final={act.id for act, *_ in acts if sent.final(act)},
        declined=chosen.get("declined", ""), errors=errors, given=defaultdict(str, sent.fields),
        digest=shortened(plan.digest, 13), **sent.pages.common(sent.visit, sent.address, CaseSite(
            sent.pages.home, sent.visit.case.id)),
    )


def decide(sent: Sent) -> Response:
    token = sent.form(Purpose.CONFIRM)
    if not may_decide(sent.visit):
        raise Refusal(409, Why.NOT_NOW)
    who = {"at": sent.visit.now, "by": sent.visit.by, "digest": token.plan, "how": How.CLIENT_PAGE}
    if "declined" in token.choices:
        return sent.record(token, Declined(**who, reason=token.choices["declined"]), "decided")
    choices = token.choices["choices"]
    final = [act for act in sent.asked() if choices.get(act.id, [False])[0] and sent.final(act)]
    unticked = [act.text for act in final if sent.fields.get(f"known:{act.id}") != "yes"]
    if unticked:
        errors = tuple(sent.words["error_tick"].format(action=text) for text in unticked)
        return _confirmation(sent, token, token.choices, errors)
    decisions = tuple(Decision(remediation_id=name, approved=yes, reason=why) for name, (yes, why) in choices.items())
    return sent.record(token, Approved(**who, decisions=decisions), "decided")


def tick(sent: Sent) -> Response:
    token, name = sent.form(Purpose.TICK), sent.fields.get("action", "")
    if name not in to_tick(sent.visit):
        raise Refusal(409, Why.NOT_NOW)
    event = ActionTicked(at=sent.visit.now, by=sent.visit.by, remediation_id=name, how=How.CLIENT_PAGE,
                         note=typed(sent.fields, "note", MOST_TEXT))
    return sent.record(token, event, "ticked")


def say(sent: Sent) -> Response:
    token, text = sent.form(Purpose.SAY), typed(sent.fields, "text", MOST_TEXT)
    if not text:
        return sent.again(sent.words["error_message"])
    return sent.record(token, ClientSaid(at=sent.visit.now, by=sent.visit.by, how=How.CLIENT_PAGE, text=text), "said")
