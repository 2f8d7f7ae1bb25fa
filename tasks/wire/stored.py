"""All that is sealed under a home, and in sweeps kept elsewhere: which key seals what, and sealing it anew."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tasks.model.errors import UserError
from tasks.wire.case_folder import CaseFolder
from tasks.wire.sweep_folder import SweepFolder
from tasks.wire.sweep_history import folders_of


@dataclass(frozen=True)
class Resealed:
    """``files`` were sealed anew; ``troubles`` says in one sentence each what was left as it is."""

    files: int
    troubles: tuple[str, ...]


def sealed_by(home: Path, sweeps: tuple[Path, ...] = ()) -> Counter[str | None]:
    """How many files by the id of their key; None: plain ones. Raises UserError for a place that is no folder."""
    found: Counter[str | None] = Counter()
    try:
        for folder in _folders(home, sweeps):
            found.update(folder.keys())
    except OSError as error:
        raise UserError("file_unreadable", f"{error.filename} cannot be read: {error.strerror}",
                        "run as the owner of UPLIFT_HOME") from None
    return found


def reseal_all(home: Path, sweeps: tuple[Path, ...] = ()) -> Resealed:
    """Seal with the newest key whatever is not. A folder that is in use or cannot be opened costs only itself."""
    count, troubles = 0, []
    for folder in _folders(home, sweeps):
        try:
            if isinstance(folder, SweepFolder):
                with folder.locked(must_exist=True):
                    count += folder.reseal()
            else:
                count += folder.reseal()
        except UserError as error:
            troubles.append(str(error))
        except OSError as error:
            troubles.append(f"{folder.path} cannot be read: {error.strerror}")
    return Resealed(count, tuple(troubles))


def _folders(home: Path, sweeps: tuple[Path, ...]) -> list[CaseFolder | SweepFolder]:
    return [*_sweeps(home, sweeps), *_cases(home)]


def _cases(home: Path) -> Iterator[CaseFolder]:
    place = home / "cases"
    if place.is_dir():
        yield from (CaseFolder(home, each.name) for each in sorted(place.iterdir()) if each.is_dir())


def _sweeps(home: Path, others: tuple[Path, ...]) -> Iterator[SweepFolder]:
    """Named folders first, so that one that is wrong is told before anything is done."""
    places = [*others, *([home / "sweeps"] if (home / "sweeps").is_dir() else [])]
    yield from (SweepFolder(folder, home) for folder in folders_of(places) if (folder / "run.json").is_file())
