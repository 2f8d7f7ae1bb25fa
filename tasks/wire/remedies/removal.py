"""Deleting the files of a sealed list, batch by batch: each only if it is still the very file that was listed.

Each file is looked at and deleted from within its own folder, whose true place is compared first: neither a link put
in the way nor a folder that was exchanged leads anywhere else.
"""
from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from itertools import groupby

from tasks.model.errors import UserError
from tasks.model.finding import Quantity
from tasks.model.preview import Preview
from tasks.wire.remedies.diary import on_system
from tasks.wire.remedies.listing import Holds, Item, Listing, SealedList, Untold, Wanted, holds_now, listed
from tasks.wire.remedies.remedy import Done, Ground, Sight

BATCH_S = 120.0
_SCRIPT = r"""
unset CDPATH; LC_ALL=C; export LC_ALL
[ "$(id -u)" = 0 ] || say no 'the login may not see which files are open'
opened=$(find /proc/[0-9]*/fd -maxdepth 1 -type l -exec stat -L -c '%d:%i' {} + 2>/dev/null | sort -u)
[ -n "$opened" ] || say no 'which files are open could not be told'
gone=0 deleted=0 changed=0 open=0 held=0 failed=0 where=
at() { # FOLDER PATH: into a folder, if it is truly there, on the same file system, and not held
    where=lost
    cd -P -- "$1" 2>/dev/null && [ "$(pwd -P)" = "$1" ] || return
    device=$(stat -c %d .) && cd -P -- "$1$2" 2>/dev/null || { [ -e "$1$2" ] || where=gone; return; }
    [ "$(pwd -P; echo .)" = "$1$2
." ] && [ "$(stat -c %d .)" = "$device" ] || return
    where=here up=$1$2
    while [ -n "$marker" ]; do
        if [ -e "$up/$marker" ] || [ -L "$up/$marker" ]; then where=held; fi
        [ "$up" != "$1" ] || break
        up=${up%/*}
    done
}
drop() { # NAME IDENTITY
    case $where in
    lost) changed=$((changed + 1)); return ;;
    gone) gone=$((gone + 1)); return ;;
    held) held=$((held + 1)); return ;;
    esac
    if [ ! -e "./$1" ] && [ ! -L "./$1" ]; then gone=$((gone + 1)); return; fi
    if [ -L "./$1" ] || [ ! -f "./$1" ]; then changed=$((changed + 1)); return; fi
    told=$(stat -c '%i %s %Y %d' "./$1")
    if [ "$told" != "$2 $device" ]; then changed=$((changed + 1)); return; fi
    case "
$opened
" in *"
$device:${told%% *}
"*) open=$((open + 1)); return ;; esac
    if rm -f -- "./$1" 2>/dev/null; then deleted=$((deleted + 1)); else failed=$((failed + 1)); fi
}
"""
_TELL = """
cd /
printf '%s\\n' "$number $gone $deleted $changed $open $held $failed" >>"$d/batches"
printf 'uplift counts %s\\n' "$gone $deleted $changed $open $held $failed"
"""


@dataclass
class Counts:
    """What became of the files of a list. ``gone``: not there when their turn came."""

    gone: int = 0
    deleted: int = 0
    changed: int = 0
    open: int = 0
    held: int = 0
    failed: int = 0

    def add(self, said: Sequence[str]) -> None:
        numbers = next((line.split()[1:] for line in said if line.startswith("counts ")), [])
        if len(numbers) != len(astuple(self)):
            raise UserError("action_unclear", "the system did not tell what became of the files",
                            "see its journal of actions, and release the case")
        for name, number in zip(vars(self), numbers, strict=True):
            setattr(self, name, getattr(self, name) + int(number))

    @property
    def left(self) -> str:
        """Why files of the list are still there; "" where none is."""
        words = {"changed": "changed since", "open": "in use", "held": "on legal hold", "failed": "not deletable"}
        return ", ".join(f"{getattr(self, name):,} {why}" for name, why in words.items() if getattr(self, name))


async def previewed(sight: Sight, wanted: Wanted, remediation_id: str, what: str) -> Preview:
    """Counted and sealed; the list itself goes into the case's folder."""
    try:
        listing = await listed(sight.connection, wanted)
    except Untold as error:
        return Preview(remediation_id=remediation_id, lines=(), destroys=True, reversible=False, trouble=str(error))
    items = listing.items[: sight.profile.remedies.most_files]
    sealed = SealedList.of(items)
    if sight.list_name:
        sight.folder.save(sight.list_name, sealed)
    return Preview(
        remediation_id=remediation_id, lines=tuple(_lines(listing, items, what)), items=len(items),
        size_bytes=sum(item.size_bytes for item in items), oldest=items[0].changed_at if items else None,
        newest=items[-1].changed_at if items else None, destroys=True, reversible=False, seal=sealed.seal,
        list_ref=sight.list_name,
    )


