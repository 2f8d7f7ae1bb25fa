"""What the swarm's systems say of their telephony, in the words that an appliance's Asterisk 16 was recorded to use.

What is wrong is drawn from a lot of its own, so that nothing else of the swarm changes with it: each trouble on one or
a few systems of two hundred.
"""
from __future__ import annotations

import random
from datetime import datetime, timedelta
from functools import cache

from deployments.lab.asterisk import module_names
from deployments.lab.spec import Driver
from deployments.lab.swarm.asterisk16 import FIRST_EXTENSION
from deployments.lab.swarm.one_system import OneSystem
from deployments.lab.swarm.traits import Traits
from tasks.model.answer import Answer
from tasks.model.facts import SipDriver

TRANSLATION = (
    "           ulaw  alaw   gsm slin8 slin12 slin16 slin24 slin32 slin44 slin48 slin96 slin192  g722 testlaw\n"
)
TROUBLES = (            # chance, name
    (0.010, "trunk_silent"), (0.010, "registration_rejected"), (0.005, "nobody"), (0.010, "unreachable"),
    (0.010, "busy"), (0.010, "stuck"), (0.010, "mgcp"), (0.007, "declined"), (0.010, "g729"), (0.005, "ilbc"),
    (0.010, "noisy_log"), (0.007, "blocked"), (0.007, "transport"),
)


def lot_of(traits: Traits) -> random.Random:
    return random.Random(f"telephony {traits.machine_id}")  # noqa: S311  (a lottery, not a secret)


@cache
def troubles(traits: Traits) -> frozenset[str]:
    lot = lot_of(traits)
    return frozenset(name for chance, name in TROUBLES if lot.random() < chance)


def lines_of(traits: Traits, driver: SipDriver) -> list[str]:
    """The names of a driver's lines, the last of them the trunk; two drivers share them as in sip_drivers."""
    if driver not in traits.drivers:
        return []
    share = (traits.extensions + traits.drivers.index(driver)) // len(traits.drivers)
    first = FIRST_EXTENSION if driver is traits.drivers[0] else FIRST_EXTENSION + traits.extensions
    return [*(str(first + place) for place in range(share - 1)), "trunk"]


def asterisk_state(system: OneSystem) -> Answer:
    uptime_s = lot_of(system.traits).randint(3_600, max(3_601, system.traits.uptime_s))
    return _said(f"--uptime--\nSystem uptime: {uptime_s}\nLast reload: {uptime_s}\n--processes--\nasterisk\n9 names\n")


def registrations(system: OneSystem) -> Answer:
    traits, wrong = system.traits, troubles(system.traits)
    state = "Rejected" if "registration_rejected" in wrong else "Registered"
    own = f"registration sip{traits.number}.carrier.example.net {state}\n" if traits.number % 3 == 0 else ""
    own = own or (f"registration sip.carrier.example.net {state}\n" if "registration_rejected" in wrong else "")
    parts = {"peers": "", "registry": "absent\n", "endpoints": "", "outbound": "absent\n"}
    if SipDriver.CHAN_SIP in traits.drivers:
        parts |= {"peers": f"{_peers(traits, wrong)}listed\n", "registry": f"{own}listed\n"}
    if SipDriver.PJSIP in traits.drivers:
        own = "" if SipDriver.CHAN_SIP in traits.drivers else own
        parts |= {"endpoints": f"{_endpoints(traits, wrong)}listed\n", "outbound": f"{own}listed\n"}
    return _said("".join(f"--{name}--\n{text}" for name, text in parts.items()))


def _peers(traits: Traits, wrong: frozenset[str]) -> str:
    *phones, _ = lines_of(traits, SipDriver.CHAN_SIP)
    told = [f"peer {name} dynamic {_phone(place, wrong, ('absent', 'known'), ('OK', 'UNREACHABLE'), 'UNKNOWN')}\n"
            for place, name in enumerate(phones)]
    return "".join(told) + f"peer trunk static known {'UNREACHABLE' if 'trunk_silent' in wrong else 'OK'}\n"


def _phone(place: int, wrong: frozenset[str], here: tuple[str, str], answers: tuple[str, str], off: str) -> str:
    """One phone in nine is off; where many are lost, one in three does not answer."""
    if place % 9 == 8 or "nobody" in wrong:
        return f"{here[0]} {off}"
    return f"{here[1]} {answers['unreachable' in wrong and place % 3 == 0]}"


def _endpoints(traits: Traits, wrong: frozenset[str]) -> str:
    told = []
    for place, name in enumerate(lines_of(traits, SipDriver.PJSIP)[:-1]):
        state = _phone(place, wrong, ("", ""), ("Avail", "Unavail"), "").strip()
        told.append(f"endpoint {name}\n" + (f"contact {name} {state}\n" if state else ""))
    return "".join(told) + (
        f"endpoint trunk\ncontact trunk {'Unavail' if 'trunk_silent' in wrong else 'Avail'}\ntrunk trunk\n"
    )


