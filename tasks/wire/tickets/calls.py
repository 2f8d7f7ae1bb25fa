"""Requests to one Freshdesk account: limits kept, reads repeated, a post sent once, all of it within bounded time."""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from tasks.rules.ticket_order import line_of
from tasks.wire.tickets.desk import DeskDoubt, DeskError

CONNECT_S = 5.0
LONGEST_ANSWER = 16 * 2**20
BACKOFF_S = (0.5, 1, 2, 4, 8)
# Raised before a request has left: nothing was asked.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
_REMEDIES = {
    401: "write a valid key into the desk's key_file", 403: "give the key's agent the right to do this",
    404: "see whether the ticket is still there", 429: "wait; the account's limit of requests is used up",
}


@dataclass(frozen=True)
class Reply:
    body: Any
    more: bool = False          # a further page


class _Again(Exception):
    """Worth repeating, after ``wait_s`` where the desk said so."""

    def __init__(self, error: DeskError, wait_s: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.wait_s = error, wait_s


class Calls:
    """``patience_s``: of one question with its repetitions. No proxy, redirect or variable moves the key elsewhere."""

    def __init__(
        self, url: str, key: SecretStr, patience_s: float, *, clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url, self._patience_s, self._clock, self._sleep = url, patience_s, clock, sleep
        self._client = httpx.Client(
            base_url=f"{url}/api/v2/", auth=httpx.BasicAuth(key.get_secret_value(), "X"), trust_env=False,
            follow_redirects=False, headers={"Accept": "application/json"},
            timeout=httpx.Timeout(min(10.0, patience_s), connect=min(CONNECT_S, patience_s)),
        )

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, **query: Any) -> Reply:
        return self._patiently("GET", path, query=query)

    def put(self, path: str, body: Mapping[str, Any]) -> Reply:
        """Sets what it says, so it may be sent again."""
        return self._patiently("PUT", path, body=body)

    def post(self, path: str, body: Mapping[str, Any]) -> Reply:
        """Sent again only where it was certainly not taken. Raises DeskDoubt where it may have been."""
        return self._patiently("POST", path, body=body)

    def _patiently(self, method: str, path: str, *, query: Mapping[str, Any] | None = None,
                   body: Mapping[str, Any] | None = None) -> Reply:
        ends_at = self._clock() + self._patience_s

        def too_late(state: RetryCallState) -> bool:
            return self._clock() + state.upcoming_sleep >= ends_at

        retrying = Retrying(retry=retry_if_exception_type(_Again), wait=_pause, stop=too_late, sleep=self._sleep,
                            reraise=True)
        try:
            return retrying(self._once, method, path, query, body, ends_at)
        except _Again as last:
            last.error.retry_s = max(last.wait_s or 0, last.error.retry_s)
            raise last.error from None

    def _once(self, method: str, path: str, query: Mapping[str, Any] | None, body: Mapping[str, Any] | None,
              ends_at: float) -> Reply:
        idempotent = method != "POST"
        try:
            with self._client.stream(method, path, params=query, json=body) as response:
                content = self._content(response, ends_at)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            sent = not isinstance(error, _NOT_SENT)
            why = "did not answer in time" if isinstance(error, httpx.TimeoutException) else (
                "ended the connection without an answer" if sent else "cannot be reached")
            if sent and not idempotent:
                raise DeskDoubt("desk_doubt", f"{self.url} {why}", "it is looked for on the ticket") from None
            raise _Again(DeskError("desk_unreachable", f"{self.url} {why}", "see whether it answers")) from None
        return self._judged(response, content, idempotent=idempotent)

    def _content(self, response: httpx.Response, ends_at: float) -> bytes:
        """The whole answer, within the limits of size and time: an answer may also drip."""
        found = bytearray()
        for chunk in response.iter_bytes():
            found += chunk
            if len(found) > LONGEST_ANSWER or self._clock() > ends_at:
                raise httpx.ReadTimeout("the answer has no end")
        return bytes(found)

    def _judged(self, response: httpx.Response, content: bytes, *, idempotent: bool) -> Reply:
        status = response.status_code
        if status < 300:
            return Reply(_json(response, content), "next" in response.links)
        error = DeskError(f"desk_{status}", f"{self.url} answered {status}{_said(_json(response, content))}",
                          _REMEDIES.get(status, "see what the desk says"))
        if status == 429:
            raise _Again(error, _seconds(response.headers.get("Retry-After")))
        if status >= 500:
            if not idempotent:
                raise DeskDoubt("desk_doubt", error.message, "it is looked for on the ticket")
            raise _Again(error)
        raise error


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _Again) and error.wait_s is not None:
        return error.wait_s
    return BACKOFF_S[min(state.attempt_number, len(BACKOFF_S)) - 1]


def _seconds(told: str | None) -> float | None:
    """Retry-After, in seconds; None where it is missing or a date."""
    return float(told) if told and told.isascii() and told.isdigit() and len(told) < 7 else None


def _json(response: httpx.Response, content: bytes) -> Any:
    try:
        return httpx.Response(response.status_code, content=content).json() if content else None
    except ValueError:
        return None


def _said(body: Any) -> str:
    """What an error says, in either of Freshdesk's shapes; its words only, on one line."""
    if not isinstance(body, dict):
        return ""
    faults = body.get("errors")
    parts = [f"{each.get('field')}: {each.get('message')}" for each in (faults if isinstance(faults, list) else [])[:5]
             if isinstance(each, dict)]
    text = "; ".join(parts) or str(body.get("message") or body.get("description") or "")
    return f": {line_of(text, 240)}" if text else ""
