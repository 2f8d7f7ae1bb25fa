"""The lab's fleet file: its appliances, and what the swarm adds, in the shape that Uplift reads."""
from __future__ import annotations

import json
from datetime import time
from pathlib import Path
from typing import Any

import yaml

from deployments.lab.addresses import SSH_PORT
from deployments.lab.knobs import knob_named
from deployments.lab.wanted import Wanted
from tasks.model.fleet import Contact, Environment, Fleet, Hours, Ssh, System

_WEEK = Hours(days=("mon", "tue", "wed", "thu", "fri"), opens=time(9), closes=time(17, 30))


def entry(wanted: Wanted) -> dict[str, Any]:
    """The fleet file's entry of one appliance."""
    spec = wanted.spec
    assert spec is not None and spec.client and spec.timezone and spec.country
    system = System(
        id=wanted.name,
        client=spec.client,
        environment=Environment.SERVERWARE if spec.serverware else Environment.STANDALONE,
        serverware=spec.serverware,
        edition=spec.edition,
        ssh=Ssh(host=wanted.address, port=SSH_PORT, credential="inspect"),
        change_credential="change",
        timezone=spec.timezone,
        country=spec.country,
        business_hours=(_WEEK,),
        contacts=(Contact(name=f"Office of {spec.client}", email=f"office@{wanted.name}.example.net"),),
        engineer=spec.engineer,
        tags=frozenset({"appliance"}),
        profile="lab",
    )
    told: dict[str, Any] = system.model_dump(mode="json", exclude_none=True)
    for name in spec.knobs:
        told.update(knob_named(name).entry)
    return told


def write(path: Path, entries: list[dict[str, Any]]) -> None:
    """Write the fleet file, whole or not at all; raises ValueError for an entry that the model refuses."""
    Fleet.model_validate({"systems": entries})
    fresh = path.with_name(f".{path.name}.new")
    plain = json.loads(json.dumps(entries))         # no object stands twice, so that YAML writes no anchors
    fresh.write_text("# Written by `uplift lab up`.\n" + yaml.safe_dump({"systems": plain}, sort_keys=False))
    fresh.replace(path)
