"""The lab's knobs: one file per trait that a check looks for, put into a real appliance.

The folder is the registry. To add the knob of a check, write ``NAME.py`` here: its docstring says in one sentence what
the trait is, and it holds one ``KNOB`` (deployments.lab.knob.Knob)::

    \"""A codec bought elsewhere, built for another Asterisk, lies among the modules.\"""
    from deployments.lab.knob import Knob
    KNOB = Knob(found_by="foreign_module", spec={"foreign_module": True})

Where no field of ApplianceSpec does it, write ``on_disk(rootfs, spec)`` (files, before the boot) or
``running(appliance)`` (SQL, Asterisk, processes, once it runs; repeatable). Try it on a real appliance::

    uplift lab up --dir /var/tmp/try --knob NAME --appliances 1

``make prove`` brings up one appliance per knob and holds that ``found_by`` finds it and no other check does
(tests/prove/test_inspection_matrix.py). Mind: appliances share the machine's kernel, load, clock and uptime.
"""
from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.trouble import LabError


@cache
def knob_names() -> tuple[str, ...]:
    return tuple(sorted(info.name for info in pkgutil.iter_modules(__path__)))


@cache
def knob_named(name: str) -> Knob:
    """The knob of that name; LabError where there is none, or where its file is no knob."""
    if name not in knob_names():
        raise LabError(f"there is no knob {name!r}; choose among {', '.join(knob_names())}")
    module = importlib.import_module(f"{__name__}.{name}")
    knob = getattr(module, "KNOB", None)
    what = " ".join((module.__doc__ or "").partition("\n\n")[0].split())
    if not isinstance(knob, Knob) or not what:
        raise LabError(f"{module.__file__}: a knob's file holds KNOB and a docstring that says what it is; mend it")
    return replace(knob, name=name, what=what)


def all_knobs() -> tuple[Knob, ...]:
    return tuple(knob_named(name) for name in knob_names())


def sources(names: Sequence[str]) -> str:
    """What these knobs do, as one word: an appliance is made anew when the file of a knob of it changes."""
    folder = Path(__file__).parent
    texts = [(folder / f"{name}.py").read_bytes() for name in names]
    return sha256(b"\0".join(texts)).hexdigest()[:16] if texts else ""
