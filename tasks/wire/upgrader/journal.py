"""The journal that a run leaves on the system: its stages with their times, and its log by byte offset."""
from __future__ import annotations

import asyncio
import base64
import binascii
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime

import asyncssh

from tasks.model.answer import Answer, Silence
from tasks.model.profile import Profile
from tasks.model.reading import lines
from tasks.model.upgrade import StageMark
from tasks.wire.shell import Question
from tasks.wire.shell_channel import ask_all
from tasks.wire.upgrader.launching import upgrader_of

PIECE_BYTES = 120_000           # of log in one answer; it travels as base64
_LIMIT_S = 10.0
_MAX_BYTES = 1_000_000


def stages_question(profile: Profile, run_id: str) -> Question:
    path = f"{upgrader_of(profile).state_folder}/runs/{run_id}/stages"
    return Question("stages", f"tail -n 500 {shlex.quote(path)}", _LIMIT_S)


def log_question(profile: Profile, run_id: str, offset: int) -> Question:
    """What the log has beyond ``offset`` bytes."""
    upgrader = upgrader_of(profile)
    path = upgrader.path(upgrader.log, run_id) or f"{upgrader.state_folder}/runs/{run_id}/log"
    return Question(
        "log", f"tail -c +{offset + 1} {shlex.quote(path)} | head -c {PIECE_BYTES} | base64", _LIMIT_S
    )


def stages_of(answer: Answer | Silence | None) -> tuple[StageMark, ...]:
    """Stages in their order; a line that was cut short is left out."""
    found = []
    for words in (line.split() for line in lines(answer)) if isinstance(answer, Answer) else ():
        try:
            epoch_s, uptime_s, stage = words
            found.append(StageMark(stage=stage, at=datetime.fromtimestamp(int(epoch_s), UTC), uptime_s=float(uptime_s)))
        except (ValueError, OverflowError, OSError):
            continue
    return tuple(found)


def log_of(answer: Answer | Silence | None, offset: int, *, over: bool) -> tuple[tuple[str, ...], int]:
    """The whole lines of an answer and the offset after them; at the end of a run what has no line end too."""
    if not isinstance(answer, Answer):
        return (), offset
    try:
        piece = base64.b64decode("".join(answer.stdout.split()), validate=True)
    except binascii.Error:
        return (), offset               # cut short: it is asked again
    endless = len(piece) == PIECE_BYTES and b"\n" not in piece
    whole = piece if over or endless else piece[: piece.rfind(b"\n") + 1]
    return tuple(whole.decode("utf-8", "replace").splitlines()), offset + len(whole)


async def read_stages(
    connection: asyncssh.SSHClientConnection, profile: Profile, run_id: str
) -> tuple[StageMark, ...]:
    """The stages of a run as the system's journal has them, with its own clock; empty where there are none."""
    told: dict[str, Answer | Silence] = {}
    await ask(connection, (stages_question(profile, run_id),), told)
    return stages_of(told.get("stages"))


async def ask(
    connection: asyncssh.SSHClientConnection, questions: tuple[Question, ...], told: dict[str, Answer | Silence],
    limit_s: float = 60.0,
) -> Mapping[str, Answer | Silence]:
    until = asyncio.get_running_loop().time() + limit_s
    await ask_all(connection, questions, told, until=until, max_bytes=_MAX_BYTES)
    return told