def _lines(listing: Listing, items: Sequence[Item], what: str) -> Iterator[str]:
    for folder, mine in groupby(sorted(items, key=lambda item: item.folder), key=lambda item: item.folder):
        found = list(mine)
        size = Quantity(value=sum(item.size_bytes for item in found), unit="bytes")
        yield f"{len(found):,} {what} of {folder}: {size}"
    if len(items) < len(listing.items):
        yield f"{len(listing.items) - len(items):,} more are left for another time: so many are listed at once"
    if listing.held:
        yield f"{len(listing.held):,} more are on legal hold and stay"
    yield from (f"{folder} is not there" for folder in listing.absent)


async def removed(ground: Ground, wanted: Wanted, what: str) -> Done:
    """Delete what was agreed to, and only that. Raises UserError, Unclear and asyncssh's errors."""
    items = _agreed(ground, wanted)
    holds = await _holds(ground, wanted)
    held = sum(map(holds.hold, items))
    free = sorted((i for i in items if not holds.hold(i)), key=lambda i: (i.folder, i.path.rpartition("/")[0], i.path))
    counts = Counts(held=held)
    size = ground.profile.remedies.batch_files
    for number, start in enumerate(range(0, len(free), size), start=1):
        await ground.still_mine()
        holds = await _holds(ground, replace(wanted, hold_marker=""))       # markers are looked at file by file
        batch = [item for item in free[start : start + size] if not holds.hold(item)]
        counts.held += len(free[start : start + size]) - len(batch)
        values = {"marker": wanted.hold_marker, "number": str(number)}
        script = _SCRIPT + "".join(_steps(batch)) + _TELL
        counts.add(await on_system(ground, script, values, limit_s=BATCH_S))
        if number % 20 == 0:
            await ground.progress(f"{min(number * size, len(free)):,} of {len(free):,} {what} have been looked at")
    return _done(items, counts, what)


async def _holds(ground: Ground, wanted: Wanted) -> Holds:
    """Asked before each batch: a file may be put on hold while others are deleted."""
    try:
        return await holds_now(ground.connection, wanted)
    except Untold as error:
        raise UserError("action_refused", str(error), "see to it on the system, and release the case") from None


def _steps(batch: Sequence[Item]) -> Iterator[str]:
    for (folder, below), mine in groupby(batch, key=lambda item: (item.folder, item.path.rpartition("/")[0])):
        yield f"at {shlex.quote(folder)} {shlex.quote('/' + below if below else '')}\n"
        for item in mine:
            yield f"drop {shlex.quote(item.path.rpartition('/')[2])} {shlex.quote(item.identity)}\n"


def _agreed(ground: Ground, wanted: Wanted) -> tuple[Item, ...]:
    """The files that the client was shown. Raises UserError where that is in doubt."""
    shown, again = ground.agreed, "have the system inspected again, so that the client is shown what it is now"
    if shown is None or shown.trouble or not shown.seal:
        raise UserError("nothing_counted", "what is to be deleted was never counted and shown to the client", again)
    sealed = ground.folder.load(shown.list_ref, SealedList)
    if sealed.seal != shown.seal or len(sealed.rows) != shown.items:
        raise UserError("list_changed", "the list of files is not the one that the client was shown", again)
    items = sealed.items
    cutoff = wanted.older_than.timestamp()
    if any(item.folder not in wanted.folders or item.changed_s > cutoff for item in items):
        raise UserError("list_changed", "the list holds files that the profile does not let be deleted", again)
    return items


def _done(items: Sequence[Item], counts: Counts, what: str) -> Done:
    if counts.failed:
        raise UserError("not_deleted", f"{counts.failed:,} {what} could not be deleted", "see why on the system")
    there = len(items) - counts.changed - counts.open - counts.held
    size = Quantity(value=sum(item.size_bytes for item in items), unit="bytes")
    said = f"{there:,} of {len(items):,} {what} that were agreed on ({size} in all) are deleted"
    return Done(summary=said + (f"; left as they are: {counts.left}" if counts.left else ""))
