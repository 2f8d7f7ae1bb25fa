"""Webhooks against the real command and the real desk: who is believed, what is done once, what is refused."""
from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tasks.rules.webhook import signature
from tasks.wire.store import Store
from tests.web.conftest import PORT, SECRET, Served
from tests.wire.tickets.conftest import PASSWORD

ORDER = {"order": "SO-9", "system": "acme", "target": "7.2.0"}


def post(served: Served, told: Any = None, *, key: bytes = SECRET, ago_s: int = 0, delivery: str = "msg_1",
         signed: bytes | None = None, shop: str = "shop") -> httpx.Response:
    body = json.dumps(ORDER if told is None else told).encode()
    stamp = int(time.time()) - ago_s
    headers = {"webhook-id": delivery, "webhook-timestamp": str(stamp),
               "webhook-signature": signature(key, delivery, stamp, body if signed is None else signed)}
    return served.http.post(f"/hooks/store/{shop}", content=body, headers=headers)


def test_a_signed_order_opens_its_case_and_the_same_post_again_is_the_same_answer(served: Served, store: Store):
    first, again = post(served), post(served)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["case_id"] == again.json()["case_id"] == store.cases()[0].id
    assert (first.json()["new"], again.json()["new"]) == (True, False)


def test_the_same_order_posted_many_times_at_once_is_one_case(served: Served, store: Store):
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: post(served, delivery=f"msg_{n}"), range(6)))
    assert sorted(each.status_code for each in answers) == [200] * 5 + [201] and len(store.cases()) == 1


@pytest.mark.parametrize("told", [
    {"key": b"another key of thirty-two bytes!"}, {"signed": b'{"order": "SO-1"}'}, {"ago_s": 301}, {"ago_s": -360},
    {"shop": "nobody"}, {"delivery": ""}, {"delivery": "x" * 200},
], ids=str)
def test_a_post_that_is_not_genuine_and_fresh_opens_nothing(served: Served, store: Store, told: dict[str, Any]):
    answer = post(served, **told)
    assert answer.status_code == 401 and store.cases() == ()
    assert "acme" not in answer.text


def test_an_id_that_comes_again_with_another_order_is_refused(served: Served, store: Store):
    assert post(served).status_code == 201
    other = post(served, {**ORDER, "order": "SO-10", "system": "other"})
    assert other.status_code == 409 and len(store.cases()) == 1


@pytest.mark.parametrize(("told", "code"), [
    ({**ORDER, "system": "nobody"}, "unknown_client"), ({**ORDER, "target": "9.9"}, "unsupported_hop"),
    ({**ORDER, "order": "a\nb"}, "bad_order"), ({**ORDER, "order": "<b>"}, "bad_order"), ([1], "bad_order"),
    ({"order": "SO-9"}, "bad_order"), ({**ORDER, "target": 7.2}, "bad_order"), ("[" * 9000, "bad_order"),
])
def test_an_order_that_cannot_be_a_case_is_answered_with_the_reason(
    served: Served, store: Store, told: Any, code: str
):
    answer = post(served, told)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code) and store.cases() == ()


def test_a_tickets_webhook_opens_the_case_without_a_poll(served: Served, store: Store):
    number = served.site.order()
    until = time.monotonic() + 20
    while not served.site.said(number, private=True) and time.monotonic() < until:
        time.sleep(0.1)
    hook = {"json": {"ticket_id": number}, "auth": ("uplift", PASSWORD)}
    for _ in range(2):                  # and again, as the desk's update rule does for our own answers
        assert served.http.post("/hooks/desk/support", **hook).status_code == 202
    time.sleep(1)
    assert [case.order_ref for case in store.cases()] == ["SO-1"]
    assert len(served.site.said(number, private=False)) == len(served.site.said(number, private=True)) == 1


@pytest.mark.parametrize("auth", [None, ("uplift", "wrong"), ("uplift", ""), ("uplift", PASSWORD + "x")])
def test_a_hint_without_the_password_is_not_followed(served: Served, auth: tuple[str, str] | None):
    answer = served.http.post("/hooks/desk/support", json={"ticket_id": 1}, auth=auth)
    assert answer.status_code == 401


@pytest.mark.parametrize("body", [b"", b"[]", b'{"ticket_id": "1/../2"}', b'{"ticket_id": -1}', b"\xff", b"{" * 9000])
def test_a_hint_that_names_no_ticket_is_refused(served: Served, body: bytes):
    answer = served.http.post("/hooks/desk/support", content=body, auth=("uplift", PASSWORD))
    assert answer.status_code == 422


def test_a_body_that_is_too_long_is_refused_whatever_its_header_says(served: Served):
    assert served.http.post("/hooks/store/shop", content=b"x" * 70_000).status_code == 413
    assert served.http.post("/hooks/store/shop", content=iter([b"x" * 40_000] * 2)).status_code == 413


def test_who_asks_too_often_waits_and_another_client_of_the_proxy_does_not_notice(served: Served):
    answers = [served.http.get("/healthz", headers={"X-Forwarded-For": "198.51.100.7"}) for _ in range(125)]
    assert answers[0].status_code == 200 and answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert served.http.get("/healthz", headers={"X-Forwarded-For": "198.51.100.8"}).status_code == 200


def test_every_answer_has_the_security_headers_and_there_is_nothing_else_to_see(served: Served):
    for path, status in (("/healthz", 200), ("/docs", 404), ("/openapi.json", 404), ("/hooks/store/shop", 405)):
        answer = served.http.get(path)
        assert answer.status_code == status, path
        assert answer.headers["x-content-type-options"] == "nosniff" and "server" not in answer.headers
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_our_own_trouble_is_a_503_that_tells_nothing_of_the_site(served: Served):
    (served.site.home / "shop.secret").chmod(0o644)
    answer = post(served)
    assert answer.status_code == 503 and "retry-after" in answer.headers
    assert "shop.secret" not in answer.text and "shop.secret" in served.log.read_text()


def test_only_loopback_is_served(served: Served):
    with socket.socket() as probe:
        probe.bind(("127.0.0.2", 0))    # the port itself is free on every other address
        with socket.socket() as other:
            other.bind(("127.0.0.2", PORT))


def test_no_secret_is_in_the_log(served: Served, store: Store):
    post(served)
    served.http.post("/hooks/desk/support", json={"ticket_id": 1}, auth=("uplift", PASSWORD))
    time.sleep(1)
    text = served.log.read_text()
    assert PASSWORD not in text and "whsec_" not in text and "lab-desk-key" not in text
