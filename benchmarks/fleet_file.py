"""How fast a fleet file of 10,000 systems is read: promised are 2 s for CSV and 12 s for YAML with line numbers.

``python -m benchmarks.fleet_file [--systems N]`` prints processor seconds, the median of three runs, and ends with exit
code 1 where a promise does not hold.
"""
from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import yaml

from deployments.cli.output import print_table
from tasks.wire.fleet_file import load_fleet

PROMISED_S = {"fleet.csv": 2.0, "fleet.yaml": 12.0}
COLUMNS = "id,client,environment,serverware_host,serverware_vps_id,edition,ssh_host,ssh_credential,timezone,country"
MORE = ",business_hours,blackout,contacts,tags,profile\n"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--systems", type=int, default=10_000)
    systems = options.parse_args().systems
    with tempfile.TemporaryDirectory() as folder:
        files = write(Path(folder), systems)
        rows = [(path.name, round(median_s(path), 2), PROMISED_S[path.name]) for path in files]
    print_table(("file", "cpu_s", "promised_s"), rows, title=f"{systems} systems")
    return int(any(spent > promised for _, spent, promised in rows))


def write(folder: Path, systems: int) -> tuple[Path, Path]:
    """The same fleet, every field filled, as CSV and as YAML."""
    table, document = folder / "fleet.csv", folder / "fleet.yaml"
    table.write_text(COLUMNS + MORE + "".join(map(row, range(systems))))
    entries = [
        system.model_dump(mode="json", exclude_defaults=True) | {"tags": sorted(system.tags)}
        for system in load_fleet(table).systems
    ]
    document.write_text(yaml.dump({"systems": entries}, Dumper=yaml.CSafeDumper))
    return table, document


def row(number: int) -> str:
    host = f"127.30.{number // 250}.{number % 250 + 1}"
    return (
        f"c{number},Client {number} Ltd,serverware,sw{number % 20}.example.net,vps-{number},multi_tenant,{host},"
        f"inspect,Europe/London,GB,mon-fri 09:00-17:30,2026-12-24..2026-12-26 Christmas,"
        f"Jo Bloggs <jo{number}@example.net>,vip;pool-{number % 7},lab\n"
    )


def median_s(path: Path) -> float:
    """Processor seconds of one reading, the median of three."""
    spent = []
    for _ in range(3):
        began = time.process_time()
        load_fleet(path)
        spent.append(time.process_time() - began)
    return statistics.median(spent)


if __name__ == "__main__":
    sys.exit(main())
