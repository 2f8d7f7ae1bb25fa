"""Whatever is sent to whatever route, with genuine links, forms and signatures or without: no answer is a 5xx."""
from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode

from deployments.web.app import make_api
from deployments.web.guards import Guarded, Pace
from deployments.web.page_forms import as_seen
from tasks.rules.webhook import signature
from tasks.wire.links import Purpose, Signer, Token, address_digest
from tasks.wire.store import Store
from tests.web.page.conftest import FOUND, PageSite
from tests.wire.tickets.conftest import free_port

SECRET = b"0123456789abcdef0123456789abcdef"
ODD = ("x", "1.", "\x00", "ü", "../..", "-1", "%s%n", "{0}", "\u202e", "1" * 300)
CHOSEN: tuple[dict[str, Any], ...] = ({"choices": {"free_space": [True, ""]}}, {"declined": "no"})
DELIVERIES = itertools.count()
DESK_PASSWORD = "lab-webhook-password-0123456789"
FILES = {
    "page.key": "k" * 40, "shop.secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "desk.key": "key-of-desk", "hook.secret": DESK_PASSWORD,
    "tickets.yaml": """
desks:
  support: {url: "http://127.0.0.1:9", key_file: desk.key, webhook_secret_file: hook.secret, fleet: fleet.yaml,
            only: {type: PBXware upgrade}, form: {target: {field: cf_target}}, patience_s: 0.1}
stores: {shop: {secret_file: shop.secret, fleet: fleet.yaml}}
""",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageSite]:
    """The same application by uvicorn, without the paces, which would answer most of what is sent."""
    home, port = tmp_path_factory.mktemp("sent") / "home", free_port()
    home.mkdir(mode=0o700)
    origin = f"http://127.0.0.1:{port}"
    for name, text in (FILES | {"web.yaml": f"base_url: {origin}\nsecret_file: page.key\n"}).items():
        (home / name).write_text(text)
        (home / name).chmod(0o600)
    with Store.open(f"sqlite:///{home}/uplift.db") as store:
        api = make_api(home, store, forms_per_minute=1_000_000)
        app = Guarded(api, pace=Pace(1_000_000))
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        made = PageSite(home, store, origin, home / "none", schema=api.openapi())
        made.fleet()
        yield made
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="module")
def api(served: PageSite) -> Any:
    """The routes, told which links, forms and names are genuine, so that half of what is sent gets past the door."""
    case = served.case(*FOUND)
    links = [served.link(case, who).rpartition("/")[2] for who in (0, 2)]
    ends = served.store.now() + timedelta(days=1)
    forms = {
        place: [Signer(["k" * 40]).sign(purpose, Token(
            case.id, address_digest("ann@acme.example"), case.plan_digest or "", ends, f"{place}{number}",
            as_seen(case), choices)) for number, choices in enumerate(CHOSEN)]
        for place, purpose in (("review", Purpose.DECIDE), ("decide", Purpose.CONFIRM), ("done", Purpose.TICK),
                               ("say", Purpose.SAY))
    }
    schema = served.schema
    known = {"token": links, "name": ["support", "shop"]}
    for path, methods in schema["paths"].items():
        for told in methods.values():
            for parameter in told.get("parameters", ()):
                if parameter["name"] in known:
                    parameter["schema"] = {"enum": [*known[parameter["name"]], *ODD[:3]]}
        if "post" in methods:
            methods["post"]["requestBody"] = _body(path, forms.get(path.rpartition("/")[2], []))
    return schemathesis.openapi.from_dict(schema)


def _body(path: str, forms: list[str]) -> dict[str, Any]:
    text = {"type": "string"}
    if path.startswith("/hooks/"):
        order = {"order": {"enum": ["SO-77", "SO-78"]}, "system": {"enum": ["acme", ODD[1]]},
                 "target": {"const": "7.2.0"}}
        fields = {**order, "ticket_id": {"type": ["integer", "string"]}}
        posted = {"schema": {"type": "object", "properties": fields, "required": [*order]}}
        return {"content": {"application/json": posted}}
    word = {"enum": ["yes", "no", ""]}
    names = {f"{kind}:{name}": word for kind in ("choice", "known", "reason") for name in
             ("archive_old_cdr", "rebuild_table", "free_space")}
    fields = {"form": {"enum": [*forms, *ODD[:3]]}, "action": {"enum": ["free_space", *ODD]},
              **dict.fromkeys(("text", "note", "no_reason", "decline"), text), **names}
    form = {"schema": {"type": "object", "properties": fields, "required": ["form"]}}
    return {"content": {"application/x-www-form-urlencoded": form}}


def test_no_route_answers_with_a_5xx(api: Any, served: PageSite):
    seen: dict[str, set[int]] = {}
    for operation in api.get_all_operations():
        found = operation.ok()
        for mode in GenerationMode if found.method == "post" else [GenerationMode.POSITIVE]:    # else none is wrong
            _asked(served, found.as_strategy(generation_mode=mode),
                   seen.setdefault(f"{found.method.upper()} {found.path}", set()))
    assert {200, 403} <= seen["GET /case/{token}"] and seen["POST /case/{token}/decide"] & {422, 303}
    assert seen["POST /case/{token}/say"] & {303, 422} and seen["POST /case/{token}/review"] & {200, 409, 422}
    assert {401, 422} <= seen["POST /hooks/store/{name}"] and 202 in seen["POST /hooks/desk/{name}"] and len(seen) == 9


def _asked(served: PageSite, strategy: Any, seen: set[int]) -> None:
    session = requests.Session()
    session.trust_env = False

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None,
              phases=(Phase.generate, Phase.shrink))
    @given(strategy)
    def ask(case: Case) -> None:
        sent = case.as_transport_kwargs(base_url=served.origin)
        request = session.prepare_request(requests.Request(
            sent["method"], sent["url"], params=sent.get("params"), data=sent.get("data"), json=sent.get("json"),
            headers=dict(sent["headers"]) | {"Origin": served.origin}, auth=("uplift", DESK_PASSWORD)))
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        delivery, stamp = f"m{next(DELIVERIES)}", int(time.time())
        request.headers.update({"webhook-id": delivery, "webhook-timestamp": str(stamp),
                            "webhook-signature": signature(SECRET, delivery, stamp, body)})
        answer = session.send(request, allow_redirects=False, timeout=30)
        seen.add(answer.status_code)
        assert answer.status_code < 500, answer.text[-500:]

    ask()
