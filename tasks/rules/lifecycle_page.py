"""The page docs/lifecycle.md, made from the table of moves; run as a module it writes the page to its output."""
from __future__ import annotations

import sys
from collections.abc import Iterator

from tasks.model.case import State, Step
from tasks.rules import lifecycle
from tasks.rules.gate import GUARDS, NEVER
from tasks.rules.moves import MOVES, Move

SIDE = (State.NEEDS_ENGINEER, State.CANCELLED, State.POSTPONED)
COMMAND = "python -m tasks.rules.lifecycle_page > docs/lifecycle.md"


def page() -> str:
    """The whole page, as it stands in the repository."""
    invariants = (lifecycle.__doc__ or "").partition("\n\n")[2].strip()
    lines = [
        "# The lifecycle of a case", "",
        f"Made from the code; do not edit. Make it again with `{COMMAND}`.", "",
        invariants, "",
        "## The way of a case", "", *_diagram(main=True), "",
        "From almost everywhere a case can come into its engineer's hands, be cancelled or be postponed:", "",
        *_diagram(main=False), "",
        "## Events", "",
        "“stays” is a move that leaves the state as it is. An event that is told in another state, by a run that is",
        "not under way, or by a step that cannot tell it, is refused with the reason and what to do instead.", "",
        "| event | told by | moves |", "|---|---|---|", *(_row(move) for move in MOVES.values()), "",
        "## Guards before a change", "",
        "| step | guards |", "|---|---|",
        *(f"| {step} | {', '.join(guards)} |" for step, guards in GUARDS.items()), "",
        f"Never overridden: {', '.join(sorted(NEVER))}. Any other is overridden only by a recorded decision with",
        "a name and a reason, for one plan revision of one case.", "",
    ]
    return "\n".join(lines)


def _kind(move: Move) -> str:
    return str(move.event.model_fields["kind"].default)


def _diagram(*, main: bool) -> Iterator[str]:
    """One arrow for each pair of states, with the events that lead along it."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for move in MOVES.values():
        for source, targets in move.edges.items():
            for target in sorted(targets - {source}):
                if (source in SIDE or target in SIDE) != main:
                    arrows.setdefault((source, target), []).append(_kind(move))
    order = list(State)
    yield from ("```mermaid", "stateDiagram-v2")
    if main:
        yield "    [*] --> opened"
        for source, target in sorted(arrows, key=lambda pair: (order.index(pair[0]), order.index(pair[1]))):
            yield f"    {source} --> {target}: {', '.join(arrows[source, target])}"
        yield "    closed --> [*]"
    else:
        for side in SIDE:
            into = sorted((s for s, t in arrows if t is side), key=order.index)
            back = sorted((t for s, t in arrows if s is side), key=order.index)
            yield from (f"    {source} --> {side}" for source in into)
            yield from (f"    {side} --> {target}" for target in back if target not in SIDE)
    yield "```"


def _row(move: Move) -> str:
    teller = ", ".join(step for step in Step if step in move.reports)
    tellers = "any step's run" if len(move.reports) == len(Step) else teller or "a person or the reconciler"
    grouped: dict[tuple[str, ...], list[State]] = {}
    for source, targets in move.edges.items():
        names = tuple("stays" if target is source else str(target) for target in State if target in targets)
        grouped.setdefault(names, []).append(source)
    moves = "; ".join(f"{_names(sources)} → {' or '.join(names)}" for names, sources in grouped.items())
    return f"| `{_kind(move)}` | {tellers} | {moves} |"


def _names(states: list[State]) -> str:
    if len(states) == len(State):
        return "any state"
    return ", ".join(state for state in State if state in states)


if __name__ == "__main__":
    sys.stdout.write(page())
