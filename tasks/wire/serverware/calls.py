"""Requests to SERVERware and what came of each. A read may be repeated; an action is sent once, whatever happens."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import JsonValue
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, wait_exponential, wait_fixed
from tenacity.wait import wait_base

from tasks.model.profile_serverware import Endpoint, ServerwareApi
from tasks.model.serverware import ServerwareError, Trouble
from tasks.wire.credentials import ApiToken
from tasks.wire.serverware.pinned import WrongCertificate, context
from tasks.wire.serverware.secrecy import Secrecy

T = TypeVar("T")
_LONGEST_PAUSE_S = 15.0
# Raised before a request has left: nothing was asked. After all others it may have been heard.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


@dataclass(frozen=True)
class Pace:
    """Seconds that only grow, and how to let them pass."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def poll(
        self, look: Callable[[], Awaitable[T]], over: Callable[[T], bool], *, limit_s: float, wait: wait_base
    ) -> T:
        """Look again and again until it is ``over`` or the time is up; what was seen last."""
        began = self.clock()

        def too_late(state: RetryCallState) -> bool:
            return self.clock() - began + state.upcoming_sleep > limit_s

        async def attempt() -> T:              # tenacity knows a coroutine function, not a lambda that gives one
            return await look()

        def last(state: RetryCallState) -> T:
            assert state.outcome is not None
            seen: T = state.outcome.result()
            return seen

        retrying = AsyncRetrying(
            retry=retry_if_result(lambda seen: not over(seen)), wait=wait, stop=too_late, sleep=self.sleep,
            retry_error_callback=last,
        )
        seen: T = await retrying(attempt)
        return seen


@dataclass(frozen=True)
class Answer:
    status: int
    body: JsonValue


@dataclass(frozen=True)
class Silence:
    """No answer. ``sent``: the request may have reached SERVERware."""

    reason: str
    sent: bool
    certificate: bool = False


@dataclass(frozen=True)
class Heard:
    """An action that was sent. Not ``surely`` heard where the answer was lost or an error of the server's own."""

    surely: bool
    reason: str = ""
    answered: bool = True


class _Header(httpx.Auth):
    """Puts the token into a request at the last moment; nothing else holds it."""

    def __init__(self, name: str, token: ApiToken) -> None:
        self._name, self._token = name, token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers[self._name] = self._token.secret.get_secret_value()
        yield request


