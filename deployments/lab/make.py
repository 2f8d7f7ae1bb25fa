"""Making one system of a lab from the base: clone, configure, boot, fill with calls, put its faults in."""
from __future__ import annotations

import secrets
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deployments.lab import asterisk, cdr, keys, pbxware, pool, rhythm, upgrader
from deployments.lab.container import Container
from deployments.lab.knob import ROOT_SQL, Appliance
from deployments.lab.knobs import knob_named
from deployments.lab.layout import Layout
from deployments.lab.progress import Reporter
from deployments.lab.record import Record, Role
from deployments.lab.render import render
from deployments.lab.spec import ApplianceSpec, Driver
from deployments.lab.trouble import LabError
from deployments.lab.wanted import Wanted

ROW_BYTES = 800                             # of one call with its indexes, generously
EXTENSIONS = ("101", "102", "103")


@dataclass(frozen=True)
class Workshop:
    """What all systems of one ``up`` are made with."""

    layout: Layout
    recipe: str                             # what systems are made from, as one word
    credentials: dict[str, str]             # credential name to public key
    reporter: Reporter

    def is_of(self, record: Record, wanted: Wanted) -> bool:
        """Whether a system that is there already is whole, and made just as it is wanted now."""
        same = record.ready and record.fingerprint == wanted.fingerprint(self.recipe)
        return same and record.rootfs(self.layout).exists()

    def ensure(self, wanted: Wanted, known: Record | None) -> Record:
        """Start a system that is there already (``known``) where it does not run, or make one."""
        began = time.monotonic()
        if known is not None and Container(self.layout, known.name, known.rootfs(self.layout)).running():
            return known
        record = self._start_again(wanted, known) if known is not None else self._make(wanted)
        self.reporter.ready(wanted.name, time.monotonic() - began)
        return record

    def _start_again(self, wanted: Wanted, record: Record) -> Record:
        box = Container(self.layout, wanted.name, record.rootfs(self.layout))
        if record.small_disk and not pool.mounted(box.rootfs):
            pool.mount_ext4(disk_image(self.layout, wanted.name), box.rootfs)
        box.write_config()
        box.start()
        self._wait(box, wanted)
        _turn_running(box, wanted, record)
        return record

    def _make(self, wanted: Wanted) -> Record:
        spec, layout = wanted.spec, self.layout
        host = keys.make_pair()
        has_extensions = wanted.role is Role.PBX
        record = Record(
            name=wanted.name, role=wanted.role, address=wanted.address, small_disk=spec is not None and spec.own_disk,
            fingerprint=wanted.fingerprint(self.recipe), known_host_key=host.public,
            database_password=secrets.token_urlsafe(18) if wanted.table else "",
            extensions={number: secrets.token_urlsafe(12) for number in EXTENSIONS} if has_extensions else {},
        )
        record.save(layout)
        box = Container(layout, wanted.name, record.rootfs(layout))
        if spec is not None and spec.own_disk:
            pool.small_disk(layout.base, disk_image(layout, wanted.name), box.rootfs, spec.rows * ROW_BYTES)
        else:
            pool.clone(layout.base, box.rootfs)
        if spec is not None and spec.changed_host_key:
            host = keys.make_pair()
        self._configure(box.rootfs, wanted, record, host)
        box.write_config()
        box.start()
        if wanted.table is not None:
            box.wait("MariaDB", *ROOT_SQL, "-e", "SELECT 1")
            self._fill(box, wanted, record)
        if wanted.role is Role.PBX:
            _write_role(box.rootfs, wanted.role)
            box.run("/opt/pbxware/sh/pbxware", "start")
        self._wait(box, wanted)
        _turn_running(box, wanted, record)
        if spec is not None and spec.disk_full:
            pool.fill(box.rootfs, box.rootfs / "opt/backup/old-backup.tar", spec.disk_free_mb * 2**20)
        if spec is not None and spec.free_inodes is not None:
            pool.take_inodes(box.rootfs, box.rootfs / "var/spool/left", spec.free_inodes)
        ready = record.model_copy(update={"ready": True})
        ready.save(layout)
        return ready

    def _configure(self, rootfs: Path, wanted: Wanted, record: Record, host: keys.KeyPair) -> None:
        tree, etc = rootfs / "opt/pbxware/pw", rootfs / "etc"
        _write_role(rootfs, wanted.role, telephony_later=wanted.role is Role.PBX)
        (etc / "hostname").write_text(f"{wanted.name}\n")
        (etc / "machine-id").write_text(secrets.token_hex(16) + "\n")
        _set_zone(rootfs, tree, wanted.zone.key)
        (etc / "lab/mariadb.cnf").write_text(render("mariadb.cnf.j2", address=wanted.address))
        (etc / "lab/sshd_config").write_text(render("sshd_config.j2", address=wanted.address))
        if wanted.role is not Role.DATABASE:
            asterisk.write(tree, _telephony(wanted, record))
        if wanted.spec is not None:
            keys.install(rootfs, host, self.credentials, wanted.address)
            pbxware.write(rootfs, wanted.spec, wanted.address, record.database_password)
            pbxware.add_faults(rootfs, wanted.spec)
            _turn_on_disk(rootfs, wanted.spec)
            upgrader.install(rootfs)

    def _fill(self, box: Container, wanted: Wanted, record: Record) -> None:
        """Make the schema and the calls. Everything goes by standard input: no secret is ever an argument."""
        assert wanted.table is not None
        table, spec = wanted.table, wanted.spec
        calls = cdr.Calls(table, wanted.multi_tenant, _technology(wanted))
        box.run(*ROOT_SQL, stdin=cdr.schema(calls, foreign_tables=spec is not None and spec.foreign_tables)
                + cdr.account("pbxware", record.database_password))
        hours = rhythm.hours(table.rows, datetime.now(UTC), wanted.zone)
        chunks = list(cdr.seeding(calls, hours))
        with box.open(*ROOT_SQL) as client:
            assert client.stdin is not None and client.stdout is not None
            said = ""
            for chunk in chunks:
                client.stdin.write(f"{chunk.sql}\nSELECT 'rows', {chunk.rows_done};\n")
                client.stdin.flush()
                for line in client.stdout:
                    if line.startswith("rows\t"):
                        break
                    said = line
                self.reporter.calls(wanted.name, chunk.rows_done, table.rows)
            client.stdin.close()
            if client.wait() != 0:
                raise LabError(f"the calls of {wanted.name} could not be made: {said.strip()}")

    def _wait(self, box: Container, wanted: Wanted) -> None:
        if wanted.table is not None:
            box.wait("MariaDB", *ROOT_SQL, "-e", "SELECT 1")
        if wanted.role is not Role.DATABASE:
            box.wait("Asterisk", "/opt/pbxware/sh/asterisk", "-rx", "core waitfullybooted")
        if wanted.role is Role.PBX:
            box.wait("OpenSSH", "bash", "-c", f"exec 3<>/dev/tcp/{wanted.address}/2020")


