"""Which systems of a fleet an expression means: ``tag=vip and country=GB and not environment=serverware``.

Pure. A comparison is ``field=value`` or ``field!=value``; a value may hold the wildcards ``*`` and ``?`` and is quoted
where it holds spaces (``client="Acme Ltd"``). ``not`` binds closest, then ``and``, then ``or``; brackets group. Case
counts, since two ids may differ by nothing else. An expression that selects nothing is an error, because a typing
mistake must not read as "nothing to do".
"""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase

from tasks.model.errors import UserError
from tasks.model.fleet import Fleet, System

FIELDS: dict[str, Callable[[System], tuple[str, ...]]] = {
    "id": lambda system: (system.id,),
    "client": lambda system: (system.client,),
    "environment": lambda system: (system.environment.value,),
    "edition": lambda system: (system.edition.value,),
    "country": lambda system: (system.country,),
    "timezone": lambda system: (system.timezone,),
    "engineer": lambda system: (system.engineer,) if system.engineer else (),
    "profile": lambda system: (system.profile,),
    "host": lambda system: (system.ssh.host,),
    "tag": lambda system: tuple(system.tags),
}
MAX_NESTING = 50
_TOKEN = re.compile(r'\s*(?:(?P<sign>[()]|!=|=)|"(?P<double>[^"]*)"|\'(?P<single>[^\']*)\'|(?P<word>[^\s()=!"\']+))')

Predicate = Callable[[System], bool]


@dataclass(frozen=True)
class Token:
    text: str
    at: int             # 1-based column
    quoted: bool
    sign: bool


def select(fleet: Fleet, expression: str) -> tuple[System, ...]:
    """The systems that the expression means, in the fleet's order.

    Raises UserError: not an expression, an unknown field, or nothing selected.
    """
    matches = parse(expression)
    chosen = tuple(system for system in fleet.systems if matches(system))
    if not chosen:
        raise UserError(
            "nothing_selected",
            f"--select {expression!r} matches none of the {len(fleet.systems)} systems",
            _what_there_is(fleet, expression),
        )
    return chosen


def parse(expression: str) -> Predicate:
    """The expression as a function of a system. Raises UserError with the column of what cannot be read."""
    parser = _Parser(expression, _tokens(expression))
    predicate = parser.either(0)
    if parser.position < len(parser.tokens):
        raise parser.wrong("and, or, or the end")
    return predicate


class _Parser:
    """Recursive descent, one method a level of binding."""

    def __init__(self, expression: str, tokens: list[Token]) -> None:
        self.expression = expression
        self.tokens = tokens
        self.position = 0

    def either(self, depth: int) -> Predicate:
        parts = [self.both(depth)]
        while self.taken("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else lambda system: any(part(system) for part in parts)

    def both(self, depth: int) -> Predicate:
        parts = [self.one(depth)]
        while self.taken("and"):
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else lambda system: all(part(system) for part in parts)

    def one(self, depth: int) -> Predicate:
        if depth > MAX_NESTING:
            raise self.wrong(f"at most {MAX_NESTING} levels of brackets and nots")
        if self.taken("not"):
            inner = self.one(depth + 1)
            return lambda system: not inner(system)
        if self.taken("(", sign=True):
            inside = self.either(depth + 1)
            if not self.taken(")", sign=True):
                raise self.wrong("a closing bracket")
            return inside
        return self.comparison()

    def comparison(self) -> Predicate:
        name = self.value("a field, like tag=vip")
        if name.text not in FIELDS:
            near = get_close_matches(name.text, FIELDS, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"use one of {', '.join(FIELDS)}"
            raise UserError("bad_selection", f"--select knows no field {name.text!r} (column {name.at})", remedy)
        equal = self.taken("=", sign=True)
        if not equal and not self.taken("!=", sign=True):
            raise self.wrong(f"= or != after {name.text}")
        pattern = self.value(f"a value for {name.text}").text.replace("[", "[[]")      # only * and ? are wild
        values = FIELDS[name.text]
        return lambda system: any(fnmatchcase(value, pattern) for value in values(system)) is equal

    def taken(self, text: str, *, sign: bool = False) -> bool:
        token = self.tokens[self.position] if self.position < len(self.tokens) else None
        if token is None or token.text != text or token.sign is not sign or token.quoted:
            return False
        self.position += 1
        return True

    def value(self, wanted: str) -> Token:
        token = self.tokens[self.position] if self.position < len(self.tokens) else None
        if token is None or token.sign or (token.text in ("and", "or", "not") and not token.quoted):
            raise self.wrong(wanted)
        self.position += 1
        return token

    def wrong(self, wanted: str) -> UserError:
        if self.position < len(self.tokens):
            token = self.tokens[self.position]
            found = f"{token.text!r} at column {token.at}"
        else:
            found = "its end"
        message = f"--select {self.expression!r} needs {wanted} instead of {found}"
        return UserError("bad_selection", message, "write it like 'tag=vip and not country=GB'")


def _tokens(expression: str) -> list[Token]:
    tokens, position, text = [], 0, expression.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise UserError(
                "bad_selection",
                f"--select {expression!r} cannot be read at column {position + 1}",
                "close the quotes, and quote values with special signs",
            )
        group = found.lastgroup or ""
        tokens.append(Token(found[group], found.start(group) + 1, group in ("double", "single"), group == "sign"))
        position = found.end()
    return tokens


def _what_there_is(fleet: Fleet, expression: str) -> str:
    """What the fields of the expression hold in this fleet, as far as it can be told in a sentence."""
    for token in _tokens(expression):
        if token.text in FIELDS and not token.quoted:
            values = sorted({value for system in fleet.systems for value in FIELDS[token.text](system)})
            if 0 < len(values) <= 12:
                return f"{token.text} is one of {', '.join(values)}"
    return "correct it, or leave --select out"
