"""A big fleet says the same in YAML and in CSV. How fast it is read is held by benchmarks/fleet_file.py."""
from __future__ import annotations

from pathlib import Path

from benchmarks.fleet_file import write
from tasks.wire.fleet_file import load_fleet


def test_a_thousand_systems_are_the_same_in_csv_and_yaml(tmp_path: Path) -> None:
    table, document = write(tmp_path, 1_000)
    assert len(load_fleet(table).systems) == 1_000
    assert load_fleet(document) == load_fleet(table)
