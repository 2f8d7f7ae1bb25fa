"""The sweeps that a shared folder keeps: found, read, and the oldest of them removed."""
from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from tasks.analysis.frames import FINDING_COLUMNS, SYSTEM_COLUMNS
from tasks.analysis.trend import StoredSweep
from tasks.model.errors import UserError
from tasks.model.sweep import SweepPlan
from tasks.model.trend import Unusable
from tasks.wire.sweep_folder import SweepFolder

LATEST = "latest"
_SYSTEMS = (
    "id", "client", "verdict", "contact_state", "cdr_rows", "cdr_bytes", "cdr_first", "cdr_last", "calls_per_day",
    "disk_path", "disk_size_bytes", "disk_free_bytes",
)
_FINDINGS = (
    "system_id", "check_id", "subject", "outcome", "severity", "blocking", "measured_value", "threshold_value",
    "waiver_owner",
)


def folders_of(places: Iterable[Path]) -> list[Path]:
    """The sweeps' folders: each place itself, or what lies in it. Links (``latest``) and hidden names are left out.

    Raises UserError for a place that is not a folder.
    """
    found = []
    for place in places:
        if not place.is_dir():
            raise UserError("no_sweeps", f"{place} is not a folder", "name the folder that the sweeps are kept in")
        if (place / "run.json").exists():
            found.append(place)
        else:
            found += [each for each in sorted(place.iterdir())
                      if each.is_dir() and not each.is_symlink() and not each.name.startswith(".")]
    return list(dict.fromkeys(found))


def plans_of(folders: Iterable[Path]) -> tuple[list[tuple[Path, SweepPlan]], list[Unusable]]:
    """The complete sweeps, newest first, and the folders that hold none, with the reason."""
    plans, unusable = [], []
    for folder in folders:
        try:
            plan = SweepPlan.model_validate_json((folder / "run.json").read_bytes())
        except FileNotFoundError:
            unusable.append(Unusable(str(folder), "it holds no sweep (run.json is missing)"))
        except OSError as error:
            unusable.append(Unusable(str(folder), f"run.json cannot be read ({error.strerror})"))
        except ValidationError as error:
            reason = f"this version cannot read its run.json ({error.error_count()} errors)"
            unusable.append(Unusable(str(folder), reason))
        else:
            if plan.finished_at is None:
                unusable.append(Unusable(str(folder), "the sweep was not finished; `uplift sweep --resume` goes on"))
            else:
                plans.append((folder, plan))
    plans.sort(key=lambda told: told[1].started_at, reverse=True)
    return plans, unusable


def read_sweep(folder: Path, plan: SweepPlan) -> StoredSweep | Unusable:
    """The frames of a complete sweep, with the columns that a trend needs."""
    for name in ("systems.parquet", "findings.parquet"):
        if not (folder / name).is_file():
            return Unusable(str(folder), f"{name} is missing; `uplift judge` writes it anew")
    try:
        systems = _table(folder / "systems.parquet", _SYSTEMS, SYSTEM_COLUMNS)
        findings = _table(folder / "findings.parquet", _FINDINGS, FINDING_COLUMNS)
    except (OSError, pa.ArrowException) as error:
        reason = f"its tables cannot be read ({type(error).__name__}); `uplift judge` writes them anew"
        return Unusable(str(folder), reason)
    return StoredSweep(
        folder=str(folder), sweep_id=plan.sweep_id, target=str(plan.options.target), started_at=plan.started_at,
        uplift_version=plan.uplift_version, systems=systems, findings=findings,
    )


def removable(place: Path, now: datetime, keep_last: int, keep_days: int) -> Iterator[Path]:
    """Folders of finished sweeps in ``place`` that are neither among the newest ``keep_last`` nor younger than that.

    Never what ``latest`` points to, never a folder whose sweep is unfinished or unreadable: a person decides of these.
    """
    latest = (place / LATEST).resolve() if (place / LATEST).is_symlink() else None
    plans, _ = plans_of(folders_of([place]))
    for folder, plan in plans[max(1, keep_last):]:
        if (now - plan.started_at).days >= keep_days and folder.resolve() != latest:
            yield folder


def remove_sweep(folder: Path) -> bool:
    """Remove a sweep's folder; False where a sweep or a judging holds it. It is renamed first: none is half there."""
    try:
        with SweepFolder(folder).locked(must_exist=True):
            going = folder.with_name(f".removed-{folder.name}")
            folder.rename(going)
            shutil.rmtree(going)
    except UserError:
        return False
    return True


def _table(path: Path, names: tuple[str, ...], dtypes: dict[str, str]) -> pd.DataFrame:
    """The columns of a table; one that a version of before did not write is NA throughout."""
    there = set(pq.read_schema(path).names)
    frame = pq.read_table(path, columns=[name for name in names if name in there]).to_pandas()
    return pd.DataFrame({
        name: frame[name].astype(dtypes[name]) if name in there else pd.Series(pd.NA, frame.index, dtype=dtypes[name])
        for name in names
    })
