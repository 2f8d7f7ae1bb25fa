"""``uplift case``: one client's upgrade, from the ticket to the closed case."""
from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from deployments.cli import case_agreement, case_assign, case_change, case_data, case_done, case_remedy, case_run
from deployments.cli.case_journal import journal_line, told
from deployments.cli.case_link import link
from deployments.cli.case_notice import notice
from deployments.cli.case_record import CaseId, case_store, system_user, typed_line
from deployments.cli.case_story import Around, around_row, case_row, long_since, next_sentence, story
from deployments.cli.errors import ExitCode
from deployments.cli.output import AsJson, console, print_json, print_table
from reports.text import one_line
from tasks.model.case import OVER, Case, State
from tasks.model.engineer import Absence
from tasks.model.errors import UserError
from tasks.model.ledger import JournalEntry, OutboxState
from tasks.rules.lifecycle import Awaited, Due, Wait, next_step
from tasks.rules.presence import absent
from tasks.wire.engineers import load_engineers
from tasks.wire.home import find_home
from tasks.wire.store import Store

app = typer.Typer(add_completion=False, no_args_is_help=True, help="One client's upgrade, from ticket to closed case.")
POLL_S = 2.0
COLUMNS = ("case", "client · system", "to", "state", "for", "engineer", "next")


