"""What Asterisk 16.28 prints, word for word as Debian 11's was seen to print it, for any number of phones."""
from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from tasks.model.facts import SipDriver

VERSION = (
    "Asterisk 16.28.0~dfsg-0+deb11u4 built by nobody @ buildd.debian.org on a unknown running Linux on"
    " 2024-01-04 17:58:50 UTC\n"
)
FOREIGN_MODULE = ("codec_g729.so", 190_312, "e3b1c4a09d5f27681f0c2b8a7d4e6935")
FIRST_EXTENSION = 101
_DRIVERS = {
    SipDriver.PJSIP: "PJSIP Channel Driver                     0          Running              core",
    SipDriver.CHAN_SIP: "Session Initiation Protocol (SIP)        0          Running          extended",
}


def sip_drivers(drivers: tuple[SipDriver, ...], extensions: int) -> str:
    """The answer to the question for the SIP drivers; two drivers share the extensions."""
    shares = dict.fromkeys(SipDriver, 0)
    for place, driver in enumerate(drivers):
        shares[driver] = (extensions + place) // len(drivers)
    modules = "".join(
        f"{f'{driver}.so':<30} {text}\n" for driver, text in sorted(_DRIVERS.items()) if driver in drivers
    )
    peers = _peers(shares[SipDriver.CHAN_SIP]) if SipDriver.CHAN_SIP in drivers else _no_command("sip show peers")
    endpoints = f"\n\nObjects found: {shares[SipDriver.PJSIP]}\n\n"
    if SipDriver.PJSIP not in drivers:
        endpoints = _no_command("pjsip show endpoints")
    return (
        "--modules--\n"
        "Module                         Description                              Use Count  Status      Support Level\n"
        "chan_bridge_media.so           Bridge Media Channel Driver              0          Running              core\n"
        f"{modules}{len(drivers) + 1} modules loaded\n"
        f"--peers--\n{peers}--endpoints--\n{endpoints}"
    )


def _peers(number: int) -> str:
    """The last three lines of `sip show peers`; one phone in nine is off."""
    offline = number // 9
    names = range(FIRST_EXTENSION + max(0, number - 2), FIRST_EXTENSION + number)
    last = "".join(_peer(f"{name}/{name}", f"10.20.0.{name % 250}") for name in names)
    return (
        f"{last}{number} sip peers [Monitored: {number - offline} online, {offline} offline Unmonitored: 0 online,"
        " 0 offline]\n"
    )


def _peer(name: str, host: str) -> str:
    """One line of chan_sip's table, blanks at the end included."""
    return f"{name:<25} {host:<39}  D  {'Yes':<10} {'Yes':<10}     {5060:<8} {'OK (14 ms)':<11} {'':<32} \n"


def _no_command(command: str) -> str:
    known = command.rpartition(" ")[0]
    return f"No such command '{command}' (type 'core show help {known}' for other possible commands)\n"


@cache
def modules(foreign: bool) -> str:
    """The answer to the question for the modules: sizes first, then build sums, in the order of the names."""
    tree = yaml.safe_load((Path(__file__).parent / "asterisk16.yaml").read_text())
    found = {f"{name}.so": (size, tree["build_sum"]) for name, size in tree["sizes"].items()}
    for name in tree["without_sum"]:
        found[f"{name}.so"] = (tree["sizes"][name], "")
    if foreign:
        name, size, build_sum = FOREIGN_MODULE
        found[name] = (size, build_sum)
    names = sorted(found)
    sizes = "".join(f"size {found[name][0]} {name}\n" for name in names)
    return f"folder\n{sizes}" + "".join(f"sum {name}:{found[name][1]}\n" for name in names if found[name][1])
