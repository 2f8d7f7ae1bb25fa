"""A fleet of 10,000 systems is read in seconds: a CSV under 2, YAML with line numbers under 12 (processor time)."""
from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from tasks.wire.fleet_file import load_fleet

SYSTEMS = 10_000
COLUMNS = ("id,client,environment,serverware_host,serverware_vps_id,edition,ssh_host,ssh_credential,timezone,country,"
           "business_hours,blackout,contacts,tags,profile")  # fmt: skip


def as_csv(number: int) -> str:
    host = f"127.30.{number // 250}.{number % 250 + 1}"
    return (f"c{number},Client {number} Ltd,serverware,sw{number % 20}.example.net,vps-{number},multi_tenant,{host},"
            f"inspect,Europe/London,GB,mon-fri 09:00-17:30,2026-12-24..2026-12-26 Christmas,"
            f"Jo Bloggs <jo{number}@example.net>,vip;pool-{number % 7},lab\n")  # fmt: skip


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fleet") / "fleet.csv"
    path.write_text(COLUMNS + "\n" + "".join(map(as_csv, range(SYSTEMS))))
    return path


def test_a_csv_of_ten_thousand_systems_is_read_in_two_seconds(table: Path) -> None:
    began = time.process_time()
    fleet = load_fleet(table)
    assert time.process_time() - began < 2.0
    assert len(fleet.systems) == SYSTEMS


def test_yaml_of_ten_thousand_systems_is_read_in_twelve_seconds(table: Path, tmp_path: Path) -> None:
    systems = [
        system.model_dump(mode="json", exclude_defaults=True) | {"tags": sorted(system.tags)}
        for system in load_fleet(table).systems
    ]
    (tmp_path / "fleet.yaml").write_text(yaml.dump({"systems": systems}, Dumper=yaml.CSafeDumper))
    began = time.process_time()
    fleet = load_fleet(tmp_path / "fleet.yaml")
    assert time.process_time() - began < 12.0
    assert fleet == load_fleet(table)
