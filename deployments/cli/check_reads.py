"""Which entries of a profile a check reads: found in its source and in that of the functions it calls."""
from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

from pydantic import BaseModel

from tasks.model.check import Check
from tasks.model.profile import Profile


def profile_entries(check: Check, profile: Profile) -> dict[str, Any]:
    """The entries by their path (``estimate.promised_downtime_s``) with what the profile says there, as JSON data."""
    if Profile not in {of for _, of in check.needs}:
        return {}
    found = sorted(set(_paths(_function(check.judge), set())))
    told = {path: value for path in found if (value := _at(profile, path)) is not None}
    data: dict[str, Any] = profile.model_dump(mode="json")
    return {path: _plain(data, path) for path in told}


def _paths(function: FunctionType, seen: set[str]) -> Iterator[str]:
    """``profile.a.b`` as ``a.b``, in this function, in those of this project that it names, in Profile's methods."""
    seen.add(function.__qualname__)
    of = "self" if function.__qualname__.startswith("Profile.") else "profile"
    for path in re.findall(rf"\b{of}\.([a-z_]+(?:\.[a-z_]+)?)", inspect.getsource(function)):
        method = inspect.getattr_static(Profile, path.partition(".")[0], None)
        if isinstance(method, FunctionType) and method.__qualname__ not in seen:
            yield from _paths(method, seen)
        yield path
    for name in _names(function):
        called = function.__globals__.get(name)
        if isinstance(called, FunctionType) and called.__module__.startswith("tasks.") and (
            called.__qualname__ not in seen and "profile" in inspect.signature(called).parameters
        ):
            yield from _paths(called, seen)


def _names(function: FunctionType) -> set[str]:
    """The names that it and its comprehensions use."""
    inner = [code for code in function.__code__.co_consts if inspect.iscode(code)]
    return {name for code in (function.__code__, *inner) for name in code.co_names}


def _function(judge: Callable[..., Any]) -> FunctionType:
    assert isinstance(judge, FunctionType)
    return judge


def _at(profile: Profile, path: str) -> Any:
    """The value or section at a path, None where it is none: a method, or a method of a value."""
    value: Any = profile
    for name in path.split("."):
        if not isinstance(value, BaseModel) or name not in type(value).model_fields:
            return None
        value = getattr(value, name)
    return value


def _plain(data: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        data = data[name]
    return data
