"""The evidence for a backup that a client has attested: the file that is named, looked at on the system."""
from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime

from tasks.model.answer import Answer, Silence
from tasks.model.errors import UserError
from tasks.model.finding import Quantity
from tasks.steps.case_site import Site
from tasks.wire.shell import Question
from tasks.wire.shell_channel import ask_all

_LIMIT_S = 10.0


@dataclass(frozen=True)
class Evidence:
    path: str
    size_bytes: int
    written_at: datetime

    def __str__(self) -> str:
        size = Quantity(value=self.size_bytes, unit="bytes")
        return f"{self.path} has {size} and was written at {self.written_at:%Y-%m-%d %H:%M} UTC by the system's clock"


async def evidence_of(site: Site, path: str) -> Evidence:
    """Raises UserError where no such file with content is there, NoContact where the system is not reached."""
    remedy = "have the client say where it lies, or accept it by name with `uplift case accept-backup`"
    if not path.startswith("/") or "\n" in path:
        raise UserError("backup_not_a_file", f"{path} is no path of a file on the system", remedy)
    told: dict[str, Answer | Silence] = {}
    async with site.connected() as connection:
        question = Question("backup", f"stat -L -c '%s %Y %F' -- {shlex.quote(path)}", _LIMIT_S)
        until = asyncio.get_running_loop().time() + 2 * _LIMIT_S
        await ask_all(connection, (question,), told, until=until, max_bytes=100_000)
    answer = told.get("backup")
    words = answer.stdout.split(maxsplit=2) if isinstance(answer, Answer) and answer.exit_code == 0 else []
    if len(words) != 3 or words[2].strip() not in ("regular file", "directory"):
        raise UserError("backup_not_found", f"{path} was not found on the system", remedy)
    size, written = int(words[0]), datetime.fromtimestamp(int(words[1]), UTC)
    if words[2].strip() == "regular file" and size == 0:
        raise UserError("backup_empty", f"{path} is empty", "have the client make the backup again")
    return Evidence(path, size, written)