def remove(layout: Layout, name: str) -> None:
    """Take one system away with all that it had, also one that was only half made."""
    Container(layout, name, layout.systems / name).stop(kill=True)
    for place in (layout.disks / name, layout.systems / name):
        pool.release(place)
    for subvolume in (*(layout.snapshots / name).glob("*"), layout.systems / name):
        pool.delete_subvolume(subvolume)
    disk_image(layout, name).unlink(missing_ok=True)
    for left in (layout.disks / name, layout.lxc / name):
        shutil.rmtree(left, ignore_errors=True)
    (layout.records / f"{name}.json").unlink(missing_ok=True)


def disk_image(layout: Layout, name: str) -> Path:
    return layout.disks / f"{name}.img"


def _turn_on_disk(rootfs: Path, spec: ApplianceSpec) -> None:
    for name in spec.knobs:
        if (on_disk := knob_named(name).on_disk) is not None:
            on_disk(rootfs, spec)


def _turn_running(box: Container, wanted: Wanted, record: Record) -> None:
    if wanted.spec is None:
        return
    appliance = Appliance(box, record, wanted.spec)
    for name in wanted.spec.knobs:
        if (running := knob_named(name).running) is not None:
            running(appliance)


def _write_role(rootfs: Path, role: Role, telephony_later: bool = False) -> None:
    """Tell lab-init what to start. Asterisk waits until its database account is there, or it would log an error."""
    (rootfs / "etc/lab/role").write_text(
        f"SSH={'yes' if role is Role.PBX else 'no'}\n"
        f"DATABASE={'no' if role is Role.CARRIER else 'yes'}\n"
        f"TELEPHONY={'no' if telephony_later or role is Role.DATABASE else 'yes'}\n"
    )


def _set_zone(rootfs: Path, tree: Path, zone: str) -> None:
    """The system's time zone, outside and inside Asterisk's chroot."""
    data = (rootfs / "usr/share/zoneinfo" / zone).read_bytes()
    for etc in (rootfs / "etc", tree / "etc"):
        (etc / "localtime").unlink(missing_ok=True)
        (etc / "localtime").write_bytes(data)
        (etc / "timezone").write_text(f"{zone}\n")


def _technology(wanted: Wanted) -> str:
    return wanted.spec.sip_driver.value.upper() if wanted.spec else "SIP"


def _telephony(wanted: Wanted, record: Record) -> asterisk.Telephony:
    secret, spec = secrets.token_urlsafe(18), wanted.spec
    if spec is None:
        return asterisk.Telephony(wanted.name, wanted.address, None, Driver.PJSIP, manager_secret=secret)
    return asterisk.Telephony(
        wanted.name, wanted.address, wanted.carrier, spec.sip_driver, record.extensions, secret,
        record.database_password, wanted.multi_tenant, spec.dialplan_uses, spec.broken_config,
    )
