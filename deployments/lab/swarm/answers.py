"""Traits put into words: to each question the text, errors and exit code that an appliance's shell gives.

The settings come from the appliances' own template, what Asterisk prints from a running one (asterisk16.py).
A question that is not answered here is "not found", so that a new fact fails the contract test until it is.
"""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from deployments.lab.render import render
from deployments.lab.swarm import asterisk16, says_asterisk, says_site, says_system
from deployments.lab.swarm.one_system import OneSystem
from deployments.lab.swarm.words import words_of
from tasks.model.answer import Answer
from tasks.wire.mysql import CREDENTIALS

SHOWN_SETTINGS = ("edition", "domain_name", "timezone", "country", "pw_mysql_host")
_STARTED = time.monotonic()


@dataclass(frozen=True, slots=True)
class Speaker(OneSystem):
    """One system's shell."""

    def reply(self, question: str) -> Answer:
        """The answer to the question of that name."""
        answer = _ANSWERS.get(question)
        if answer is None:
            return Answer(exit_code=127, stdout="", stderr=f"/bin/sh: 1: {question}: not found\n")
        return answer(self)

    def plain(self, command: str) -> Answer:
        """The answer to a simple command of its own channel."""
        words = words_of(command)
        match words:
            case ["true"]:
                return _said("")
            case ["false"]:
                return Answer(exit_code=1, stdout="")
            case ["echo", *rest]:
                return _said(f"{' '.join(rest)}\n")
            case ["hostname"] | ["uname", "-n"]:
                return _said(f"{self.traits.hostname}\n")
            case ["uname", "-r"]:
                return _said(f"{self.traits.kernel}\n")
            case ["cat", path]:
                return self._file(path)
        name = words[0] if words else command[:60]
        return Answer(exit_code=127, stdout="", stderr=f"/bin/sh: 1: {name}: not found\n")

    def _file(self, path: str) -> Answer:
        files = {
            "/etc/machine-id": f"{self.traits.machine_id}\n",
            "/etc/hostname": f"{self.traits.hostname}\n",
            "/etc/os-release": f'PRETTY_NAME="{self.traits.os_name}"\n',
        }
        if path in files:
            return _said(files[path])
        return Answer(exit_code=1, stdout="", stderr=f"cat: {path}: No such file or directory\n")

    def settings(self) -> list[str]:
        """The lines of pbxware.ini, credentials included."""
        text = render(
            "pbxware.ini.j2",
            edition=self.traits.edition.value,
            domain_name=self.traits.domain_name,
            timezone=self.traits.place.timezone,
            country=self.traits.place.country,
            address=self.traits.mysql_host,
            database_password=self.database.password,
        )
        return text.splitlines()


def _said(text: str) -> Answer:
    return Answer(exit_code=0, stdout=text)


def _identity(speaker: Speaker) -> Answer:
    traits = speaker.traits
    clock = says_system.clock(traits)
    return _said(
        f"clock={clock:%Y-%m-%dT%H:%M:%S%z}\n"
        f"machine_id={traits.machine_id}\n"
        f"hostname={traits.hostname}\n"
        f'os="{traits.os_name}"\n'
        f"kernel=Linux {traits.kernel}\n"
        f"uptime_s={traits.uptime_s + time.monotonic() - _STARTED:.2f}\n"
    )


def _platform(speaker: Speaker) -> Answer:
    traits = speaker.traits
    editions = [line.partition("=")[2] for line in speaker.settings() if line.startswith("edition")]
    header = f"// Bicomsystems PBXware v{traits.release} ({traits.build})"
    return _said("\n".join(("--release--", header, "--edition--", *editions, "")))


def _site_settings(speaker: Speaker) -> Answer:
    shown = [line for line in speaker.settings() if line.partition("=")[0].strip() in SHOWN_SETTINGS]
    return _said("\n".join(("--settings--", *shown, "")))


def _database_credentials(speaker: Speaker) -> Answer:
    """The lines of the ini that the client greps for; its user is that of the real database behind the tunnel."""
    own = {"pw_mysql_username": speaker.database.user}
    told = [line.partition(" = ") for line in speaker.settings() if line.startswith("pw_mysql_")]
    return _said("".join(f"{key} = {own.get(key, value)}\n" for key, _, value in told))


def _dialplan(speaker: Speaker) -> Answer:
    uses = [
        f"use {word.lower()} ./extensions_custom.conf:{3 + 2 * place}"
        for place, word in enumerate(speaker.traits.dialplan_uses)
    ]
    return _said("\n".join(("folder", *uses, "")))


def _configuration_errors(speaker: Speaker) -> Answer:
    lines = [f"ERROR {text}" for text in speaker.traits.configuration_errors]
    return _said("\n".join(("--readable--", *lines, "")))


_ANSWERS: dict[str, Callable[[Speaker], Answer]] = {
    "identity": _identity,
    "platform": _platform,
    **says_asterisk.SAYS,
    **says_site.SAYS,
    **says_system.SAYS,
    CREDENTIALS: _database_credentials,
    "site_settings": _site_settings,
    "dialplan": _dialplan,
    "configuration_errors": _configuration_errors,
    "asterisk_version": lambda speaker: _said(asterisk16.VERSION),
    "sip_drivers": lambda speaker: _said(asterisk16.sip_drivers(speaker.traits.drivers, speaker.traits.extensions)),
    "modules": lambda speaker: _said(asterisk16.modules(speaker.traits.foreign_module)),
}