def channels(system: OneSystem) -> Answer:
    traits, wrong, lot = system.traits, troubles(system.traits), lot_of(system.traits)
    calls = lot.randint(10, 30) if "busy" in wrong else int(lot.expovariate(2.5))
    technology = "SIP" if SipDriver.CHAN_SIP in traits.drivers else "PJSIP"
    told = [
        f"channel {lot.randint(5, 1500)} Up {application} {technology}/{name}-{number:08x}\n"
        for number in range(calls)
        for name, application in ((FIRST_EXTENSION + number % traits.extensions, "Dial"), ("trunk", "AppDial"))
    ]
    if "stuck" in wrong:
        told.append(f"channel {lot.randint(20_000, 900_000)} Up Echo {technology}/trunk-0000beef\n")
    return _said(
        f"--channels--\n{''.join(told)}--count--\n{_number(len(told), 'active channel')}"
        f"{_number(calls, 'active call')}{_number(calls + lot.randint(0, 90_000), 'call')[:-1]} processed\n"
    )


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}\n"


def loaded_modules(system: OneSystem) -> Answer:
    wrong = troubles(system.traits)
    return _said(_modules(system.traits.drivers, "mgcp" in wrong, "declined" in wrong))


@cache
def _modules(drivers: tuple[SipDriver, ...], mgcp: bool, declined: bool) -> str:
    """What the lab's appliances load; neighbours of the drivers that both have are told once."""
    lab = {SipDriver.CHAN_SIP: Driver.SIP, SipDriver.PJSIP: Driver.PJSIP}
    names = {name for driver in drivers for name in module_names(lab[driver], with_database=True)}
    states = dict.fromkeys(names - {"pbx_functions"}, "running")
    states |= {"chan_mgcp": "running"} if mgcp else {}
    states |= {"app_queue": "declined"} if declined else {}
    return "".join(f"{states[name]} {name}.so\n" for name in sorted(states)) + "listed\n"


def codecs(system: OneSystem) -> Answer:
    traits, wrong, lot = system.traits, troubles(system.traits), lot_of(system.traits)
    usual = lot.choices(("ulaw|alaw|g722", "alaw|ulaw", "alaw|g729"), (60, 32, 8))[0]
    allowed = "g729" if "g729" in wrong else "ilbc" if "ilbc" in wrong else usual
    told = [f"codecs {driver} trunk {allowed}\n" for driver in SipDriver if driver in traits.drivers]
    return _said(f"--translation--\n{TRANSLATION}--trunks--\n{''.join(told)}")


def log_rate(system: OneSystem) -> Answer:
    lot, now = lot_of(system.traits), datetime.now(system.traits.zone).replace(tzinfo=None)
    least, most = (150, 700) if "noisy_log" in troubles(system.traits) else (0, 12)
    hours = [now - timedelta(hours=back) for back in range(24, -1, -1)]
    told = [(lot.randint(least, most) // 8, lot.randint(least, most), hour) for hour in hours]
    lines = [f"hour {errors} {warnings} {hour:%Y-%m-%d %H}" for errors, warnings, hour in told if errors + warnings]
    first = now - timedelta(days=lot.randint(2, 6))
    return _said("\n".join((f"now {now:%Y-%m-%d %H:%M}", f"first {first:%Y-%m-%d %H}", *lines, "")))


def blocked_sources(system: OneSystem) -> Answer:
    wrong, lot = troubles(system.traits), lot_of(system.traits)
    told = ["sources 127.0.0.1 "]
    told += ["blocked 127.0.0.1 asterisk"] if "blocked" in wrong else []
    told += [f"list asterisk {lot.randint(1, 400)}"] if "blocked" in wrong or lot.random() < 0.3 else []
    return _said("\n".join((*told, "")))


def transports(system: OneSystem) -> Answer:
    traits = system.traits
    if SipDriver.PJSIP not in traits.drivers:
        return _said("--configured--\n--running--\nabsent\n")
    missing = "transport" in troubles(traits)
    own = ("udp", "tls") if missing or traits.number % 5 == 0 else ("udp",)
    configured = "".join(f"transport {name} {name}\n" for name in own)
    running = "".join(f"transport {name} {name}\n" for name in own if not (missing and name == "tls"))
    return _said(f"--configured--\n{configured}--running--\n{running}listed\n")


def _said(text: str) -> Answer:
    return Answer(exit_code=0, stdout=text)


SAYS = {
    "asterisk_state": asterisk_state,
    "registrations": registrations, "channels": channels, "loaded_modules": loaded_modules, "codecs": codecs,
    "log_rate": log_rate, "blocked_sources": blocked_sources, "transports": transports,
}
