"""What stands in the way of an upgrade: one file per check, facts in, findings out.

Forbidden here: any I/O, any clock (EvaluatedAt is the time), any other check, any "while we are at it". A check judges
the facts that its parameters name, and nothing else; figures that need arithmetic come from tasks.analysis.
The folder is the registry: every module holds one function made a check by ``@check``. Its docstring is the page that
engineers and clients read. `uplift checks new NAME` writes the skeleton.
"""
from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from tasks.facts import all_facts
from tasks.model.answer import Contact
from tasks.model.check import BadCheck, Check
from tasks.model.facts import EvaluatedAt
from tasks.model.fleet import System
from tasks.model.profile import Profile
from tasks.model.release import Hop
from tasks.model.system_facts import VisitedDuring

CONTEXT: frozenset[type] = frozenset({System, Profile, Contact, EvaluatedAt, VisitedDuring})
"""What is known of a system without having reached it. Hop comes with the fact of the running release."""


@cache
def all_checks(folder: Path | None = None) -> tuple[Check, ...]:
    """Every check of this package, or of another folder, in the order of their names.

    Raises BadCheck with file and line for a module that holds no check, or one that asks for what nobody provides.
    """
    here = [str(folder)] if folder else list(__path__)
    names = sorted(info.name for info in pkgutil.iter_modules(here))
    return tuple(_check_of(_load(name, folder)) for name in names)


def _load(name: str, folder: Path | None) -> ModuleType:
    try:
        return importlib.import_module(f"{__name__}.{name}") if folder is None else _load_file(folder / f"{name}.py")
    except SyntaxError as error:
        raise BadCheck(f"{error.filename}:{error.lineno}: {error.msg}") from error


def _load_file(path: Path) -> ModuleType:
    package = f"checks_{sha256(str(path.parent).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(f"{package}.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise BadCheck(f"{path}:1: not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module         # the decorator reads the module's docstring while it is being loaded
    spec.loader.exec_module(module)
    return module


def _check_of(module: ModuleType) -> Check:
    found = [value for value in vars(module).values() if isinstance(value, Check)]
    if len(found) != 1:
        raise BadCheck(f"{module.__file__}:1: a module of this folder holds one check, this one holds {len(found)}")
    provided = CONTEXT | {Hop} | {fact.of for fact in all_facts()}
    for name, of in found[0].needs:
        if of not in provided:
            raise BadCheck(
                f"{found[0].where}: nobody provides {of.__module__}.{of.__name__} for the parameter {name!r}; "
                "name the type of a fact, or System, Profile, Hop, Contact (tasks.model.answer), EvaluatedAt, "
                "VisitedDuring"
            )
    return found[0]
