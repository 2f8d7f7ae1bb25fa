"""The platform's own upgrader, as data: how it is started, and what it leaves by which its progress is told.

``{run}`` stands for the run's id and ``{release}`` for the wanted release. A profile without this section is of a
platform whose upgrader is unknown: nothing can be launched there.
"""
from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator, model_validator

from tasks.model.release import Release
from tasks.model.section import AbsolutePath, Section, Word

Command = Annotated[tuple[Annotated[str, StringConstraints(pattern=r"^[^\x00\n]*$")], ...], Field(min_length=1)]
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_KNOWN = frozenset({"{run}", "{release}"})


class Upgrader(Section):
    """``launch`` and ``resume`` are words, never a shell line, of a program that stays until the upgrade is over.

    None marks what the platform does not have. ``stages_log`` gets a line for each stage, whose last word is its name;
    ``exit_file`` holds the exit code at the end; ``lock`` is a file that it holds with flock as long as it works.
    ``schema_state`` answers with one word of the table of calls: old, half, new, or altering.
    """

    launch: Command
    resume: Command | None = None               # finishes an upgrade that died
    log: AbsolutePath | None = None             # None: what ``launch`` prints
    stages_log: AbsolutePath | None = None
    exit_file: AbsolutePath | None = None
    lock: AbsolutePath | None = None
    schema_state: Command | None = None
    stages: tuple[Word, ...] = Field(min_length=1)          # in their order
    no_return_from: Word                        # from this stage on only a restored backup leads back
    state_folder: AbsolutePath = "/var/lib/uplift"          # Uplift's own fence and journal on the system

    @field_validator("launch", "resume", "log", "stages_log", "exit_file", "lock", "schema_state", "state_folder")
    @classmethod
    def _placeholders_are_known(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        for text in (value,) if isinstance(value, str) else value or ():
            strange = sorted(set(_PLACEHOLDER.findall(text)) - _KNOWN)
            if strange:
                raise ValueError(f"{strange[0]} is no placeholder; use {{run}} or {{release}}")
        return value

    @model_validator(mode="after")
    def _no_return_is_a_stage(self) -> Upgrader:
        if self.no_return_from not in self.stages:
            raise ValueError(f"no_return_from: {self.no_return_from!r} is none of the stages")
        return self

    def words(self, command: tuple[str, ...], run_id: str, release: Release) -> tuple[str, ...]:
        return tuple(word.replace("{run}", run_id).replace("{release}", _plain(release)) for word in command)

    def path(self, template: str | None, run_id: str) -> str:
        """The path for one run; "" where the platform has none."""
        return (template or "").replace("{run}", run_id)

    def may_return(self, stage: str | None) -> bool:
        """Whether the system is still as it was before, so far as stages tell; an unknown stage may not."""
        if stage is None:
            return True
        return stage in self.stages and self.stages.index(stage) < self.stages.index(self.no_return_from)


def _plain(release: Release) -> str:
    """7.2.0 as the vendor writes it: Major.Minor.Micro, and a fourth number only where there is one."""
    numbers = release.numbers if release.numbers[3] else release.numbers[:3]
    return ".".join(map(str, numbers))
