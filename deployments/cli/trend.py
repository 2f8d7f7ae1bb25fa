"""``uplift trend``: what changed in the fleet since it was last swept."""
from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from deployments.cli.output import AsJson, console, print_json, print_table
from reports.text import visible
from tasks.model.errors import UserError
from tasks.model.release import Release
from tasks.model.trend import SystemTrend, Turned
from tasks.steps.trend import Told, trend_of
from tasks.wire.home import find_home

_WORDS = {
    Turned.READY: "became ready",
    Turned.BLOCKED: "became blocked",
    Turned.LOST: "can no longer be reached",
    Turned.BACK: "can be reached again",
    Turned.CHANGED: "changed otherwise",
    Turned.FIRST: "were not swept before",
    Turned.LEFT_OUT: "were not swept this time",
    Turned.SAME: "are as they were",
}


def trend(
    fleet: Annotated[Path, typer.Argument(help="fleet.yaml, a CSV file, or a folder of either")],
    sweeps: Annotated[
        list[Path] | None,
        typer.Option(help="a folder of sweeps, or one sweep's folder; may be given more than once "
                          "[default: UPLIFT_HOME/sweeps]"),
    ] = None,
    target: Annotated[str | None, typer.Option(help="only sweeps for this release")] = None,
    last: Annotated[int, typer.Option(min=1, max=400, help="how many of the newest sweeps are read")] = 10,
    everything: Annotated[bool, typer.Option("--all", help="list the systems that did not change, too")] = False,
    as_json: AsJson = False,
) -> None:
    """Say which systems became ready or blocked since the last sweep, which findings are new, gone or worse, how the
    tables of calls grow and when disks will be full."""
    home = find_home(None)
    places = tuple(sweeps) if sweeps else (_kept(home),)
    told = trend_of(fleet, places, home, datetime.now(UTC), target=_release(target), last=last)
    if as_json:
        print_json(_document(told))
    else:
        _print(told, everything)


def _kept(home: Path) -> Path:
    place = home / "sweeps"
    if not place.is_dir():
        raise UserError("no_sweeps", f"{place} holds no complete sweep",
                        "run `uplift sweep` first, or name the folder of your sweeps with --sweeps")
    return place


def _print(told: Told, everything: bool) -> None:
    found = told.trend
    out = console()
    compared = f"compared with {found.compared_with[0]}" if found.compared_with else "the first one"
    out.print(f"sweep {found.sweep_id} for {found.target}, {compared}", markup=False, soft_wrap=True)
    print_table(("systems", "since then"), [(found.count(turned), words) for turned, words in _WORDS.items()
                                            if found.count(turned)])
    chosen = [system for system in found.systems if everything or system.changed]
    if chosen:
        print_table(("system", "verdict", "before", "new", "gone", "worse", "calls", "a day", "disk full in"),
                    [_row(system) for system in chosen])
    for remark in found.remarks:
        out.print(visible(remark), markup=False, soft_wrap=True)
    for folder in told.unusable:
        out.print(visible(f"not compared: {folder.folder}: {folder.reason}"), markup=False, soft_wrap=True)


def _row(system: SystemTrend) -> tuple[object, ...]:
    more = f" ({_bytes(system.cdr_bytes_more, signed=True)})" if system.cdr_bytes_more else ""
    return (
        system.id, system.verdict or system.turned.value, system.verdict_before,
        "\n".join(system.new), "\n".join(system.gone), "\n".join(system.worse),
        None if system.cdr_bytes is None else f"{_bytes(system.cdr_bytes)}{more}",
        None if system.cdr_bytes_per_day is None else _bytes(system.cdr_bytes_per_day),
        _full(system),
    )


def _full(system: SystemTrend) -> str | None:
    if not system.rate_basis:
        return None
    days = "over ten years" if system.until_full_days is None else f"{system.until_full_days:,.0f} days"
    return f"{days} ({system.rate_basis})"


def _bytes(count: float, *, signed: bool = False) -> str:
    size, unit = abs(float(count)), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    sign = "-" if count < 0 else "+" if signed else ""
    return f"{sign}{size:,.0f} {unit}" if unit == "B" else f"{sign}{size:,.1f} {unit}"


def _document(told: Told) -> dict[str, Any]:
    found = told.trend
    return {
        "sweep_id": found.sweep_id,
        "target": found.target,
        "started_at": found.started_at.isoformat(),
        "compared_with": list(found.compared_with),
        "counts": {turned.value: found.count(turned) for turned in Turned},
        "remarks": list(found.remarks),
        "unusable": [{"folder": each.folder, "reason": each.reason} for each in told.unusable],
        "systems": [_system(system) for system in found.systems],
    }


def _system(system: SystemTrend) -> dict[str, Any]:
    cells = {name: getattr(system, name) for name in SystemTrend.__dataclass_fields__}
    return cells | {
        "turned": system.turned.value,
        "verdict": system.verdict.value if system.verdict else None,
        "verdict_before": system.verdict_before.value if system.verdict_before else None,
        "before_at": system.before_at.isoformat() if system.before_at else None,
        "new": list(system.new), "gone": list(system.gone), "worse": list(system.worse),
    }


def _release(text: str | None) -> str | None:
    try:
        return str(Release.parse(text)) if text else None
    except ValueError as error:
        raise UserError("bad_release", str(error), "name the target release with --target 7.2.0") from None
