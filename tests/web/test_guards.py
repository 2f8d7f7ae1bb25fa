"""What every request passes before a route sees it."""
from __future__ import annotations

from deployments.web.guards import Guarded, Message, Receive, Scope, Send


async def test_what_a_sender_hung_up_on_half_way_reaches_no_route() -> None:
    """Half a form is not what a person sent: an answer of "no, because" could lose its reason, a message its end."""
    seen: list[Scope] = []
    told: list[Message] = []
    came = iter((
        {"type": "http.request", "body": b"form=1.genuine&text=do+not+", "more_body": True},
        {"type": "http.disconnect"},
    ))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    async def receive() -> Message:
        return next(came)

    async def send(message: Message) -> None:
        told.append(message)

    headers = [(b"content-length", b"60")]
    await Guarded(app)({"type": "http", "headers": headers, "client": ("198.51.100.7", 1)}, receive, send)
    assert seen == []
