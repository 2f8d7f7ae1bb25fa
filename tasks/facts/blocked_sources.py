"""Whether the addresses from which test calls come are blocked: by fail2ban, or by what the profile names for sipPROT.

The address from which this login comes is one of them: Uplift calls from where it inspects. Of the addresses that are
blocked only the number leaves the system. A system without fail2ban and without a named list blocks nobody so.
"""
from __future__ import annotations

import re
import shlex

from tasks.model.answer import Answer
from tasks.model.asterisk_facts import BlockedSources
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import lines, permitted, whole

_COUNT = (
    'BEGIN { split(sources, told, " "); for (i in told) ours[told[i]] = 1 } '
    '{ for (i = 1; i <= NF; i++) if ($i ~ /^[0-9a-fA-F]*[.:][0-9a-fA-F.:]+$/) { n++; '
    'if ($i in ours) print "blocked", $i, name } } END { print "list", name, n + 0 }'
)
_LIST = re.compile(r"^list (\S+) (\d{1,9})$", re.ASCII)
_BLOCKED = re.compile(r"^blocked ([0-9a-fA-F.:]+) (\S+)$", re.ASCII)


def ask(profile: Profile) -> str:
    telephony = profile.telephony
    named = shlex.quote(" ".join(telephony.test_sources))
    awk = f'awk -v sources="$sources" -v name="$name" {shlex.quote(_COUNT)}'
    asked = [f'sources="${{SSH_CLIENT%% *}} "{named}', 'echo "sources $sources"']
    if telephony.block_list is not None:
        command = shlex.join(telephony.block_list)
        asked.append(f'name=block_list; blocked=$({command}) && echo "$blocked" | {awk} || echo failed block_list')
    asked.append(
        "if command -v fail2ban-client >/dev/null 2>&1; then status=$(fail2ban-client status) || echo no fail2ban; "
        "echo \"$status\" | sed -n 's/.*Jail list:[[:space:]]*//p' | tr -d ' \\t' | tr ',' '\\n' | grep . | "
        'while read -r name; do fail2ban-client status "$name" </dev/null | sed -n "s/.*Banned IP list://p" | '
        f"{awk}; done; fi; true"
    )
    return "; ".join(asked)


def parse(answer: Answer) -> BlockedSources:
    told = list(lines(permitted(whole(answer))))
    if not told or not told[0].startswith("sources"):
        raise Unreadable("expected the addresses from which test calls come, got none")
    if "failed block_list" in told:
        raise Unreadable("expected the addresses that the profile's block_list prints; the command failed")
    lists = [found for line in told if (found := _LIST.match(line))]
    blocked = [found for line in told if (found := _BLOCKED.match(line))]
    return BlockedSources(
        tuple(dict.fromkeys(told[0].split()[1:])), tuple((one[1], int(one[2])) for one in lists),
        tuple(sorted({(one[1], one[2]) for one in blocked})),
    )


FACT = ShellFact("blocked_sources", BlockedSources, ask, parse)
