"""Starts and stops the SERVERware of a lab, and tells it what to do wrong."""
from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from deployments.lab.container import MARK
from deployments.lab.detached import write_atomically
from deployments.lab.layout import Layout
from deployments.lab.record import Record, write_private
from deployments.lab.serverware import certificate
from deployments.lab.serverware.config import (
    ServiceConfig,
    certificate_file,
    faults_file,
    key_file,
    place,
    token_file,
)
from deployments.lab.serverware.faults import Faults
from deployments.lab.trouble import LabError
from tasks.model.fleet import Serverware

READY_WITHIN_S = 30.0
WHAT = "SERVERware"


def start(directory: Path, served: Iterable[tuple[Serverware, Record]]) -> None:
    """Serve these appliances, wait until the service listens, and write its credential into the lab's home.

    One that runs with the same appliances is left alone, and another one replaced. Nothing to serve ends it.
    Raises LabError.
    """
    layout, pairs = Layout.of(directory), list(served)
    if not pairs:
        stop(directory)
        return
    config = _config(layout, pairs)
    where = place(layout)
    with where.locked():
        if not where.runs_with(config.model_dump_json()):
            where.stop()
            _write_secrets(layout, config.host)
            where.spawn(config.model_dump_json(), {MARK: str(layout.root)})
        where.wait_until_ready(WHAT, READY_WITHIN_S)
    _write_credentials(layout, {told.credential for told, _ in pairs})


def stop(directory: Path) -> None:
    """End the service of the lab in ``directory``, if one runs; its appliances and clones stay as they are."""
    where = place(Layout.of(directory))
    if where.folder.is_dir():
        with where.locked():
            where.stop()
            where.forget_process()


def tell(directory: Path, faults: Faults | None = None) -> None:
    """Tell the service what to do wrong from now on, or (None) nothing any more. It need not run."""
    write_atomically(faults_file(Layout.of(directory)), (faults or Faults()).model_dump_json())


def _config(layout: Layout, pairs: list[tuple[Serverware, Record]]) -> ServiceConfig:
    hosts = sorted({told.host for told, _ in pairs})
    ids = [told.vps_id for told, _ in pairs]
    if len(hosts) > 1:
        raise LabError(f"a lab has one SERVERware, not {' and '.join(hosts)}; write one serverware.host")
    if twice := sorted({vps_id for vps_id in ids if ids.count(vps_id) > 1}):
        raise LabError(f"two appliances are VPS {twice[0]}; give each a vps_id of its own")
    address, _, port = hosts[0].partition(":")
    try:
        usable = ipaddress.ip_address(address).is_loopback and 0 < int(port) < 65536
    except ValueError:
        usable = False
    if not usable:
        raise LabError(f"the lab cannot be SERVERware at {hosts[0]}; write serverware.host: lab, or 127.x.y.z:PORT")
    made = hashlib.sha256("".join(sorted(record.known_host_key for _, record in pairs)).encode()).hexdigest()
    vpses = {told.vps_id: record.name for told, record in pairs}
    return ServiceConfig(lab=layout.root, host=address, port=int(port), vpses=vpses, made=made)


def _write_secrets(layout: Layout, address: str) -> None:
    """The token stays as it is once it is there; the certificate, as long as the address does."""
    if not token_file(layout).exists():
        write_private(token_file(layout), secrets.token_urlsafe(32) + "\n")
    if not certificate_file(layout).exists() or not certificate.is_for(certificate_file(layout), address):
        certificate.make(certificate_file(layout), key_file(layout), address)


def _write_credentials(layout: Layout, names: set[str]) -> None:
    path = layout.home / "credentials.yaml"
    told: dict[str, Any] = yaml.safe_load(path.read_text())
    entry = {"token_file": str(token_file(layout)), "certificate": certificate.fingerprint(certificate_file(layout))}
    told["credentials"].update({name: dict(entry) for name in names})
    write_private(path, yaml.safe_dump(told, sort_keys=False))
