"""The system of a case, and how it is reached: by its fleet file, its profile and the operator's credentials."""
from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from tasks.model.case import Case
from tasks.model.errors import UserError
from tasks.model.fleet import System
from tasks.model.profile import Profile
from tasks.model.sweep import Limits
from tasks.wire.case_folder import CaseFolder
from tasks.wire.credentials import Credentials
from tasks.wire.fleet_file import load_fleet
from tasks.wire.home import Home
from tasks.wire.known_hosts import KnownHosts
from tasks.wire.profile_file import profile_for
from tasks.wire.ssh import Login, connect


@dataclass(frozen=True)
class Site:
    home: Path
    system: System
    profile: Profile

    @classmethod
    def of(cls, case: Case, home: Path) -> Site:
        """As the fleet file has it now. Raises UserError where it does not."""
        return cls.named(CaseFolder(home, case.id).fleet(), case.system_id, home)

    @classmethod
    def named(cls, fleet: Path, system_id: str, home: Path) -> Site:
        found = [system for system in load_fleet(fleet, home=home).systems if system.id == system_id]
        if not found:
            raise UserError("system_not_found", f"there is no system {system_id} in {fleet}",
                            "give the id of a system of that fleet")
        return cls(home, found[0], profile_for(found[0], home=home))

    def login(self, *, change: bool = False) -> Login:
        """The restricted credential, or with ``change`` the one that is used only behind the guards."""
        ssh, place = self.system.ssh, Home(self.home)
        name = self.system.change_credential if change else ssh.credential
        if name is None:
            raise UserError("no_change_credential", f"{self.system.id} has no credential for changes",
                            "set change_credential in the fleet file")
        trusted = KnownHosts.load(place.known_hosts).trusted_keys(ssh.host, ssh.port)
        return Login.of(Credentials.load(place.credentials).resolve(name), trusted)

    @asynccontextmanager
    async def connected(self, *, change: bool = False) -> AsyncIterator[asyncssh.SSHClientConnection]:
        """Raises NoContact, and UserError for a credential that cannot be used."""
        async with connect(self.system, self.login(change=change), Limits()) as connection:
            yield connection
