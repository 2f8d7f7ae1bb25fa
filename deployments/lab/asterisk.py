"""Asterisk's configuration in an appliance's tree, from the templates of ``templates/asterisk``."""
from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from deployments.lab.base import ASTERISK_ID
from deployments.lab.render import names, render
from deployments.lab.spec import Driver

_MODULES: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "templates/modules.yaml").read_text())
_SAMPLES = (
    "indications", "codecs", "features", "acl", "ccss", "dnsmgr", "sorcery", "pjproject", "stasis", "statsd",
    "cli_aliases",
)


@dataclass(frozen=True)
class Telephony:
    """What one Asterisk is to do. ``carrier`` is the trunk's far end; None makes it the carrier."""

    name: str
    address: str
    carrier: str | None
    driver: Driver = Driver.SIP
    extensions: dict[str, str] = field(default_factory=dict, repr=False)    # number to SIP secret
    manager_secret: str = field(default="", repr=False)
    database_password: str = field(default="", repr=False)
    multi_tenant: bool = False
    dialplan_uses: tuple[str, ...] = ()
    broken: bool = False

    @property
    def technology(self) -> str:
        return self.driver.value.upper()


def modules_folder(tree: Path) -> Path:
    """Where a Debian suite keeps Asterisk's modules."""
    candidates = (tree / "usr/lib/x86_64-linux-gnu/asterisk/modules", tree / "usr/lib/asterisk/modules")
    return next(folder for folder in candidates if folder.is_dir())


def write(tree: Path, telephony: Telephony) -> None:
    """Write ``tree``/etc/asterisk and the ODBC source of the calls."""
    etc = tree / "etc/asterisk"
    folder = modules_folder(tree)
    values = {
        "name": telephony.name,
        "address": telephony.address,
        "carrier": telephony.carrier,
        "extensions": telephony.extensions,
        "manager_secret": telephony.manager_secret,
        "database_password": telephony.database_password,
        "multi_tenant": telephony.multi_tenant,
        "uses": telephony.dialplan_uses,
        "broken": telephony.broken,
        "technology": telephony.technology,
        "modules_path": f"/{folder.relative_to(tree)}",
        "modules": [
            name for name in module_names(telephony.driver, with_database=bool(telephony.database_password))
            if (folder / f"{name}.so").exists()
        ],
    }
    other = "sip.conf" if telephony.driver is Driver.PJSIP else "pjsip.conf"
    for template in names("asterisk"):
        name = template.removeprefix("asterisk/").removesuffix(".j2")
        if name != other:
            (etc / name).write_text(render(template, **values))
    for sample in _SAMPLES:
        source = tree / f"etc/asterisk.dist/{sample}.conf"
        if source.exists():
            shutil.copy(source, etc)
    if telephony.database_password:
        (tree / "etc/odbc.ini").write_text(render("odbc.ini.j2", address=telephony.address))
    for path in (etc, *etc.iterdir()):
        os.chown(path, ASTERISK_ID, ASTERISK_ID)
        path.chmod(0o750 if path.is_dir() else 0o640)


def module_names(driver: Driver, *, with_database: bool) -> list[str]:
    """The modules that the lab loads, in order; which of them a tree has is another matter."""
    groups = ["before_rtp", "core", *(["odbc"] if with_database else []), driver.value]
    return [module for group in groups for module in _MODULES[group]]
