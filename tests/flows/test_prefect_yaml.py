"""prefect.yaml says what it means. Prefect ignores a misspelt field in silence, so its schema is made strict here."""
from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from prefect.cli.deploy._models import PrefectYamlModel
from prefect.flows import Flow

from tasks.steps.run_step import EXECUTORS

FILE = Path(__file__).parents[2] / "prefect.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text())
NAMES = {f"{entry['entrypoint'].split('.')[1].replace('_', '-')}/{entry['name']}" for entry in DOCUMENT["deployments"]}


def strict_schema() -> dict[str, Any]:
    schema = PrefectYamlModel.model_json_schema(by_alias=True)
    schema["properties"]["definitions"] = {}       # Prefect reads past it: the place for YAML anchors
    for part in (schema, *schema["$defs"].values()):
        if "properties" in part:
            part["additionalProperties"] = False
    return schema


def test_it_fits_prefects_own_schema():
    jsonschema.validate(DOCUMENT, strict_schema())


@pytest.mark.parametrize(
    ("where", "field"), [("top", "pulls"), ("deployment", "entry_point"), ("schedule", "time_zone"), ("pool", "queue")]
)
def test_a_misspelt_field_is_noticed(where: str, field: str):
    broken = yaml.safe_load(FILE.read_text())
    first = broken["deployments"][0]
    places = {"top": broken, "deployment": first, "schedule": first["schedules"][0], "pool": first["work_pool"]}
    places[where][field] = "x"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, strict_schema())


@pytest.mark.parametrize("entry", DOCUMENT["deployments"], ids=lambda entry: entry["entrypoint"])
def test_every_entrypoint_is_an_importable_flow_that_takes_its_parameters(entry: dict[str, Any]):
    module, _, name = entry["entrypoint"].rpartition(".")
    flow = getattr(importlib.import_module(module), name)
    assert isinstance(flow, Flow)
    assert set(entry.get("parameters", {})) <= set(flow.parameters.properties)


def test_the_deployments_have_the_names_that_others_depend_on():
    assert {"sweep/nightly", "sweep/adhoc", "sweep-shard/pool", "tend/minute"} <= NAMES
    assert {f"{step}/client" for step in EXECUTORS} <= NAMES


def test_a_step_is_told_nothing_but_its_case_so_that_no_form_can_decide_one():
    for entry in DOCUMENT["deployments"]:
        if entry["name"] == "client":
            module, _, name = entry["entrypoint"].rpartition(".")
            flow = getattr(importlib.import_module(module), name)
            assert set(flow.parameters.properties) == {"ticket_id" if name == "intake" else "case_id"}
            assert flow.retries == 0 and flow.name == name


def test_every_schedule_has_a_slug_so_that_deploying_again_replaces_it():
    schedules = [schedule for entry in DOCUMENT["deployments"] for schedule in entry.get("schedules", ())]
    assert schedules
    assert all(schedule.get("slug") and schedule.get("timezone") for schedule in schedules)


def test_no_flow_file_bears_the_name_of_a_package_that_it_would_hide():
    import sys

    packages = {"flows", "tasks", "reports", "deployments", "tests"} | set(sys.stdlib_module_names)
    flows = {path.stem for path in (FILE.parent / "flows").glob("*.py")} - {"__init__"}
    assert not flows & packages
