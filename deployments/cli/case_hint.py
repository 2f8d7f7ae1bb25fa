"""How what a person has to do is told to Uplift: the command, with what it needs, for the case as it is."""
from __future__ import annotations

from deployments.cli.case_plan import DIGEST
from tasks.model.case import Case, State
from tasks.rules.lifecycle import NeedsPerson, Next, Who
from tasks.rules.moves.table import phase
from tasks.rules.todo import todo

S = State


def hint(case: Case, what: Next) -> str:
    """The command that records it; "" where nobody has to do anything, or no one command fits."""
    if not isinstance(what, NeedsPerson):
        return ""
    command = _command(case, what)
    theirs = what.who is Who.CLIENT and case.state is not S.SCHEDULED
    return f"uplift case {command}{' --by NAME --how telephone' if theirs else ''}" if command else ""


def _command(case: Case, what: NeedsPerson) -> str:
    digest, left = (case.plan_digest or "")[:DIGEST], todo(case)
    match case.state:
        case S.NOTIFIED:
            return f'note {case.id} "…" --client-told'
        case S.AWAITING_APPROVAL:
            return f"approve {case.id} --plan {digest} --all"
        case S.REMEDIATING:
            return f"done {case.id} {(*left.client, *left.engineer, 'ACTION')[0]}"
        case S.PROPOSED:
            return f"confirm {case.id} --slot 1" + ("" if case.agreed else f" --plan {digest}")
        case S.SCHEDULED:
            return f'attest {case.id} --ref PATH --evidence "…" --taken-at TIME --by NAME'
        case S.NEEDS_ENGINEER if phase(case) is S.OPENED:
            return f"assign {case.id} NAME"
        case S.NEEDS_ENGINEER:
            return f'release {case.id} --reason "…"'
        case S.REVERTED:
            return f'postpone {case.id} --reason "…"'
        case S.WATCHING:
            return f"close {case.id}"
        case _:
            return ""
