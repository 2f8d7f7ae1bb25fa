"""Deleting by a real shell: what is put on legal hold while it goes on stays."""
from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tasks.model.preview import Preview
from tasks.model.profile import Profile
from tasks.wire import fenced
from tasks.wire.remedies.listing import Item, SealedList, Wanted
from tasks.wire.remedies.removal import removed

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Shell:
    async def run(self, command: str, *, input: bytes, check: bool, encoding: None) -> Any:
        process = await asyncio.create_subprocess_shell(
            command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        stdout, stderr = await process.communicate(input)
        return SimpleNamespace(stdout=stdout, stderr=stderr)


async def test_what_is_put_on_hold_while_it_goes_on_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fenced, "STATE_FOLDER", str(tmp_path / "state"))
    folder, hold = tmp_path / "monitor", tmp_path / "hold"
    folder.mkdir()
    hold.write_text("# nothing\n")
    for name in ("1.wav", "2\n.wav", "3.wav", "4.wav"):
        (folder / name).write_text("x")
        os.utime(folder / name, (1, 1))
    items = [Item(str(folder), path.name, path.stat().st_ino, 1, 1) for path in folder.iterdir()]
    sealed, batches = SealedList.of(items), 0

    async def still_mine() -> None:
        nonlocal batches
        batches += 1
        if batches == 3:
            hold.write_text("4.wav\n")

    async def progress(text: str) -> None:
        return None

    ground: Any = SimpleNamespace(
        connection=Shell(), profile=Profile.model_validate({"name": "lab", "remedies": {"batch_files": 1}}),
        action="C-1-1", fencing_token=1, machine_id="", still_mine=still_mine, progress=progress,
        folder=SimpleNamespace(load=lambda name, model: sealed),
        agreed=Preview(remediation_id="delete_old_recordings", lines=(), items=4, seal=sealed.seal, list_ref="list"),
    )
    wanted = Wanted((str(folder),), NOW - timedelta(days=1), hold_list=str(hold), hold_marker=".legal-hold")
    done = await removed(ground, wanted, "recordings")
    assert [path.name for path in folder.iterdir()] == ["4.wav"]
    assert done.summary.endswith("left as they are: 1 on legal hold")
