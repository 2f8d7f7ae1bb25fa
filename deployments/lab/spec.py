"""What a lab is asked to hold: each appliance and its faults, as a file that a person writes."""
from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from deployments.lab.knobs import knob_named, knob_names
from deployments.lab.trouble import LabError
from tasks.model.facts import Edition
from tasks.model.fleet import Serverware, Slug, System, Text
from tasks.model.release import Release

HostName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]


class Engine(StrEnum):
    """Storage engines of the CDR table that MariaDB has and the field may show."""

    INNODB = "InnoDB"
    MYISAM = "MyISAM"
    ARIA = "Aria"


class Driver(StrEnum):
    """The SIP driver that the appliance's Asterisk loads."""

    SIP = "sip"
    PJSIP = "pjsip"


class Cdr(BaseModel):
    """The table of calls: its size, its engine, and whether a range of dates can use an index."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(20_000, ge=0, le=50_000_000)
    engine: Engine = Engine.INNODB
    calldate_index: bool = True
    did_column: bool = True


class ApplianceSpec(Cdr):
    """One appliance. The defaults make a healthy one: nothing that a check could complain about."""

    name: HostName | None = None            # pbx1, pbx2, … where it is not given
    client: Text | None = None
    timezone: str | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    engineer: Slug = "lab-engineer"
    serverware: Serverware | None = None    # served by the lab's SERVERware; host: lab is its own address
    edition: Edition = Edition.BUSINESS
    release: Release = Field(Release.parse("6.7.1.0 (cd7e9ac3)"))
    sip_driver: Driver = Driver.SIP
    domain_name: HostName | None = "pbx.example.net"

    knobs: tuple[str, ...] = ()             # traits by name: deployments/lab/knobs, `uplift lab knobs`
    foreign_module: bool = False            # a codec_g729.so built for another Asterisk
    foreign_tables: bool = False            # FOP2's tables inside the pbxware schema
    plain_php: bool = False                 # a readable PHP file among the vendor's encoded ones
    custom_scripts: bool = False            # the client's own scripts in /script, run by cron
    dialplan_uses: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+$")], ...] = ()
    broken_config: bool = False             # a configuration of which Asterisk logs ERROR
    disk_full: bool = False                 # its own small file system, filled but for disk_free_mb
    disk_free_mb: int = Field(40, ge=20, le=4096)
    free_inodes: int | None = Field(None, ge=200, le=50_000)    # its own small file system, with so many left
    changed_host_key: bool = False          # made anew after known_hosts was written

    @model_validator(mode="before")
    @classmethod
    def _knobs_set_their_fields(cls, told: Any) -> Any:
        """A knob's fields are set here, so that a spec is whole once it is read."""
        if not isinstance(told, dict) or not told.get("knobs"):
            return told
        both = dict(told)
        for name in told["knobs"]:
            if name not in knob_names():
                raise ValueError(f"there is no knob {name!r}; see `uplift lab knobs`")
            for field_name, value in knob_named(name).spec.items():
                if both.setdefault(field_name, value) != value:
                    raise ValueError(f"knob {name} sets {field_name}, which is set otherwise; leave one of them away")
        return both

    @property
    def own_disk(self) -> bool:
        return self.disk_full or self.free_inodes is not None

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, zone: str | None) -> str | None:
        return None if zone is None else System._zone_exists(zone)


class LabSpec(BaseModel):
    """The file of ``uplift lab up --spec``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    appliances: tuple[ApplianceSpec, ...] = Field((), max_length=200)
    swarm_faults: dict[int, str] = {}       # by number: see deployments/lab/swarm/faults.py

    @model_validator(mode="after")
    def _names_are_told_once(self) -> LabSpec:
        names = [spec.name for spec in self.appliances if spec.name]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two appliances are named {twice[0]!r}; give each its own name")
        return self


@dataclass(frozen=True)
class SwarmDatabase:
    """A real MariaDB at which the swarm's MySQL tunnels end. ``name`` is small, large or myisam."""

    name: str
    address: str
    port: int
    user: str
    password: str = field(repr=False)


def read_spec(path: Path) -> LabSpec:
    """Read a spec file; LabError names the first mistake with its place and what to do."""
    try:
        return LabSpec.model_validate(yaml.safe_load(path.read_text()))
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}; give the path of a lab spec in YAML") from error
    except yaml.YAMLError as error:
        raise LabError(f"{path}: not YAML ({' '.join(str(error).split())[:160]}); mend the file") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise LabError(f"{path}: {place}: {first['msg']}") from error
