"""What Pydantic found wrong, in words that say what to do, at the line where it stands."""
from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tasks.model import fleet
from tasks.model.errors import UserError
from tasks.wire.marked_yaml import Fault, Location, line_of, parse_yaml, read_text

M = TypeVar("M", bound=BaseModel)
Name = Callable[[Location], str]

_SHAPES = {
    "string_type": ("text", 'quote it: "{input}"'),
    "bool_type": ("true or false", "write true or false"),
    "bool_parsing": ("true or false", "write true or false"),
    "int_type": ("a whole number", "write a number without quotes"),
    "int_parsing": ("a whole number", "write a number"),
    "float_type": ("a number", "write a number without quotes"),
    "float_parsing": ("a number", "write a number"),
    "tuple_type": ("a list", "write it as [first, second]"),
    "frozen_set_type": ("a list", "write it as [first, second]"),
    "dict_type": ("a mapping", "write it as {key: value}"),
    "model_type": ("a mapping", "write it as {key: value}"),
    "time_type": ("a time", "write it like 09:00"),
    "time_parsing": ("a time", "write it like 09:00"),
    "date_type": ("a date", "write it like 2026-12-24"),
    "date_parsing": ("a date", "write it like 2026-12-24"),
    "date_from_datetime_parsing": ("a date", "write it like 2026-12-24"),
    "date_from_datetime_inexact": ("a date", "write it like 2026-12-24, without a time"),
    "too_short": ("long enough", "add at least one entry, or remove the field"),
    "string_too_short": ("long enough", "write at least one character, or remove the field"),
    "string_too_long": ("short enough", "shorten it"),
}
_LIMITS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("of at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("of at most", "le"),
}
_PATTERNS = {
    fleet.SLUG: "use letters, digits, dot, underscore and hyphen (64 at most, a letter or digit first)",
    fleet.HOST: "write a host name or an address, without user, port or scheme",
    fleet.EMAIL: "write one address like jo@example.com",
    fleet.COUNTRY: "write the two-letter ISO code in capitals, like GB",
    fleet.LANGUAGE: "write the two-letter code, like en",
    fleet.LINE: "write one line without control characters",
}


def faults_of(error: ValidationError, model: type[BaseModel], data: Any, name: Name | None = None) -> Iterator[Fault]:
    """One Fault for each error; ``data`` is what was validated, ``name`` how its owner writes a field's place."""
    for found in error.errors(include_url=False):
        where = tuple(found["loc"])
        message, remedy = _words(found, model, where, (name or dotted)(where))
        yield Fault(line_of(data, where), message, remedy, where)


def read_model(path: Path, model: type[M], *, code: str) -> M:
    """A YAML file as a model. Raises UserError naming every fault with its line."""
    data, faults = parse_yaml(read_text(path))
    if not faults:
        try:
            return model.model_validate(data if data is not None else {})
        except ValidationError as error:
            faults = list(faults_of(error, model, data))
    raise faulty(path, faults, code=code)


def faulty(path: Path, faults: list[Fault], *, code: str) -> UserError:
    """The UserError that names all faults of one file."""
    *others, last = [f"{path}:{fault.line}: {fault.message}; {fault.remedy}" for fault in faults]
    if not others:
        return UserError(code, f"{path}:{faults[0].line}: {faults[0].message}", faults[0].remedy)
    return UserError(code, f"{path} has {len(faults)} errors: " + " | ".join([*others, last]), "mend them all")


def nearest(name: str, known: typing.Iterable[str]) -> str:
    """A remedy for an unknown name: the known one that it resembles, or all of them."""
    names = sorted(known)
    close = get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"remove it; known here: {', '.join(names)}"


def _words(found: Any, model: type[BaseModel], where: Location, name: str) -> tuple[str, str]:
    kind, given = found["type"], found["input"]
    context = found.get("ctx", {})
    if kind == "missing":
        return f"{name} is missing", "add it"
    if kind == "extra_forbidden":
        inside = dotted(where[:-1])
        return f"unknown field {where[-1]!r}" + (f" in {inside}" if inside else ""), nearest(
            str(where[-1]), fields_at(model, where[:-1])
        )
    if kind == "value_error":
        message, _, remedy = str(context["error"]).partition("; ")
        return f"{name}: {message}" if name else message, remedy or "correct it"
    if kind in ("enum", "literal_error"):
        return f"{name} is {_shown(given)}", f"write {context['expected'].replace(chr(39), '')}"
    if kind == "string_pattern_mismatch":
        return f"{name} is not well formed", _PATTERNS.get(context["pattern"], f"match {context['pattern']}")
    if kind in _LIMITS:
        words, limit = _LIMITS[kind]
        return f"{name} is {given}", f"write a number {words} {context[limit]}"
    if kind in _SHAPES:
        wanted, remedy = _SHAPES[kind]
        if given is None:
            return f"{name} is empty", "write a value, or remove the field"
        return f"{name} is not {wanted}", "write text" if isinstance(given, dict | list) else (
            remedy.replace("{input}", str(given)))
    return f"{name}: {found['msg'][:1].lower()}{found['msg'][1:]}", "correct it"


def dotted(where: Location) -> str:
    """``('contacts', 0, 'email')`` as ``contacts[0].email``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where).lstrip(".")


def fields_at(model: type[BaseModel], where: Location) -> tuple[str, ...]:
    """The field names that a mapping at ``where`` may have."""
    found: type[BaseModel] | None = model
    for step in where:
        if isinstance(step, str) and found is not None and step in found.model_fields:
            found = _model_in(found.model_fields[step].annotation)
    return tuple(found.model_fields) if found is not None else ()


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in typing.get_args(annotation) if (found := _model_in(part))), None)


def _shown(given: object) -> str:
    return repr(given) if isinstance(given, str | int) and len(str(given)) <= 40 else "none of the known words"
