"""What a mail server's log says became of messages: Postfix's form, one line for each recipient and attempt."""
from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from tasks.model.errors import UserError
from tasks.model.incoming_mail import Fate, Reported

LONGEST_BYTES = 64_000_000          # of the log's end that are read
_QUEUED = re.compile(r"postfix[\w/-]*/cleanup\[\d+\]: (\w{5,20}): message-id=(<\S+>)\s*$")
_TRIED = re.compile(
    r"postfix[\w/-]*/\w+\[\d+\]: (\w{5,20}): to=<([^<>\s]+)>, (?:orig_to=<[^<>\s]*>, )?relay=\S+?, "
    r".*?\bdsn=[\d.]+, status=(sent|bounced|expired|deferred) \((.*)\)\s*$"
)
_FATES = {"sent": Fate.ARRIVED, "bounced": Fate.FAILED, "expired": Fate.FAILED, "deferred": Fate.DELAYED}


def fates_in(lines: Iterable[str], wanted: Collection[str]) -> list[tuple[str, Reported]]:
    """(message id, what became of it) in the order of the log. Queue ids are used again: the newest use counts."""
    queued: dict[str, str] = {}
    found = []
    for line in lines:
        if known := _QUEUED.search(line):
            queued.pop(known[1], None)
            if known[2] in wanted:
                queued[known[1]] = known[2]
        elif (tried := _TRIED.search(line)) and tried[1] in queued:
            found.append((queued[tried[1]], Reported(tried[2], _FATES[tried[3]], tried[4][:500])))
    return found


def lines_of(path: Path) -> Iterator[str]:
    """The log's end. Raises UserError where it cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LONGEST_BYTES))
            for line in file:
                yield line.decode("utf-8", errors="replace")
    except OSError as error:
        raise UserError("mail_log_unreadable", f"{path} cannot be read ({error.strerror})",
                        "let this user read it, or remove incoming: {log: …} from mail.yaml") from None
