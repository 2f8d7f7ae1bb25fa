"""What the shells of the swarm say of the system itself: disks, load, kernel, time, certificates, jobs, licence.

What is wrong with a system is drawn from a lot of its own, so that nothing else of the swarm changes with it: each
trouble on one or a few systems of two hundred.
"""
from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from deployments.lab.swarm.one_system import OneSystem
from deployments.lab.swarm.traits import MountTraits, Traits
from tasks.facts.mounts import paths_of
from tasks.model.answer import Answer
from tasks.model.profile import Profile

PROFILE = Path(__file__).parents[2] / "profiles/lab.yaml"
PSEUDO_MOUNTS = (
    MountTraits("udev", "/dev", 1_981_824, 0, 495_456, 412, reserved=False),
    MountTraits("tmpfs", "/run", 401_332, 924, 501_664, 655, reserved=False),
    MountTraits("tmpfs", "/dev/shm", 2_006_656, 0, 501_664, 1, reserved=False),  # noqa: S108  (text of df)
)
CHRONY = """\
Reference ID    : {reference}
Stratum         : {stratum}
Ref time (UTC)  : Mon Nov 23 19:58:12 2026
System time     : 0.000012432 seconds slow of NTP time
Last offset     : +0.000009214 seconds
RMS offset      : 0.000031007 seconds
Frequency       : 11.482 ppm slow
Residual freq   : +0.001 ppm
Skew            : 0.044 ppm
Root delay      : 0.012918204 seconds
Root dispersion : 0.000914210 seconds
Update interval : 1036.4 seconds
Leap status     : {leap}
"""
CRON = (                        # Debian's own, as the fact prints them: schedule, what is called, in which file
    "17 * * * *\t/usr/sbin/anacron\t/etc/crontab", "25 6 * * *\t/usr/sbin/anacron\t/etc/crontab",
    "47 6 * * 7\t/usr/sbin/anacron\t/etc/crontab", "52 6 1 * *\t/usr/sbin/anacron\t/etc/crontab",
)
_SIZES, _INODES = ("1024-blocks", "Used", "Available", "Capacity"), ("Inodes", "IUsed", "IFree", "IUse%")


def mounts(system: OneSystem) -> Answer:
    own = system.traits.mounts
    every = (*PSEUDO_MOUNTS[:2], *own, PSEUDO_MOUNTS[2])
    paths = _paths()
    held = tuple(max((m for m in own if _leads(m.path, path)), key=lambda m: len(m.path)) for path in paths)
    places = "".join(f"held {path}\n" for path in paths)
    state = "ro" if condition(system.traits.machine_id).read_only else "rw"
    options = "".join(f"{state if mount is own[-1] else 'rw'} {mount.path}\n" for mount in own)
    return said(
        f"--places--\n{places}--held--\n{_sizes(held)}--heldinodes--\n{_inodes(held)}--bytes--\n{_sizes(every)}--inodes--\n{_inodes(every)}--errors--\n--options--\n{options}"
    )


@dataclass(frozen=True, slots=True)
class Condition:
    """What is wrong with one system; mostly nothing."""

    skew_s: int
    newer_kernel: bool
    unsynchronised: bool
    wrong_zone: bool
    available_fraction: float
    load_per_cpu: float
    certificate: str | None             # good, soon, expired, missing; None where it has no TLS
    nightly_backup: bool
    running: str | None
    licence_days: int | None            # from now; None where no file tells
    read_only: bool                     # the disk of the data, since an error


@cache
def condition(machine_id: str) -> Condition:
    lot = random.Random(f"{machine_id} condition")  # noqa: S311  (a lottery, not a secret)

    def one_in(number: int) -> bool:
        return lot.random() < 1 / number

    return Condition(
        skew_s=lot.choice((-5400, -310, 190, 3600)) if one_in(200) else 0,
        newer_kernel=one_in(150),
        unsynchronised=one_in(200),
        wrong_zone=one_in(250),
        available_fraction=0.01 if one_in(250) else lot.uniform(0.2, 0.7),
        load_per_cpu=130.0 if one_in(300) else lot.uniform(0.01, 0.6),
        certificate=lot.choices(("good", "soon", "expired", "missing", None), (190, 2, 1, 1, 206))[0],
        nightly_backup=one_in(150),
        running=lot.choice(("mysqldump", "apt-get")) if one_in(300) else None,
        licence_days=lot.choice((-12, 9)) if one_in(200) else lot.choice((None, 200, 400)),
        read_only=one_in(400),
    )


def clock(traits: Traits) -> datetime:
    """What the system's own clock says, in its own zone."""
    return datetime.now(traits.zone) + timedelta(seconds=condition(traits.machine_id).skew_s)


def resources(system: OneSystem) -> Answer:
    state, cpus = condition(system.traits.machine_id), 2 + 2 * (system.traits.number % 3)
    load, kib = state.load_per_cpu * cpus, cpus * 2_006_656
    return said(
        f"load {load * 1.1:.2f} {load:.2f} {load * 0.9:.2f} 1/312 20714\ncpus {cpus}\n"
        f"MemTotal:       {kib:8d} kB\nMemFree:        {kib // 9:8d} kB\n"
        f"MemAvailable:   {int(kib * state.available_fraction):8d} kB\nBuffers:        {kib // 40:8d} kB\n"
        f"Cached:         {kib // 5:8d} kB\nSwapTotal:      {0:8d} kB\nSwapFree:       {0:8d} kB\n"
    )


