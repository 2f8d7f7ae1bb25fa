"""Draws the traits of a system from the seed and its number: the same every time.

The mix is that of a believable fleet under the lab's profile (target 7.2.0): about two thirds stand ready, some need an
action, some are blocked. Chances stand beside what they draw.
"""
from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

from deployments.lab.swarm.names import ENGINEERS, GIVEN, PLACES, company
from deployments.lab.swarm.traits import MountTraits, Traits
from tasks.model.facts import Edition, SipDriver

T = TypeVar("T")
KIB_IN_GIB = 1 << 20
RELEASES = (        # release, build of its shipped files, their date in seconds since 1970, weight
    ("6.0.1.0", "cd7e9ac3", 1_560_762_000, 8),
    ("6.1.2.0", "41b07f5e", 1_580_112_000, 6),
    ("6.4.0.1", "9e2d61c8", 1_605_520_800, 8),
    ("6.5.2.0", "b7a3f014", 1_622_538_000, 12),
    ("6.6.0.4", "5c18de92", 1_641_204_000, 12),
    ("6.7.1.0", "0f6a93bd", 1_659_513_600, 14),
    ("6.7.3.0", "e48c2b71", 1_677_578_400, 12),
    ("7.0.2.0", "7d95a0e6", 1_695_031_200, 14),
    ("7.1.0.1", "a35a9165", 1_712_566_800, 14),
)
DOMAIN_NAME_SINCE = "6.7.3.0"       # from here the vendor demands one of Multi-Tenant systems, so these have it
EDITIONS = ((Edition.BUSINESS, 60), (Edition.CALL_CENTER, 15), (Edition.MULTI_TENANT, 25))
OUTER_SYSTEMS = (       # PRETTY_NAME, kernel, weight
    ("Debian GNU/Linux 11 (bullseye)", "5.10.0-32-amd64", 30),
    ("Debian GNU/Linux 12 (bookworm)", "6.1.0-28-amd64", 50),
    ("Gentoo Linux", "4.19.86-gentoo", 20),
)
CONFIGURATION_ERRORS = (
    "config_options.c: Could not find option suitable for category '203' named 'qualfy' at line 34 of ",
    "res_sorcery_config.c: Could not create an object of type 'endpoint' with id '203' from configuration file"
    " 'pjsip.conf'",
    "pbx_config.c: Couldn't open dialplan file extensions_old_office.conf",
    "loader.c: Error loading module 'app_fax.so': /usr/lib/asterisk/modules/app_fax.so: cannot open shared object"
    " file: No such file or directory",
)
SCRIPTS = ("/script/firewall.pl", "/script/block-countries.pl", "/script/copy-recordings.sh")


def draw(seed: int, number: int) -> Traits:
    """The system ``number`` (from 1) of the swarm of that seed."""
    lot = random.Random(f"{seed}:{number}")  # noqa: S311  (a lottery, not a secret)
    place = _one(lot, [(place, place.weight) for place in PLACES])
    client = company(number, place.legal_form)
    edition = _one(lot, EDITIONS)
    release, build, released_on_s = _one(lot, [(release[:3], release[3]) for release in RELEASES])
    os_name, kernel = _one(lot, [((name, kernel), weight) for name, kernel, weight in OUTER_SYSTEMS])
    slug = "".join(letter for letter in client.lower().split()[0] if letter.isalnum())
    return Traits(
        number=number,
        client=client,
        place=place,
        contact=f"{lot.choice(GIVEN)} {client.split()[0]}",
        engineer=lot.choice(ENGINEERS),
        hostname=f"pbx-{slug}-{number}",
        machine_id=hashlib.sha256(f"{seed} machine {number}".encode()).hexdigest()[:32],
        edition=edition,
        release=release,
        build=build,
        os_name=os_name,
        kernel=kernel,
        uptime_s=int(lot.lognormvariate(15.2, 1.1)),        # weeks to years, half of them under 46 days
        mysql_host=_one(lot, (("localhost", 70), ("127.0.0.1", 30))),
        mysql_port=3306,
        database_draw=lot.random(),
        domain_name=_domain_name(lot, edition, release, slug, number),
        drivers=_drivers(lot, release),
        extensions=int(lot.lognormvariate(3.6, 0.8)) + 3,
        mounts=_mounts(lot),
        released_on_s=released_on_s,
        foreign_module=lot.random() < 0.03,
        custom_scripts=tuple(lot.sample(SCRIPTS, lot.randint(1, 2))) if lot.random() < 0.05 else (),
        plain_php=lot.random() < 0.03,
        stylesheet=lot.random() < 0.04,
        dialplan_uses=_one(lot, (((), 95), (("Macro",), 3), (("Monitor",), 1), (("Macro", "Monitor"), 1))),
        configuration_errors=_configuration_errors(lot),
    )


