"""What SERVERware is asked without changing anything."""
from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import JsonValue

from tasks.model.profile_serverware import ServerwareApi
from tasks.model.serverware import CloneRef, Host, Pool, ServerwareError, Trouble, Vps
from tasks.wire.serverware import records
from tasks.wire.serverware.calls import Calls

T = TypeVar("T")


class Reader:
    """Reads of one SERVERware. No value that it gives, and no error, holds a secret of a record."""

    def __init__(self, calls: Calls, api: ServerwareApi) -> None:
        self._calls, self._api, self._waits = calls, api, api.waits

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._calls.host})"

    async def hosts(self) -> tuple[Host, ...]:
        data = await self._calls.read(self._api.endpoints.hosts)
        return self._read(lambda: tuple(map(records.host_of, records.listed(data))))

    async def vpses(self) -> tuple[Vps, ...]:
        """All VPSes, clones among them."""
        return tuple(map(self._vps, await self._records()))

    async def vps(self, vps_id: str) -> Vps:
        """Raises ServerwareError, NOT_FOUND for one that does not exist."""
        found = self._vps(await self._calls.read(self._api.endpoints.vps, vps_id=vps_id))
        if found.id != vps_id:
            raise self._calls.bad_answer(f"is of VPS {found.id} and not of VPS {vps_id}")
        return found

    async def clones(self, vps_id: str) -> tuple[CloneRef, ...]:
        """The clones of a VPS, those that are not complete too."""
        found = (self._clone(record) for record in await self._records())
        return tuple(clone for clone in found if clone and clone.of == vps_id)

    async def clone_ref(self, clone_id: str) -> CloneRef:
        """A clone by its id, as a backup's proof has it. Raises ServerwareError, NOT_FOUND where there is none."""
        clone = self._clone(await self._calls.read(self._api.endpoints.vps, vps_id=clone_id))
        if clone is None:
            raise ServerwareError(Trouble.PRECONDITION, f"VPS {clone_id} is not a clone", "name the VPS id of a clone")
        return clone

    async def pool(self) -> Pool:
        endpoint = self._api.endpoints.pool
        if endpoint is None:
            raise self.unknown_to_profile("pool")
        data = await self._calls.read(endpoint)
        return self._read(lambda: records.pool_of(data, self._api))

    async def labelled(self, vps_id: str, label: str, note: str) -> CloneRef | None:
        """The one clone of a VPS under this label. Raises ServerwareError for two of them, and for another note."""
        pairs = [(record, self._clone(record)) for record in await self._records()]
        found = [(record, clone) for record, clone in pairs if clone and (clone.of, clone.label) == (vps_id, label)]
        ids = ", ".join(clone.id for _, clone in found)
        if len(found) > 1:
            raise ServerwareError(Trouble.PRECONDITION, f"there are {len(found)} clones {label} of VPS {vps_id}: {ids}",
                                  "find out which is whole, and delete the others")
        if found and not records.has_note(found[0][0], self._api, note):
            raise ServerwareError(Trouble.PRECONDITION, f"the clone {label} of VPS {vps_id} (VPS {ids}) is not of this "
                                  "case: it bears another note", "choose another label")
        return found[0][1] if found else None

    async def _records(self) -> list[JsonValue]:
        data = await self._calls.read(self._api.endpoints.vpses)
        return self._read(lambda: records.listed(data))

    def _vps(self, record: JsonValue) -> Vps:
        return self._read(lambda: records.vps_of(record, self._api, self._calls.secrecy.hide))

    def _clone(self, record: JsonValue) -> CloneRef | None:
        return self._read(lambda: records.clone_of(record, self._api))

    def _read(self, parse: Callable[[], T]) -> T:
        try:
            return parse()
        except records.Malformed as error:
            fault = str(error)
        raise self._calls.bad_answer(fault)

    def unknown_to_profile(self, name: str) -> ServerwareError:
        return ServerwareError(
            Trouble.ACTION_UNKNOWN, f"the profile does not say how SERVERware is asked for {name}",
            f"name it in serverware.endpoints.{name} of the profile, or do it by hand",
        )
