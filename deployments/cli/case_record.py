"""How a command records one event of a case: through the store, refused in one sentence, told with what comes next."""
from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import ValidationError

from deployments.cli.case_story import case_row, next_sentence, zone_of
from deployments.cli.local_time import known_zone
from deployments.cli.output import print_json
from reports.text import one_line
from tasks.model.case import Case, How
from tasks.model.errors import UserError
from tasks.model.event import Event
from tasks.rules.lifecycle import Refused, next_step
from tasks.wire.case_folder import CaseFolder
from tasks.wire.fleet_file import load_fleet
from tasks.wire.home import find_home
from tasks.wire.store import Store

Make = Callable[[Case, datetime], Event]


def system_user() -> str:
    """Who is at the keyboard; behind sudo, who called it."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"user id {os.geteuid()}"


def typed_line(text: str | None) -> str | None:
    """What is typed goes into a journal that terminals show: one line, without control characters."""
    return None if text is None else one_line(text)


CaseId = Annotated[str, typer.Argument(metavar="CASE", help="The case's id, as `uplift case list` shows it.",
                                       callback=typed_line)]
By = Annotated[str, typer.Option("--by", help="Whose word it is.", callback=typed_line, show_default="the system user",
                                 default_factory=system_user)]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the journal.", callback=typed_line)]
class Told(StrEnum):
    """How a client's word reached who records it; what the client's own page records is not typed here."""

    COMMAND_LINE = How.COMMAND_LINE.value
    TELEPHONE = How.TELEPHONE.value
    MAIL = How.MAIL.value
    TICKET = How.TICKET.value


HowTold = Annotated[Told, typer.Option("--how", help="How the word reached you.")]
PlanShown = Annotated[str, typer.Option("--plan", metavar="DIGEST", help="The plan that was shown, at least its first "
                                        "8 digits, as `uplift case show` prints it.")]


@contextmanager
def case_store() -> Iterator[Store]:
    """The case database. A case that can no longer be read is a mistake to look into, not a crash."""
    with Store.open() as store:
        try:
            yield store
        except ValidationError as error:
            raise UserError("case_unreadable", f"what the database holds is no case any more ({error.title})",
                            "see `uplift case verify-journal`") from None


def client_zone(case: Case, given: str | None) -> str:
    """The zone that was given, else the fleet file's for this system, else that of the case's window.

    Raises UserError where none of them tells it.
    """
    if given:
        return known_zone(given)
    try:
        fleet, home = CaseFolder(find_home(), case.id).fleet(), find_home()
        zones = [system.timezone for system in load_fleet(fleet, home=home).systems if system.id == case.system_id]
    except UserError:
        zones = []
    zone = zones[0] if zones else zone_of(case)
    if zone is None:
        raise UserError("zone_unknown", f"no fleet file tells the time zone of {case.system_id}",
                        "give --zone, like Europe/London")
    return zone


def record(
    case_id: str, *makes: Make, as_json: bool, as_seen: bool = True,
    shown: Callable[[Case], Iterable[str]] = lambda case: (),
) -> None:
    """Record the events that ``makes`` make of the case and the database's time, and say what comes next.

    ``shown``: lines for people on what was recorded.

    ``as_seen``: only while the case is as it was read, for words that are about what it says. Raises UserError, also
    where the lifecycle refuses.
    """
    with case_store() as store:
        case = store.case(case_id)
        for make in makes:
            event = made(make, case, store.now())
            case = accepted(store.record(case.id, event, expected=case if as_seen else None))
        for line in () if as_json else shown(case):
            print(one_line(line))
        tell(store, case, as_json=as_json)


def made(make: Make, case: Case, now: datetime) -> Event:
    """The event, or what is wrong with the words that it was to be made of, in one sentence."""
    try:
        return make(case, now)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or error.title
        said = first["msg"].removeprefix("Value error, ")
        raise UserError("bad_input", f"{field.replace('_', '-')}: {said}", "correct it and repeat") from None


def accepted(answer: Case | Refused) -> Case:
    if isinstance(answer, Refused):
        raise UserError("refused", one_line(answer.reason), one_line(answer.remedy))
    return answer


def tell(store: Store, case: Case, *, as_json: bool) -> None:
    """One line on where the case is now and what comes next."""
    now, hold = store.now(), store.hold()
    if as_json:
        print_json(case_row(case, next_step(case, now, hold)))
    else:
        print(f"{case.id} is {case.state}. Next: {next_sentence(case, next_step(case, now, hold))}.")