@app.command("list")
def list_cases(
    state: Annotated[list[State] | None, typer.Option(help="Only in this state; may be repeated.")] = None,
    system: Annotated[str | None, typer.Option(help="Only of this system.")] = None,
    engineer: Annotated[str | None, typer.Option(help="Only of this engineer.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only of the engineer who has your user name.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Closed and cancelled ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """The cases that are under way, each with its next action."""
    engineer = _me(engineer) if mine else engineer
    with case_store() as store:
        now, hold = store.now(), store.hold()
        found = [case for case in store.cases(state or None, system)
                 if (everything or state or case.state not in OVER) and engineer in (None, case.engineer)]
        unsure = Counter(each.case_id for each in store.messages(state=OutboxState.UNSURE))
    cases = [(case, next_step(case, now, hold)) for case in found]
    if as_json:
        print_json([case_row(case, what) for case, what in cases])
    else:
        print_table(COLUMNS, [
            tuple(map(one_line, (c.id, f"{c.client} · {c.system_id}", str(c.target), c.state, long_since(now - c.since),
                                 c.engineer or "", next_sentence(c, what) + _in_doubt(unsure[c.id]))))
            for c, what in cases
        ])


def _in_doubt(messages: int) -> str:
    return f"; {messages} message{'s' * (messages > 1)} in doubt: see `uplift case show`" if messages else ""


def _me(given: str | None) -> str:
    """Whoever is at the keyboard. Raises UserError where another is named, or engineers.yaml does not know them."""
    name, engineers = system_user(), load_engineers(find_home())
    if given is not None:
        raise UserError("usage", "--mine and --engineer both say whose", "give one of the two")
    if engineers.engineers and engineers.named(name) is None:
        raise UserError("engineer_unknown", f"engineers.yaml has no {one_line(name)!r}, which is your user name",
                        "give --engineer NAME")
    return name


@app.command()
def show(case_id: CaseId, as_json: AsJson = False) -> None:
    """Everything about a case on one screen, and the next action in one sentence."""
    with case_store() as store:
        case = store.case(case_id)
        now, hold, entries = store.now(), store.hold(), _entries(store, case_id)
        data = case_data.Kept().sentence(case)
        around = Around(store.messages(case_id), store.tickets_of(case_id), _absence(case, now), data)
    what = next_step(case, now, hold)
    if as_json:
        print_json(case_row(case, what) | {"personal_data": data or None,
                                           "hold": hold.model_dump(mode="json") if hold else None,
                                           "journal_entries": len(entries), "case": case.model_dump(mode="json"),
                                           **around_row(case, what, around)})
    else:
        console().print(story(case, entries, hold, what, now, around))


def _absence(case: Case, now: datetime) -> Absence | None:
    """Of the case's engineer, today. A file that cannot be read is `uplift engineers check`'s to tell."""
    try:
        engineer = load_engineers(find_home()).named(case.engineer)
    except UserError:
        return None
    return absent(engineer, now) if engineer else None


@app.command()
def journal(case_id: CaseId, as_json: AsJson = False) -> None:
    """What happened, in order, with who did it."""
    with case_store() as store:
        store.case(case_id)
        entries = _entries(store, case_id)
    if as_json:
        print_json([entry.model_dump(mode="json") | {"told": told(entry)} for entry in entries])
    else:
        for entry in entries:
            print(f"{entry.number:>3}  {journal_line(entry)}")


@app.command("verify-journal")
def verify_journal(
    case_id: Annotated[str | None, typer.Argument(metavar="CASE", help="One case (default: all).",
                                                  callback=typed_line)] = None,
    as_json: AsJson = False,
) -> None:
    """Whether the journal is as it was written. Exit code 1, and the entry, where it was edited or cut."""
    with case_store() as store:
        faults = store.verify_journal(_existing(store, case_id))
        ids = [] if faults else [case_id] if case_id else [case.id for case in store.cases()]
        entries = sum(len(store.journal(each)) for each in ids)
    if as_json:
        counts = {} if faults else {"cases": len(ids), "entries": entries}
        told_faults = [{"case_id": f.case_id, "number": f.number, "what": f.what} for f in faults]
        print_json({"verified": not faults, **counts, "faults": told_faults})
    else:
        whose = "1 case" if len(ids) == 1 else f"{len(ids)} cases"
        for line in map(str, faults) if faults else [f"{entries} entries of {whose} are as they were written"]:
            print(one_line(line))
    if faults:
        raise typer.Exit(ExitCode.FAILED)


def _existing(store: Store, case_id: str | None) -> str | None:
    """Raises NoSuchCase: a mistake of who asks, not of the journal."""
    if case_id:
        with suppress(ValidationError):         # a document that was edited is what we are here to find
            store.case(case_id)
    return case_id


@app.command()
def follow(case_id: CaseId) -> None:
    """Print the journal as it grows, until nothing is under way. Leaving it (Ctrl-C) stops nothing."""
    with case_store() as store:
        shown = 0
        while True:
            case, entries = store.case(case_id), _entries(store, case_id)
            for entry in entries[shown:]:
                print(journal_line(entry), flush=True)
            shown = len(entries)
            what = next_step(case, store.now(), store.hold())
            if not isinstance(what, Due) and not (isinstance(what, Wait) and what.awaited is Awaited.RUN):
                print(f"{case.id} is {case.state}. Next: {next_sentence(case, what)}.")
                return
            time.sleep(POLL_S)


def _entries(store: Store, case_id: str) -> tuple[JournalEntry, ...]:
    try:
        return store.journal(case_id)
    except ValueError:
        raise UserError("journal_unreadable", f"an entry of the journal of {case_id} cannot be read any more",
                        f"see `uplift case verify-journal {case_id}`") from None


WORDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("assign", case_assign.assign), ("note", case_change.note), ("approve", case_agreement.approve),
    ("decline", case_agreement.decline), ("waive", case_agreement.waive), ("done", case_done.done),
    ("propose", case_agreement.propose), ("confirm", case_agreement.confirm), ("postpone", case_agreement.postpone),
    ("cancel", case_change.cancel), ("attest", case_change.attest), ("accept-backup", case_change.accept_backup),
    ("release", case_change.release), ("override", case_change.override), ("stop", case_change.stop),
    ("remedies", case_remedy.remedies), ("notice", notice),
    ("remediate", case_remedy.remediate), ("undo", case_remedy.undo), ("upgrade", case_run.upgrade),
    ("test", case_run.test), ("revert", case_change.revert),
    ("close", case_change.close), ("keep", case_data.keep), ("erase", case_data.erase), ("link", link),
)
for _name, _command in WORDS:
    app.command(_name)(_command)
