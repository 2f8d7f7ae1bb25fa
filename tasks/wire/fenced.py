"""Every change on a client's system: only on the right machine, only under the newest lease that the system has seen.

A change is a script that begins with ``prelude.sh``: it takes Uplift's one lock on the system, and refuses another
machine, and a fencing token below the newest that came. So a run that has lost its lease cannot do harm however late
what it sent arrives.
"""
from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import asyncssh

from tasks.model.errors import UserError
from tasks.model.profile import Profile
from tasks.wire.shell import COMMAND

ANSWER_S = 60.0                 # the prelude waits up to 10 s for the lock
STATE_FOLDER = "/var/lib/uplift"
REFUSALS = {
    "missing": ("the system lacks {}", "install it there"),
    "unwritable": ("{} cannot be written on the system", "make room, or log in as root"),
    "busy": ("another change of Uplift's is at work on the system", "wait for its end"),
    "other_machine": ("another machine answers, its machine id is {}", "find out which machine this is"),
    "superseded": ("the lease was taken over: the system has seen the fencing token {}", "let this run end"),
}


class FenceRefused(UserError):
    """The system did nothing. ``code`` is ``fence_`` and one of the words above."""


class Unclear(Exception):
    """The answer was lost: whether the change was made is not known. The same change asked again finds out."""


@dataclass(frozen=True)
class Fence:
    """By what right something is changed. ``machine_id`` None: not asked, as it is not known."""

    base: str
    token: int
    machine_id: str | None


def state_folder(profile: Profile) -> str:
    """Uplift's own folder on the system: one for launches and actions, as there is one newest token."""
    return profile.upgrader.state_folder if profile.upgrader else STATE_FOLDER


def composed(fence: Fence, values: Mapping[str, str], *scripts: str) -> str:
    """What is sent to the system's shell: the values, quoted, the prelude, and then what is to be done.

    A name on the system need not be UTF-8: it travels as Python reads file names (surrogateescape).
    """
    if fence.token < 0:
        raise ValueError("a fencing token is not negative")
    ours = {"base": fence.base, "token": str(fence.token), "machine": fence.machine_id or ""}
    lines = [f"{name}={shlex.quote(value)}" for name, value in (ours | dict(values)).items()]
    return "\n".join([*lines, files("tasks.wire").joinpath("prelude.sh").read_text(), *scripts, ""])


async def converse(connection: asyncssh.SSHClientConnection, script: str, *, limit_s: float = ANSWER_S) -> list[str]:
    """What a composed script said: the lines after ``uplift ``, and at the end one of stderr's last, marked by ``!``.

    Raises Unclear where the connection was lost or the answer did not come within ``limit_s``.
    """
    sent = script.encode("utf-8", "surrogateescape")
    try:
        async with asyncio.timeout(limit_s):
            done = await connection.run(COMMAND, input=sent, check=False, encoding=None)
    except (asyncssh.Error, OSError) as error:
        raise Unclear(f"the connection was lost ({error})") from None
    except TimeoutError:
        raise Unclear(f"the system did not answer within {limit_s:g} s") from None
    told, complained = (_text(part) for part in (done.stdout, done.stderr))
    said = [line.removeprefix("uplift ") for line in told.splitlines() if line.startswith("uplift ")]
    return [*said, "! " + (" ".join(complained.split())[-200:] or "nothing")]


async def change(
    connection: asyncssh.SSHClientConnection, fence: Fence, script: str, values: Mapping[str, str] | None = None, *,
    limit_s: float = ANSWER_S,
) -> list[str]:
    """Make one change under the fence; the lines that it said, without the last one, which has to be ``done``.

    Raises FenceRefused where the system refuses, and Unclear where it did not come to its end.
    """
    *said, complaint = await converse(connection, composed(fence, values or {}, script, "say done"), limit_s=limit_s)
    word, _, rest = said[-1].partition(" ") if said else ("", "", "")
    if word in REFUSALS:
        message, remedy = REFUSALS[word]
        raise FenceRefused(f"fence_{word}", message.format(rest.strip() or "?"), remedy)
    if word == "no":            # the script's own refusal, in words
        raise UserError("action_refused", rest.strip() or "the system refuses", "see to it, and release the case")
    if word != "done":
        raise Unclear(f"the system did not confirm it (it said: {complaint.removeprefix('! ')})")
    return said[:-1]


async def still_ours(connection: asyncssh.SSHClientConnection, fence: Fence) -> None:
    """Ask the system whether this run's right still stands, as before a change that is not a script (a statement)."""
    await change(connection, fence, "")


def _text(output: object) -> str:
    return output.decode("utf-8", "surrogateescape") if isinstance(output, bytes) else str(output or "")
