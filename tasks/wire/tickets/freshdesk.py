"""Freshdesk, API v2. What is known of it, and how well, stands in its public reference and working clients.

Lists are walked by the time of change, not by page number: a ticket that changes meanwhile moves to the end and shifts
the pages, so that one would be passed over; and the list ends after page 300 (airbyte#3858).
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from tasks.model.ticket import LONGEST_TEXT, LONGEST_VALUE, Act, Answer, Ticket
from tasks.model.ticket_settings import CLOSED, Desk
from tasks.rules.ticket_order import plain_of
from tasks.rules.ticket_words import body_of, marked
from tasks.wire.tickets.calls import Calls
from tasks.wire.tickets.desk import DeskError

PER_PAGE = 100
LAST_PAGE = 300
OVERLAP = timedelta(seconds=1)          # whether updated_since includes its second is not documented
MOST_CONVERSATIONS = 50                 # pages of one ticket


class Freshdesk:
    """One account. An agent's id is asked for once."""

    def __init__(self, name: str, desk: Desk, calls: Calls) -> None:
        self.name, self._desk, self._calls = name, desk, calls
        self._agents: dict[str, int | None] = {}

    def close(self) -> None:
        self._calls.close()

    def changed(self, since: datetime) -> Iterator[tuple[Ticket, ...]]:
        page = 1
        while True:
            reply = self._calls.get(
                "tickets", updated_since=_stamp(since), order_by="updated_at", order_type="asc",
                include="description,requester", per_page=PER_PAGE, page=page,
            )
            rows = self._list(reply.body)
            tickets = tuple(filter(None, map(self._read, rows)))
            yield tickets
            if not reply.more:
                return
            last = tickets[-1].updated_at - OVERLAP if tickets else since
            if last > since:
                since, page = last, 1
            elif page < LAST_PAGE:
                page += 1               # a hundred and more tickets of one second
            else:
                raise DeskError("desk_list_ends", f"{self._calls.url} lists no more tickets of {_stamp(since)}",
                                "import the others with `uplift ticket import`")

    def ticket(self, ticket_id: str) -> Ticket:
        body = self._calls.get(f"tickets/{int(ticket_id)}", include="requester").body
        found = self._read(body)
        if found is None:
            raise DeskError("desk_bad_answer", f"what {self._calls.url} tells of ticket {ticket_id} cannot be read",
                            "see what answers there")
        return found

    def is_done(self, answer: Answer) -> bool:
        """Notes and replies by their mark, in what agents wrote: a client cannot forge one; a status by itself."""
        if answer.act is Act.UPDATE:
            now = self._calls.get(f"tickets/{int(answer.ticket)}").body
            return isinstance(now, dict) and not self._changes(answer, now)
        wanted = marked(answer.mark)
        for page in range(1, MOST_CONVERSATIONS + 1):
            reply = self._calls.get(f"tickets/{int(answer.ticket)}/conversations", per_page=PER_PAGE, page=page)
            for each in self._list(reply.body):
                ours = not each.get("incoming") and bool(each.get("private")) == (answer.act is Act.NOTE)
                if ours and wanted in f"{each.get('body_text') or ''}{each.get('body') or ''}":
                    return True
            if not reply.more:
                return False
        raise DeskError("desk_ticket_endless", f"ticket {answer.ticket} has more conversations than are read",
                        "write on it by hand")

    def carry_out(self, answer: Answer) -> None:
        ticket = f"tickets/{int(answer.ticket)}"
        if answer.act is Act.UPDATE:
            now = self._calls.get(ticket).body
            changes = self._changes(answer, now) if isinstance(now, dict) else {}
            if changes:
                self._calls.put(ticket, changes)
        elif answer.act is Act.NOTE:
            self._calls.post(f"{ticket}/notes", {"body": body_of(answer), "private": True})
        else:
            self._calls.post(f"{ticket}/reply", {"body": body_of(answer)})

    def _changes(self, answer: Answer, now: Mapping[str, Any]) -> dict[str, Any]:
        """What is still to be set. A ticket that somebody closed stays closed."""
        changes: dict[str, Any] = {}
        if answer.status is not None and now.get("status") not in (answer.status, CLOSED):
            changes["status"] = answer.status
        agent = self._agent(answer.engineer) if answer.engineer else None
        if agent is not None and now.get("responder_id") != agent:
            changes["responder_id"] = agent
        return changes

    def _agent(self, engineer: str) -> int | None:
        """The agent's id; None where tickets.yaml or the desk knows none, which leaves the ticket as it is."""
        address = self._desk.agents.get(engineer)
        if address is None:
            return None
        if address not in self._agents:
            rows = self._list(self._calls.get("agents", email=address).body)
            found = (each["id"] for each in rows if isinstance(each.get("id"), int)
                     and str((each.get("contact") or {}).get("email", "")).lower() == address.lower())
            self._agents[address] = next(found, None)
        return self._agents[address]

    def _list(self, body: Any) -> list[dict[str, Any]]:
        if not isinstance(body, list) or not all(isinstance(each, dict) for each in body):
            raise DeskError("desk_bad_answer", f"{self._calls.url} answered something that is no list of objects",
                            "correct url in tickets.yaml")
        return body

    def _read(self, body: Any) -> Ticket | None:
        """None for what is no ticket: one that cannot be read costs only itself."""
        try:
            return ticket_of(self.name, body)
        except (ValidationError, TypeError, ValueError, AttributeError):
            return None


def ticket_of(desk: str, body: Mapping[str, Any]) -> Ticket:
    """A ticket of the API's JSON. Raises ValueError and the like where it is none."""
    text = body.get("description_text") or plain_of(str(body.get("description") or ""))
    requester = (body.get("requester") or {}).get("email")
    fields = {str(name)[:100]: str(value)[:LONGEST_VALUE] for name, value in (body.get("custom_fields") or {}).items()
              if isinstance(value, str | int | float)}
    return Ticket(
        desk=desk, id=str(int(body["id"])), subject=str(body.get("subject") or "")[:LONGEST_VALUE],
        text=str(text)[:LONGEST_TEXT], requester=str(requester).strip().lower()[:254] if requester else None,
        status=int(body["status"]), kind=str(body["type"])[:LONGEST_VALUE] if body.get("type") else None,
        tags=frozenset(str(tag)[:100] for tag in body.get("tags") or ()), fields=fields,
        responder=str(body["responder_id"]) if body.get("responder_id") else None,
        updated_at=datetime.fromisoformat(str(body["updated_at"])),
        junk=bool(body.get("spam") or body.get("deleted")),
    )


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
