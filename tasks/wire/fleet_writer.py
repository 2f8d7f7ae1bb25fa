"""A fleet as fleet.yaml, in a form that load_fleet reads back to the same fleet."""
from __future__ import annotations

from typing import Any

import yaml

from tasks.model.fleet import Fleet, System


def fleet_yaml(fleet: Fleet) -> str:
    """YAML text; what has its default is left out, and sets are sorted, so that one fleet has one text."""
    systems = [_entry(system) for system in fleet.systems]
    return yaml.dump(
        {"systems": systems}, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=120,
        default_flow_style=None,
    )  # fmt: skip


def _entry(system: System) -> dict[str, Any]:
    entry = system.model_dump(mode="json", exclude_defaults=True)
    if "tags" in entry:
        entry["tags"] = sorted(entry["tags"])
    for hours in entry.get("business_hours", ()):
        hours.update({end: hours[end].removesuffix(":00") for end in ("opens", "closes") if hours[end].count(":") == 2})
    return entry
