"""A sweep's folder on disk: the plan, the systems and their raw answers, safe against a kill at any byte.

While a shard is being visited each recording is one line appended to ``facts/shard-0000.jsonl``; a shard that is
complete becomes ``facts/shard-0000.parquet``. A torn last line is what a kill leaves: that system is visited again.

What lies in ``facts/`` is personal data: every line and every file is sealed (``tasks.wire.sealed``).
"""
from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from tasks.model.answer import Recording
from tasks.model.errors import UserError
from tasks.model.sweep import SweepPlan, Target
from tasks.wire.private_file import part_of, write_private
from tasks.wire.sealed import HEADER_BYTES, Altered, Sealer, altered, key_of

_ROWS_AT_ONCE = 50


class SweepFolder:
    """Opens nothing until asked; every write is either an appended line or an atomic rename.

    ``home`` has the keys that seal the answers; None: the home that is found when they are needed.
    """

    def __init__(self, path: Path, home: Path | None = None) -> None:
        self.path = path
        self.facts = path / "facts"
        self._sealer = Sealer(home)

    @property
    def exists(self) -> bool:
        return (self.path / "run.json").is_file()

    @contextmanager
    def locked(self, *, must_exist: bool = False) -> Iterator[None]:
        """Hold the folder for one sweep at a time; raises UserError where another one runs."""
        if must_exist:
            self.plan()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / ".lock").open("a")
        except OSError as error:
            message = f"{self.path} cannot be used as a sweep's folder: {error.strerror}"
            raise UserError("folder_unusable", message, "choose another folder") from None
        with lock:
            _lock(lock.fileno(), f"another sweep is writing to {self.path}", "wait for it, or choose another --out")
            yield

    def create(self, plan: SweepPlan, targets: tuple[Target, ...]) -> None:
        self.facts.mkdir(mode=0o700, parents=True, exist_ok=True)      # raw answers, names and mail addresses
        lines = "".join(target.model_dump_json() + "\n" for target in targets)
        self._write(self.facts / "systems.jsonl", lines.encode())
        self.save(plan)

    def save(self, plan: SweepPlan) -> None:
        write_atomically(self.path / "run.json", plan.model_dump_json(indent=2).encode() + b"\n")

    def load(self) -> tuple[SweepPlan, tuple[Target, ...]]:
        """The plan and its systems; raises UserError where the folder holds no sweep that can be read or opened."""
        plan = self.plan()
        with self._told():
            lines = self._content(self.facts / "systems.jsonl").splitlines()
            return plan, tuple(Target.model_validate_json(line) for line in lines)

    def plan(self) -> SweepPlan:
        """What needs no key. Raises UserError where the folder holds no sweep that can be read."""
        with self._told():
            return SweepPlan.model_validate_json((self.path / "run.json").read_bytes())

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            message = f"{self.path} holds no sweep ({Path(str(error.filename)).name} is missing)"
            raise UserError("no_sweep", message, "name a folder that `uplift sweep --out` wrote") from None
        except OSError as error:
            message = f"{self.path} holds no sweep that can be read ({error.strerror})"
            raise UserError("no_sweep", message, "name a folder that `uplift sweep --out` wrote") from None
        except ValidationError as error:
            raise UserError(
                "sweep_unreadable",
                f"{self.path} holds a sweep that this version cannot read ({error.error_count()} errors)",
                "judge it with the version that wrote it (run.json: uplift_version), or sweep again",
            ) from None

    def recorded(self, shard: int) -> set[str]:
        """The ids of the systems of a shard whose recording is whole."""
        if self._sealed(shard).is_file():
            table = pq.read_table(self._parquet(shard), columns=["system_id"])
            return set(table.column("system_id").to_pylist())
        return {recording.system_id for recording in self._lines(shard)}

    def contacts(self, shard: int) -> dict[str, int]:
        """How many systems of a sealed shard by how far the visit came."""
        column = pq.read_table(self._parquet(shard), columns=["contact"]).column("contact")
        return dict(Counter(column.to_pylist()))

    def is_sealed(self, shard: int) -> bool:
        return self._sealed(shard).is_file()

    @contextmanager
    def appending(self, shard: int) -> Iterator[Appender]:
        """Append recordings to a shard; a torn last line of an earlier run is cut off first.

        Raises UserError where another run visits the shard: the lock goes with its process, so a dead one holds none.
        """
        path = self._open(shard)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(path, "ab", opener=_for_its_owner) as file:
            _lock(file.fileno(), f"another run visits shard {shard} of {self.path}", "wait for it, then use --resume")
            _cut_torn_line(path)
            self._without_parts(shard)
            yield Appender(file, lambda line: self._sealer.seal_line(line, path.name))

    def seal(self, shard: int) -> None:
        """Turn a complete shard's lines into Parquet, in the order of the system ids; one that is sealed stays.

        Call it while ``appending`` holds the shard, so that no other run seals it too.
        """
        if self.is_sealed(shard):
            self._open(shard).unlink(missing_ok=True)
            return
        recordings = self._in_order(shard)
        table = pa.table(
            {
                "system_id": [recording.system_id for recording in recordings],
                "contact": [recording.contact.state.value for recording in recordings],
                "recording": [recording.model_dump_json() for recording in recordings],
            },
            schema=pa.schema([("system_id", pa.string()), ("contact", pa.string()), ("recording", pa.large_string())]),
        )
        parquet = pa.BufferOutputStream()
        pq.write_table(table, parquet, compression="zstd")
        self._write(self._sealed(shard), parquet.getvalue().to_pybytes(), deflate=False)
        self._open(shard).unlink(missing_ok=True)

    def recordings(self, shard: int) -> Iterator[Recording]:
        """The recordings of a shard, sealed or not, one at a time."""
        if not self.is_sealed(shard):
            yield from self._in_order(shard)
            return
        for batch in pq.ParquetFile(self._parquet(shard)).iter_batches(_ROWS_AT_ONCE, columns=["recording"]):
            for text in batch.column(0).to_pylist():
                yield Recording.model_validate_json(text)

    def _sealed(self, shard: int) -> Path:
        return self.facts / f"shard-{shard:04}.parquet"

    def _open(self, shard: int) -> Path:
        return self.facts / f"shard-{shard:04}.jsonl"

    def _lines(self, shard: int) -> Iterator[Recording]:
        if not self._open(shard).is_file():
            return
        path = self._open(shard)
        with path.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    with suppress(ValidationError, Altered):        # a damaged line: its system is visited again
                        yield Recording.model_validate_json(self._sealer.unseal_line(line, path.name, path))

    def keys(self) -> dict[str | None, int]:
        """How many files by the key that seals them (their first line, where each line is sealed); None: plain ones."""
        found: dict[str | None, int] = {}
        for path in self._files():
            with path.open("rb") as file:
                key = key_of(file.read(HEADER_BYTES * 2))
            found[key] = found.get(key, 0) + 1
        return found

    def reseal(self) -> int:
        """Seal with the newest key what is plain or sealed with an older one; gives how many files were.

        Call it while the folder is ``locked``. Raises UserError where a run visits one of its shards.
        """
        count = 0
        for path in self._files():
            if path.suffix == ".jsonl" and path.name != "systems.jsonl":
                count += self._resealed_lines(int(path.stem.removeprefix("shard-")))
                continue
            content = path.read_bytes()
            if key_of(content) != self._sealer.newest.id:
                plain = self._sealer.unseal(content, path.name, path)
                self._write(path, plain, deflate=path.suffix != ".parquet")
                count += 1
        for part in self.facts.glob("*.part"):      # of versions before, plain
            part.unlink()
        return count

    def _resealed_lines(self, shard: int) -> bool:
        path = self._open(shard)
        with self.appending(shard):
            lines = path.read_bytes().splitlines(keepends=True)
            if {key_of(line) for line in lines} <= {self._sealer.newest.id}:
                return False
            plain = [self._sealer.unseal_line(line, path.name, path).rstrip(b"\n") for line in lines]
            write_private(path, b"".join(self._sealer.seal_line(line, path.name) for line in plain))
        return True

    def _files(self) -> list[Path]:
        if not self.facts.is_dir():
            return []
        return sorted(path for path in self.facts.iterdir() if path.suffix in (".jsonl", ".parquet"))

    def _write(self, path: Path, content: bytes, *, deflate: bool = True) -> None:
        write_private(path, self._sealer.seal(content, path.name, deflate=deflate))

    def _content(self, path: Path) -> bytes:
        return self._sealer.unseal(path.read_bytes(), path.name, path)

    def _parquet(self, shard: int) -> pa.BufferReader:
        content = self._content(self._sealed(shard))
        if not content.startswith(b"PAR1"):
            raise altered(self._sealed(shard))
        return pa.BufferReader(content)

    def _without_parts(self, shard: int) -> None:
        """Remove what a kill left; versions before wrote the second, plain."""
        for part in (part_of(self._sealed(shard)), self._sealed(shard).with_suffix(".parquet.part")):
            part.unlink(missing_ok=True)

    def _in_order(self, shard: int) -> list[Recording]:
        """One recording a system, by id."""
        by_id = {recording.system_id: recording for recording in self._lines(shard)}
        return [by_id[system_id] for system_id in sorted(by_id)]


class Appender:
    """One write(2) a recording, so that a kill or a full disk leaves whole lines and at most one torn one."""

    def __init__(self, file: IO[bytes], line_of: Callable[[bytes], bytes]) -> None:
        self._file = file       # not its number, which is another file's once this one is closed
        self._line_of = line_of

    def append(self, recording: Recording) -> None:
        """Raises UserError where there is no room; what was written of the line is taken back."""
        line = self._line_of(recording.model_dump_json().encode())
        descriptor = self._file.fileno()
        whole_bytes = os.fstat(descriptor).st_size
        try:
            while line:
                line = line[os.write(descriptor, line) :]
        except OSError as error:
            os.ftruncate(descriptor, whole_bytes)
            message = f"{self._file.name} cannot be written: {error.strerror}"
            raise UserError("sweep_unwritable", message, "make room there and go on with --resume") from None


def _lock(descriptor: int, message: str, remedy: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError("sweep_running", message, remedy) from None


def write_atomically(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(content)
    _to_disk(temporary)
    temporary.replace(path)


def _to_disk(path: Path) -> None:
    """Before a rename: after a power cut the new name must not stand for an empty file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _cut_torn_line(path: Path) -> None:
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)
