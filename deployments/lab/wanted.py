"""What a lab shall hold, worked out before anything is made: every system with its address and its nature."""
from __future__ import annotations

import zoneinfo
from dataclasses import dataclass

from deployments.lab.addresses import Addresses
from deployments.lab.knobs import sources
from deployments.lab.record import Role, fingerprint
from deployments.lab.spec import ApplianceSpec, Cdr, Engine
from tasks.model.facts import Edition

LAB = "lab"                                 # as serverware.host in a spec: the lab's own
_SITES = (
    ("Northgate Dental", "Europe/London", "GB"), ("Hafen Spedition", "Europe/Berlin", "DE"),
    ("Lakeside Legal", "America/Chicago", "US"), ("Bistrica Travel", "Europe/Sarajevo", "BA"),
    ("Opal Insurance", "Australia/Sydney", "AU"),
)
_DATABASES = {
    "small": Cdr(rows=20_000),
    "large": Cdr(rows=400_000),
    "myisam": Cdr(rows=60_000, engine=Engine.MYISAM, calldate_index=False),
}


@dataclass(frozen=True)
class Wanted:
    """One system of the lab. ``spec`` is complete for a PBX and None otherwise; ``table`` is None for a carrier."""

    name: str
    role: Role
    address: str
    carrier: str
    zone: zoneinfo.ZoneInfo
    spec: ApplianceSpec | None = None
    table: Cdr | None = None

    def fingerprint(self, recipe: str) -> str:
        nature = self.spec or self.table
        told = nature.model_dump_json() if nature else ""
        knobs = sources(self.spec.knobs) if self.spec else ""
        return fingerprint(self.name, self.role, self.address, self.zone.key, told, knobs, recipe)

    @property
    def multi_tenant(self) -> bool:
        return self.spec is not None and self.spec.edition is Edition.MULTI_TENANT


def plan(appliances: list[ApplianceSpec], addresses: Addresses, with_databases: bool) -> list[Wanted]:
    """The systems of a lab in the order in which they are made; what a spec leaves open is filled in."""
    carrier, utc = addresses.carrier, zoneinfo.ZoneInfo("UTC")
    systems = [Wanted("carrier", Role.CARRIER, carrier, carrier, utc)] if appliances else []
    for number, spec in enumerate(appliances, 1):
        full = complete(spec, number, addresses)
        systems.append(Wanted(
            str(full.name), Role.PBX, addresses.appliance(number), carrier, zoneinfo.ZoneInfo(str(full.timezone)),
            full, full,
        ))
    if with_databases:
        for number, (name, table) in enumerate(_DATABASES.items(), 1):
            systems.append(Wanted(f"db-{name}", Role.DATABASE, addresses.database(number), carrier, utc, table=table))
    return systems


def complete(spec: ApplianceSpec, number: int, addresses: Addresses) -> ApplianceSpec:
    client, timezone, country = _SITES[(number - 1) % len(_SITES)]
    serverware = spec.serverware
    if serverware is not None and serverware.host == LAB:
        serverware = serverware.model_copy(update={"host": addresses.serverware})
    return spec.model_copy(update={
        "name": spec.name or f"pbx{number}",
        "client": spec.client or client,
        "timezone": spec.timezone or timezone,
        "country": spec.country or country,
        "serverware": serverware,
    })
