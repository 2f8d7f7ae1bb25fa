"""SERVERware as Uplift uses it: reads, and actions that are followed until they are over.

An action is sent once. Where its answer was lost the record is read until it tells what became of it, or until nobody
can know: then OUTCOME_UNKNOWN is raised, and the caller looks before it asks again. Waiting never ends a task.
"""
from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from tasks.model import fleet
from tasks.model.profile_serverware import Action, Endpoint, ServerwareApi
from tasks.model.serverware import CloneRef, ServerwareError, TaskEnd, Trouble, Vps, VpsState
from tasks.rules.restorable import objection
from tasks.wire.credentials import Credentials
from tasks.wire.serverware.calls import Calls, Heard, Pace, steady
from tasks.wire.serverware.follow import Trace
from tasks.wire.serverware.reader import Reader

T = TypeVar("T")
_NOTHING = Heard(True)
_AGAIN = "look at SERVERware, and repeat when the reason is gone"


@asynccontextmanager
async def connect(
    told: fleet.Serverware, api: ServerwareApi | None, credentials: Credentials, pace: Pace | None = None
) -> AsyncIterator[Serverware]:
    """A client of the SERVERware of one system. Raises UserError where profile or credential do not suffice.

    Nothing is sent before the first call; each raises ServerwareError.
    """
    if api is None:
        raise ServerwareError(
            Trouble.NOT_CONFIGURED, "the profile says nothing of SERVERware", "add serverware: to the profile"
        )
    calls = Calls(told.host, credentials.token(told.credential), api, pace or Pace())
    try:
        yield Serverware(calls, api)
    finally:
        await calls.close()