def pending_reboot(system: OneSystem) -> Answer:
    traits, waits = system.traits, condition(system.traits.machine_id).newer_kernel
    debian = traits.kernel.endswith("amd64")
    newer = traits.kernel.replace("-32-", "-35-").replace("-28-", "-31-")
    flag, package = ("required\n", f"linux-image-{newer}\n") if waits and debian else ("", "")
    kernels = dict.fromkeys((traits.kernel, *([newer] if waits else [])))
    installed = "".join(f"/lib/modules/{kernel}/\n" for kernel in kernels)
    return said(f"--reboot--\n{flag * 2}--packages--\n{package}--running--\n{traits.kernel}\n--installed--\n"
                f"{installed}--container--\n")


def timekeeping(system: OneSystem) -> Answer:
    traits, state = system.traits, condition(system.traits.machine_id)
    zone = "Etc/UTC" if state.wrong_zone else traits.place.timezone
    offset = "+0000" if state.wrong_zone else f"{datetime.now(traits.zone):%z}"
    tracked = CHRONY.format(
        reference="00000000 ()" if state.unsynchronised else "C0248F97 (192.36.143.151)",
        stratum=0 if state.unsynchronised else 2, leap="Not synchronised" if state.unsynchronised else "Normal",
    )
    return said(f"--offset--\n{offset}\n--zone--\n{zone}\n/usr/share/zoneinfo/{zone}\n--daemons--\nchronyd\n"
                f"--chrony--\n{tracked}--container--\n")


def certificates(system: OneSystem) -> Answer:
    kind = condition(system.traits.machine_id).certificate
    if kind is None:
        return said("folder\n\n")
    pem, key = "/etc/asterisk/keys/pbx.pem", "/etc/asterisk/keys/pbx.key"
    uses = f"cert\t./pjsip.conf:14\t{pem}\nkey\t./pjsip.conf:15\t{key}\n"
    state, text = ("missing", "") if kind == "missing" else ("found", _certificate(kind))
    return said(f"folder\n{uses}file\t{state}\tcert\t{pem}\n{text}file\tfound\tkey\t{key}\n")


@cache
def _certificate(kind: str) -> str:
    """One for all systems of a kind: a real one, with 400, 12 or -20 days to go."""
    days = {"good": 400, "soon": 12, "expired": -20}[kind]
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pbx.example.net")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=365))
    return built.not_valid_after(now + timedelta(days=days)).sign(key, hashes.SHA256()).public_bytes(
        Encoding.PEM
    ).decode()


def cron_jobs(system: OneSystem) -> Answer:
    traits = system.traits
    own = [f"*/5 * * * *\t{path}\t/etc/cron.d/site" for path in traits.custom_scripts]
    if condition(traits.machine_id).nightly_backup:
        own.append("30 2 * * *\t/usr/bin/rsnapshot-backup\t/etc/cron.d/backup")
    return said("".join(f"{line}\n" for line in sorted((*CRON, *own))))


def running_work(system: OneSystem) -> Answer:
    running = condition(system.traits.machine_id).running
    return said(f"--programs--\n{running + chr(10) if running else ''}--locks--\n--files--\n--end--\n")


def licence(system: OneSystem) -> Answer:
    days = condition(system.traits.machine_id).licence_days
    if days is None:
        return said("--absent--\n")
    expires = datetime.now(UTC).date() + timedelta(days=days)
    return said(f"--told--\nexpires={expires}\nchannels=30\nextensions=100\n")


@cache
def _paths() -> tuple[str, ...]:
    """The swarm's systems are asked by the lab's profile."""
    return paths_of(Profile.model_validate(yaml.safe_load(PROFILE.read_text())))


def _leads(mount: str, path: str) -> bool:
    return mount in ("/", path) or path.startswith(f"{mount}/")


def _sizes(mounts: tuple[MountTraits, ...]) -> str:
    return df(_SIZES, [(m.device, m.kib, m.used_kib, m.free_kib, m.path) for m in mounts])


def _inodes(mounts: tuple[MountTraits, ...]) -> str:
    return df(_INODES, [(m.device, m.inodes, m.inodes_used, m.inodes - m.inodes_used, m.path) for m in mounts])


def df(titles: tuple[str, str, str, str], mounts: list[tuple[str, int, int, int, str]]) -> str:
    """The table of `df -P`: device, size, used, free, path; as coreutils aligns and rounds it."""
    rows: list[tuple[str, ...]] = [("Filesystem", *titles, "Mounted on")]
    for device, size, used, free, path in mounts:
        fraction = f"{-(-used * 100 // (used + free))}%" if used + free else "-"
        rows.append((device, *(str(number) if size else "0" for number in (size, used, free)), fraction, path))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    least = (14, 5, 5, 5, 4)
    first, *numbers = (max(pair) for pair in zip(widths, least, strict=True))
    lines = (
        (row[0].ljust(first), *map(str.rjust, row[1:5], numbers), row[5]) for row in rows
    )
    return "".join(f"{' '.join(line)}\n" for line in lines)


def said(text: str) -> Answer:
    return Answer(exit_code=0, stdout=text)


SAYS = {
    "mounts": mounts,
    "resources": resources,
    "pending_reboot": pending_reboot,
    "timekeeping": timekeeping,
    "certificates": certificates,
    "cron_jobs": cron_jobs,
    "running_work": running_work,
    "licence": licence,
}