def _one(lot: random.Random, weighted: Sequence[tuple[T, int]]) -> T:
    return lot.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]


def _domain_name(lot: random.Random, edition: Edition, release: str, slug: str, number: int) -> str | None:
    """Older Multi-Tenant systems may have none (a quarter of them); others need none, and half have one."""
    chance = 0.5
    if edition is Edition.MULTI_TENANT:
        chance = 1.0 if release >= DOMAIN_NAME_SINCE else 0.75
    return f"{slug}{number}.pbx.example.net" if lot.random() < chance else None


def _drivers(lot: random.Random, release: str) -> tuple[SipDriver, ...]:
    """chan_sip in the old releases, PJSIP or both in the newer ones."""
    if release < "6.6":
        return (SipDriver.CHAN_SIP,)
    if release < "7":
        return _one(lot, (((SipDriver.CHAN_SIP,), 70), ((SipDriver.CHAN_SIP, SipDriver.PJSIP), 30)))
    return _one(lot, (((SipDriver.PJSIP,), 70), ((SipDriver.CHAN_SIP, SipDriver.PJSIP), 30)))


def _mounts(lot: random.Random) -> tuple[MountTraits, ...]:
    """A root, and on two of five systems a disk of its own for /opt/pbxware; 6% lack space there, 2% lack inodes."""
    trouble = _one(lot, (("none", 92), ("space", 6), ("inodes", 2)))
    device = _one(lot, (("/dev/vda", 60), ("/dev/sda", 30), ("/dev/nvme0n1p", 10)))
    own_disk = lot.random() < 0.4
    root = _one(lot, ((40, 40), (80, 35), (160, 25)))
    sizes = [("/", f"{device}1", root)]
    if own_disk:
        sizes.append(("/opt/pbxware", f"{device}2", root * _one(lot, ((2, 60), (5, 40)))))
    return tuple(
        _mount(lot, path, disk, size, trouble if path == sizes[-1][0] else "none") for path, disk, size in sizes
    )


def _mount(lot: random.Random, path: str, device: str, size_gib: int, trouble: str) -> MountTraits:
    kib = size_gib * KIB_IN_GIB - lot.randrange(300_000, 900_000)      # what a file system takes for itself
    used = lot.betavariate(3, 5) * 0.75
    used_kib = kib - kib // 20 - lot.randrange(20_000, 240_000) if trouble == "space" else int(kib * used)
    inodes = size_gib * 65_536
    inodes_used = inodes - lot.randrange(10, 9_000) if trouble == "inodes" else int(inodes * used * 0.3) + 60_000
    return MountTraits(device, path, kib, used_kib, inodes, inodes_used)


def _configuration_errors(lot: random.Random) -> tuple[str, ...]:
    """One system in twenty has one or two kinds of error in its log."""
    if lot.random() >= 0.05:
        return ()
    return tuple(lot.sample(CONFIGURATION_ERRORS, lot.randint(1, 2)))