class Serverware(Reader):
    """One SERVERware with its VPSes and clones."""

    async def restart(self, vps_id: str) -> Vps:
        """Restart a VPS and wait until it runs; PBXware in it takes its own time, see ``wait_pbxware``."""
        await self._act(Action.RESTART, vps_id)
        return await self._after(Action.RESTART, vps_id, self.wait_state(vps_id, VpsState.RUNNING))

    async def start(self, vps_id: str) -> Vps:
        await self._act(Action.START, vps_id, wanted=VpsState.RUNNING)
        return await self._after(Action.START, vps_id, self.wait_state(vps_id, VpsState.RUNNING))

    async def stop(self, vps_id: str) -> Vps:
        await self._act(Action.STOP, vps_id, wanted=VpsState.STOPPED)
        return await self._after(Action.STOP, vps_id, self.wait_state(vps_id, VpsState.STOPPED))

    async def clone(self, vps_id: str, label: str, note: str) -> CloneRef:
        """A whole clone of a VPS under ``label``: the one that is there already, or a new one.

        ``note`` says for whom it was made, and must be the same in each attempt (a case's id and plan revision, not the
        number of the attempt). A clone of that label with another note is somebody else's, and refused.
        """
        endpoint = self._endpoint(Action.CLONE)
        if await self.labelled(vps_id, label, note):
            return await self._await_clone(vps_id, label, note, _NOTHING)
        original = await self.vps(vps_id)
        if original.origin is not None:
            raise ServerwareError(Trouble.PRECONDITION, f"VPS {vps_id} is itself a clone of VPS {original.origin}",
                                  "correct vps_id in the fleet file")
        self._require_idle(original)
        heard = await self._calls.send(endpoint, vps_id=vps_id, label=label, note=note)
        return await self._after(Action.CLONE, vps_id, self._await_clone(vps_id, label, note, heard))

    async def check_restore(self, vps_id: str, clone: CloneRef) -> None:
        """Raise ServerwareError, PRECONDITION, unless ``clone`` could be restored into the VPS now. Touches nothing."""
        self._endpoint(Action.RESTORE)
        original, pool = await self.vps(vps_id), await self.pool()
        found = next((each for each in map(self._clone, await self._records()) if each and each.id == clone.id), None)
        found_fault = objection(original, clone, found, pool, self._api.restore_space_factor)
        if found_fault:
            raise ServerwareError(Trouble.PRECONDITION, f"nothing was touched: {found_fault.message}",
                                  found_fault.remedy)

    async def restore(self, vps_id: str, clone: CloneRef) -> Vps:
        """Put a clone in the place of its original and wait until that runs; what it became since the clone is gone.

        Repeating it gives the same again. The clone stays.
        """
        await self.check_restore(vps_id, clone)
        await self._act(Action.RESTORE, vps_id, clone_id=clone.id)
        return await self._after(Action.RESTORE, vps_id, self.wait_state(vps_id, VpsState.RUNNING))

    async def delete_clone(self, clone: CloneRef) -> None:
        """Remove a clone; one that is not there any more is no error. Never removes a VPS that is not that clone."""
        endpoint = self._endpoint(Action.DELETE_CLONE)
        found = await self._or_none(self.clone_ref(clone.id))
        if found is None:
            return
        name = f"the clone {clone.label} of VPS {clone.of}"
        if (found.of, found.label) != (clone.of, clone.label):
            raise ServerwareError(Trouble.PRECONDITION, f"VPS {clone.id} is not {name}", "look at SERVERware")
        if found.state is not VpsState.STOPPED:
            raise ServerwareError(Trouble.PRECONDITION, f"{name} (VPS {clone.id}) is not stopped", "stop it first")
        before = await self.vps(clone.id)
        self._require_idle(before)
        trace = self._trace(endpoint, before, await self._calls.send(endpoint, clone_id=clone.id))
        after = await self._after(Action.DELETE_CLONE, clone.id, self._poll(
            lambda: self._or_none(self.vps(clone.id)), lambda seen: seen is None or trace.over(seen), self._waits.task_s
        ))
        if after is not None:
            self._require_done(Action.DELETE_CLONE, trace, after)
            raise ServerwareError(Trouble.TASK_FAILED, f"{name} (VPS {clone.id}) is still there", _AGAIN)

    async def wait_state(self, vps_id: str, state: VpsState, limit_s: float | None = None) -> Vps:
        """Wait until a VPS is in this state and no task works on it; by default as long as a VPS may restart."""
        limit_s = self._waits.vps_restart_s if limit_s is None else limit_s
        seen = await self._poll(
            lambda: self.vps(vps_id), lambda vps: vps.state is state and vps.task is None, limit_s
        )
        if seen.state is not state or seen.task is not None:
            raise ServerwareError(
                Trouble.TASK_FAILED if seen.task is None else Trouble.TASK_GOES_ON,
                f"VPS {vps_id} is {seen.state_told} after {limit_s:g} s, not {state}"
                + (f", and SERVERware still works on it: {seen.task}" if seen.task else ""), _AGAIN,
            )
        return seen

    async def wait_idle(self, vps_id: str, limit_s: float | None = None) -> Vps:
        """Wait until no task works on a VPS."""
        limit_s = self._waits.task_s if limit_s is None else limit_s
        seen = await self._poll(lambda: self.vps(vps_id), lambda vps: vps.task is None, limit_s)
        if seen.task is not None:
            raise self._goes_on(seen)
        return seen

    async def wait_pbxware(self, answers: Callable[[], Awaitable[bool]]) -> bool:
        """Wait as long as PBXware may take after its VPS runs, until ``answers`` says yes; whether it did."""
        return await self._poll(answers, bool, self._waits.pbxware_start_s)

    async def _act(self, action: Action, vps_id: str, *, wanted: VpsState | None = None, **told: str) -> None:
        """Send an action once and follow it. ``wanted``: a state that only this action brings about."""
        endpoint = self._endpoint(action)
        before = await self.vps(vps_id)
        self._require_idle(before)
        trace = self._trace(endpoint, before, await self._calls.send(endpoint, vps_id=vps_id, **told), wanted)
        after = await self._after(
            action, vps_id, self._poll(lambda: self.vps(vps_id), trace.over, self._waits.task_s)
        )
        self._require_done(action, trace, after)

    async def _after(self, action: Action, vps_id: str, following: Awaitable[T]) -> T:
        """What is read after an action was sent: where that fails, what became of the action is not known."""
        try:
            return await following
        except ServerwareError as error:
            if error.may_have_changed_something or error.trouble in (Trouble.REFUSED, Trouble.PRECONDITION):
                raise
            said = error.message
        raise ServerwareError(
            Trouble.OUTCOME_UNKNOWN, f"{action} of VPS {vps_id} was asked for, and then {said}",
            "look at SERVERware before it is asked again",
        )

    def _require_done(self, action: Action, trace: Trace, after: Vps) -> None:
        if after.task is not None:
            raise self._goes_on(after)
        if not trace.happened(after):
            raise self._not_known(action, after.id, trace.heard)
        report = trace.report(after)
        if report and report.end is not TaskEnd.DONE:
            how = f"ended as {report.end}: {report.error}" if report.error else f"ended as {report.end}"
            raise ServerwareError(
                Trouble.TASK_FAILED, f"{action} of VPS {after.id}, which is {after.state_told} now, {how}", _AGAIN
            )

    async def _await_clone(self, vps_id: str, label: str, note: str, heard: Heard) -> CloneRef:
        """Wait until the clone is whole. ``heard`` tells what came of asking for it."""
        began = self._calls.pace.clock()

        async def look() -> tuple[Vps, CloneRef | None]:
            original = await self.vps(vps_id)       # first: when its task is over, the list tells what came of it
            return original, await self.labelled(vps_id, label, note)

        def over(seen: tuple[Vps, CloneRef | None]) -> bool:
            original, clone = seen
            if clone is not None and clone.complete:
                return True
            settled = self._calls.pace.clock() - began >= self._waits.settle_s
            return settled and original.task is None and (clone is None or clone.task is None)

        original, clone = await self._poll(look, over, self._waits.task_s)
        if clone is not None and clone.complete:
            return clone
        if original.task is not None or (clone and clone.task is not None):
            raise self._goes_on(original)
        if clone is None and not heard.surely:
            raise self._not_known(Action.CLONE, vps_id, heard)
        said = f": {original.last_task.error}" if original.last_task and original.last_task.error else ""
        what = f"is not complete (VPS {clone.id})" if clone else "is not there"
        raise ServerwareError(
            Trouble.TASK_FAILED, f"the clone {label} of VPS {vps_id} {what} and no task works on it{said}",
            "delete it if it is there, and clone again",
        )

    def _trace(self, endpoint: Endpoint, before: Vps, heard: Heard, wanted: VpsState | None = None) -> Trace:
        return Trace(before, heard, endpoint.task, wanted, self._calls.pace.clock, self._waits.settle_s)

    async def _or_none(self, reading: Awaitable[T]) -> T | None:
        try:
            return await reading
        except ServerwareError as error:
            if error.trouble is not Trouble.NOT_FOUND:
                raise
            return None

    async def _poll(self, look: Callable[[], Awaitable[T]], over: Callable[[T], bool], limit_s: float) -> T:
        return await self._calls.pace.poll(look, over, limit_s=limit_s, wait=steady(self._waits.poll_s))

    def _endpoint(self, action: Action) -> Endpoint:
        endpoint = self._api.endpoints.of(action)
        if endpoint is None:
            raise self.unknown_to_profile(action.value)
        return endpoint

    def _require_idle(self, vps: Vps) -> None:
        if vps.task is not None:
            raise ServerwareError(Trouble.BUSY, f"SERVERware works on VPS {vps.id}: {vps.task}", "repeat it afterwards")

    def _goes_on(self, vps: Vps) -> ServerwareError:
        return ServerwareError(
            Trouble.TASK_GOES_ON, f"SERVERware still works on VPS {vps.id} ({vps.task or 'its clone'})",
            "it was not ended; wait, and look again",
        )

    def _not_known(self, action: Action, vps_id: str, heard: Heard) -> ServerwareError:
        if heard.answered:
            return ServerwareError(
                Trouble.REFUSED, f"SERVERware {heard.reason}, and VPS {vps_id} shows no sign of {action}",
                "see its web page for the reason",
            )
        return ServerwareError(
            Trouble.OUTCOME_UNKNOWN, f"SERVERware {heard.reason} to {action} of VPS {vps_id}, and its record does not "
            "tell whether it was heard", "look at SERVERware before it is asked again",
        )
