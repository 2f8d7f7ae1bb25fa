"""The VPS of a case's system, by the SERVERware that its fleet file names."""
from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tasks.model.errors import UserError
from tasks.rules.answering_vps import answering_vps
from tasks.steps.case_site import Site
from tasks.wire.credentials import Credentials
from tasks.wire.home import Home
from tasks.wire.serverware import Serverware, connect


def vps_id_of(site: Site) -> str:
    """The VPS that the fleet file names. Raises UserError for a standalone system."""
    told = site.system.serverware
    if told is None:
        raise UserError("not_on_serverware", f"{site.system.id} is standalone", "its client keeps its own backup")
    return told.vps_id


@asynccontextmanager
async def serverware(site: Site) -> AsyncIterator[Serverware]:
    """Raises UserError for a standalone system, and where profile or credential do not suffice."""
    vps_id_of(site)
    assert site.system.serverware is not None
    credentials = Credentials.load(Home(site.home).credentials)
    async with connect(site.system.serverware, site.profile.serverware, credentials) as client:
        yield client


async def answering(site: Site) -> str | None:
    """Which VPS answers at the system's address; None on standalone systems and where it cannot be told."""
    if site.system.serverware is None:
        return None
    async with serverware(site) as client:
        return answering_vps(vps_id_of(site), await client.vpses())
