"""A case's folder under UPLIFT_HOME/cases: the fleet file that it was opened with, and what inspections brought home.

The case database is the truth of a case. What lies here is bulk that it points to, and never holds a secret. All but
``origin.json`` is personal data: sealed (``tasks.wire.sealed``), and erased some time after the case is over.
"""
from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from tasks.model.errors import UserError
from tasks.wire.private_file import clear_parts, remove_all_but, write_private
from tasks.wire.sealed import HEADER_BYTES, Sealer, key_of

M = TypeVar("M", bound=BaseModel)
ORIGIN = "origin.json"


class _Origin(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    fleet: str


class CaseFolder:
    """Opens nothing until asked; every write is an atomic rename, readable by its owner only."""

    def __init__(self, home: Path, case_id: str) -> None:
        self.path = home / "cases" / case_id
        self._sealer = Sealer(home)

    def create(self, fleet: Path) -> None:
        """Note the fleet file that knows this case's system."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._held():
            write_private(self.path / ORIGIN, _Origin(fleet=str(fleet.absolute())).model_dump_json(indent=1).encode())

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def fleet(self) -> Path:
        """Raises UserError where this UPLIFT_HOME does not know the case."""
        return Path(self.load("origin", _Origin).fleet)

    def has(self, name: str) -> bool:
        return (self.path / f"{name}.json").is_file()

    def save(self, name: str, model: BaseModel) -> str:
        """Write it sealed, whole or not at all; gives the reference by which it is found below UPLIFT_HOME."""
        target = self.path / f"{name}.json"
        content = self._sealer.seal(model.model_dump_json().encode(), self._bound(target))
        with self._held():
            write_private(target, content)
        return f"cases/{self.path.name}/{target.name}"

    def load(self, name: str, model: type[M]) -> M:
        """Raises UserError where it is not there, not what was written, or no key opens it."""
        path = self.path / f"{name}.json"
        try:
            return model.model_validate_json(self._sealer.unseal(path.read_bytes(), self._bound(path), path))
        except (OSError, ValidationError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not as Uplift wrote it"
            raise UserError("case_folder_unusable", f"{path} cannot be read: {why}",
                            "use the UPLIFT_HOME in which the case was opened, or restore the file") from None

    def erase(self) -> int:
        """Remove all personal data, what killed writers left too; gives how many files. ``origin.json`` stays.

        Raises UserError where this UPLIFT_HOME does not know the case: then nothing is known of its files.
        """
        with self._held():
            return remove_all_but(self.path, frozenset({ORIGIN}))

    def keys(self) -> dict[str | None, int]:
        """How many files by the key that seals them; None: plain ones of a version before."""
        found: dict[str | None, int] = {}
        for path in self._sealable():
            with path.open("rb") as file:
                key = key_of(file.read(HEADER_BYTES))
            found[key] = found.get(key, 0) + 1
        return found

    def reseal(self) -> int:
        """Seal with the newest key what is plain or sealed with an older one; gives how many files were."""
        count = 0
        with self._held():
            for path in self._sealable():
                content = path.read_bytes()
                if key_of(content) != self._sealer.newest.id:
                    plain = self._sealer.unseal(content, self._bound(path), path)
                    write_private(path, self._sealer.seal(plain, self._bound(path)))
                    count += 1
        return count

    def _sealable(self) -> list[Path]:
        return sorted(path for path in self.path.glob("[!.]*.json") if path.name != ORIGIN)

    def _bound(self, path: Path) -> str:
        """What a sealed file is bound to: no file of another case passes for it."""
        return f"cases/{self.path.name}/{path.name}"

    @contextmanager
    def _held(self) -> Iterator[None]:
        """One writer at a time; what a killed one left is removed."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise UserError("case_folder_unusable", f"{self.path} cannot be used: {error.strerror}",
                            "use the UPLIFT_HOME in which the case was opened") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            clear_parts(self.path)
            yield
        finally:
            os.close(descriptor)