class Calls:
    """One SERVERware. No environment variable, proxy or redirect has a say in where the token goes."""

    def __init__(self, host: str, token: ApiToken, api: ServerwareApi, pace: Pace) -> None:
        self.host, self.pace, self.secrecy = host, pace, Secrecy(token.secret.get_secret_value())
        self._credential, self._waits = token.name, api.waits
        self._client = httpx.AsyncClient(
            base_url=f"https://{host}{api.base}", auth=_Header(api.token_header, token), verify=context(token),
            timeout=httpx.Timeout(api.waits.answer_s, connect=api.waits.connect_s), trust_env=False,
            follow_redirects=False, limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def read(self, endpoint: Endpoint, **told: str) -> JsonValue:
        """The ``data`` of an answer, asked for again while SERVERware cannot be reached. Raises ServerwareError."""
        answer = await self.pace.poll(
            lambda: self._once(endpoint, told), _worth_having, limit_s=self._waits.outage_s,
            wait=wait_exponential(multiplier=self._waits.poll_s, max=_LONGEST_PAUSE_S),
        )
        if isinstance(answer, Silence):
            raise self._unreachable(answer)
        if answer.status >= 400 or not isinstance(answer.body, dict) or "Error" in answer.body:
            raise self._error(answer)
        if answer.body.get("status") != "success" or "data" not in answer.body:
            raise self.bad_answer("has neither data nor Error")
        self.secrecy.note(answer.body["data"])
        return answer.body["data"]

    async def send(self, endpoint: Endpoint, **told: str) -> Heard:
        """Send an action once. Raises ServerwareError where it was refused or has not left."""
        answer = await self._once(endpoint, told)
        if isinstance(answer, Silence):
            if not answer.sent:
                raise self._unreachable(answer)
            return Heard(False, answer.reason, answered=False)
        if answer.status >= 500:
            return Heard(False, self._words(answer))
        if answer.status >= 300 or (isinstance(answer.body, dict) and "Error" in answer.body):
            raise self._error(answer)
        return Heard(True)

    def bad_answer(self, what: str) -> ServerwareError:
        return ServerwareError(
            Trouble.BAD_ANSWER, f"an answer of SERVERware at {self.host} {what}",
            "correct serverware: in the profile, or see what answers there",
        )

    async def _once(self, endpoint: Endpoint, told: dict[str, str]) -> Answer | Silence:
        """Errors become values here, so that no exception carries a request with its token onwards."""
        path = _filled(endpoint.path, {name: quote(value, safe="") for name, value in told.items()})
        body = _fill(endpoint.body, told) if endpoint.body is not None else None
        try:
            response = await self._client.request(endpoint.method.value, path, json=body)
            return Answer(response.status_code, _json(response))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _silence(error)

    def _unreachable(self, silence: Silence) -> ServerwareError:
        if silence.certificate:
            return ServerwareError(
                Trouble.CERTIFICATE, f"SERVERware at {self.host} was not spoken to: {silence.reason}",
                f"see who answers there, and correct certificate of credential {self._credential!r} if it is right",
            )
        return ServerwareError(
            Trouble.UNREACHABLE, f"SERVERware at {self.host} {silence.reason}", "see whether it runs, and repeat"
        )

    def _error(self, answer: Answer) -> ServerwareError:
        said = self._words(answer)
        if answer.status == 401:
            return ServerwareError(
                Trouble.TOKEN_REFUSED, f"SERVERware at {self.host} refuses the token of {self._credential!r}",
                "write a valid one into its token_file",
            )
        trouble = {404: Trouble.NOT_FOUND, 409: Trouble.BUSY, 423: Trouble.BUSY}.get(answer.status, Trouble.REFUSED)
        remedies = {403: "give the token the right to do this", 404: "correct the VPS id, or the profile's endpoints"}
        remedy = remedies.get(answer.status, "see its web page for the reason")
        return ServerwareError(trouble, f"SERVERware at {self.host} {said}", remedy)

    def _words(self, answer: Answer) -> str:
        said = answer.body.get("Error") if isinstance(answer.body, dict) else None
        return f"answered {answer.status}" + (f": {self.secrecy.hide(str(said))}" if said else "")


def steady(poll_s: float) -> wait_base:
    return wait_fixed(poll_s)


def _worth_having(answer: Answer | Silence) -> bool:
    if isinstance(answer, Silence):
        return answer.certificate
    return answer.status < 500 and answer.status != 429


def _silence(error: Exception) -> Silence:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, WrongCertificate):
            return Silence(f"its certificate SHA256:{cause.seen} is not the recorded one", False, certificate=True)
        if "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return Silence("its certificate is not one of the recorded authority", False, certificate=True)
        cause = cause.__cause__ or cause.__context__
    sent = not isinstance(error, _NOT_SENT)
    if isinstance(error, httpx.TimeoutException):
        return Silence("did not answer in time", sent)
    return Silence("ended the connection without an answer" if sent else "cannot be reached", sent)


def _json(response: httpx.Response) -> JsonValue:
    try:
        body: JsonValue = response.json()
    except ValueError:
        return None
    return body


def _filled(text: str, told: dict[str, str]) -> str:
    for name, value in told.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _fill(body: JsonValue, told: dict[str, str]) -> JsonValue:
    if isinstance(body, str):
        return _filled(body, told)
    if isinstance(body, dict):
        return {name: _fill(value, told) for name, value in body.items()}
    return [_fill(each, told) for each in body] if isinstance(body, list) else body
