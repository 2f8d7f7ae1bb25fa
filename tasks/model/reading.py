"""How every parser reads: labelled lines, plain text, typed cells. All raise Unreadable with what was expected."""
from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tasks.model.answer import Answer, Cell, Rows
from tasks.model.fact import Unreadable

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LINE_CHARACTERS = 2000


def lines(answer: Answer) -> Iterator[str]:
    """The lines of stdout without colour, control characters, trailing blanks and empty lines; overlong ones cut."""
    for line in answer.stdout.split("\n"):
        plain = _CONTROL.sub("", _ESCAPE.sub("", line[: 2 * _LINE_CHARACTERS])).rstrip()
        if plain:
            yield plain[:_LINE_CHARACTERS]


def labelled(answer: Answer) -> dict[str, str]:
    """Lines of the form ``label=value``; of a repeated label the first."""
    found: dict[str, str] = {}
    for line in lines(answer):
        label, equals, value = line.partition("=")
        if equals:
            found.setdefault(label.strip(), value.strip())
    return found


def sections(answer: Answer) -> dict[str, list[str]]:
    """Lines grouped under the last line of the form ``--name--`` before them; those before the first under ``""``."""
    found: dict[str, list[str]] = {"": []}
    current = found[""]
    for line in lines(answer):
        if re.fullmatch(r"--[a-z_]+--", line):
            current = found.setdefault(line.strip("-"), [])
        else:
            current.append(line)
    return found


def whole(answer: Answer) -> Answer:
    """The answer itself, where none of it was cut."""
    if answer.truncated:
        raise Unreadable("the answer is longer than what is read of a system; expected a shorter one")
    return answer


def permitted(answer: Answer) -> Answer:
    """The answer itself, where the login was let in everywhere: what it may not see is not absent."""
    for line in answer.stderr.split("\n"):
        if "Permission denied" in line or "Operation not permitted" in line:
            raise Unreadable(f"expected a login that may read all of it; the system says {line.strip()[:160]!r}")
    return answer


def one_row(rows: Rows) -> dict[str, Cell]:
    if len(rows.rows) != 1:
        raise Unreadable(f"expected one row, got {len(rows.rows)}")
    return rows.dicts()[0]


def columns(rows: Rows, *names: str) -> list[dict[str, Cell]]:
    """The rows as dictionaries, if they have the columns ``names``."""
    missing = [name for name in names if name not in rows.columns]
    if missing:
        raise Unreadable(f"expected a column {missing[0]!r}, got {', '.join(rows.columns) or 'none'}")
    return rows.dicts()


def integer(row: dict[str, Cell], name: str) -> int:
    """A whole number; 0 where the server says NULL."""
    value = row.get(name)
    if value is None:
        return 0
    try:
        return int(value)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"expected a number in {name!r}, got {str(value)[:40]!r}") from error


def text(row: dict[str, Cell], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def moment(row: dict[str, Cell], name: str) -> datetime | None:
    """A naive time of the database; None for NULL and for MySQL's zero date."""
    value = text(row, name).strip()
    if not value or value.startswith("0000-00-00"):
        return None
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None)
    except ValueError as error:
        raise Unreadable(f"expected a time in {name!r}, got {value[:40]!r}") from error


def offset(seconds: int) -> timedelta:
    """A zone's offset, within the day that is possible."""
    if abs(seconds) >= 86_400:
        raise Unreadable(f"expected an offset from UTC of less than a day, got {seconds} s")
    return timedelta(seconds=seconds)


CONTAINER = (               # of the first process's environment, nothing but the kind of container leaves the system
    "echo --container--; tr '\\000' '\\n' </proc/1/environ 2>/dev/null | sed -n 's/^container=//p'; "
    "cat /run/systemd/container 2>/dev/null; if [ -d /proc/vz ] && [ ! -d /proc/bc ]; then echo openvz; fi; true"
)
"""The question whether the system is a container; ``contained`` reads the answer."""


def contained(told: dict[str, list[str]]) -> bool:
    """Whether the section that CONTAINER asks for names a kind of container (lxc, openvz, docker, …)."""
    return bool(told.get("container"))
