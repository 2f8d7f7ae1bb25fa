"""The report in two sentences, for a reader who reads no further: on the page, on paper and in the mail."""
from __future__ import annotations

from collections.abc import Mapping

from reports.figures import plural
from reports.text import one_line
from tasks.model.finding import Verdict

_SAID = {
    Verdict.ACTIONS_NEEDED: ("needs known steps first", "need known steps first"),
    Verdict.BLOCKED: ("is blocked", "are blocked"),
    Verdict.UNDETERMINED: ("could not be judged", "could not be judged"),
    Verdict.UNREACHABLE: ("could not be reached", "could not be reached"),
}


def headline(count: Mapping[Verdict, int], target: str) -> str:
    """``count`` has every verdict."""
    total, ready = sum(count.values()), count[Verdict.READY]
    if not total:
        return "This sweep holds no systems, so there is nothing to report."
    target = one_line(target)
    first = f"{ready:,} of {plural(total, 'system')} can be upgraded to {target} as they are."
    if ready == total:
        whole = "The one system is" if total == 1 else f"All {total:,} systems are"
        first = f"{whole} ready for {target}."
    rest = [f"{count[verdict]:,} {words[count[verdict] != 1]}" for verdict, words in _SAID.items() if count[verdict]]
    if not rest:
        return first
    return f"{first} {', '.join(rest[:-1]) + ' and ' + rest[-1] if len(rest) > 1 else rest[0]}."
