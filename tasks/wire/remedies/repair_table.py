"""Repair crashed tables with the server's own means: looked at, copied aside, repaired, looked at again.

CHECK TABLE and REPAIR TABLE are of MyISAM and Aria; both lock the one table. What cannot be saved is lost, so the files
are copied first, and that copy is never removed by Uplift.
"""
from __future__ import annotations

import asyncio
import re
import shlex
from contextlib import suppress

from tasks.model.answer import Answer, Rows, Silence
from tasks.model.errors import UserError
from tasks.model.finding import Quantity
from tasks.model.preview import Preview
from tasks.wire.fenced import Unclear, state_folder, still_ours
from tasks.wire.mysql_write import StatementRefused, Writer, writing
from tasks.wire.remedies.diary import fence_of, on_system
from tasks.wire.remedies.remedy import Done, Ground, Remedy, Sight
from tasks.wire.shell import Question
from tasks.wire.shell_channel import ask_all

ID = "repair_table"
REPAIR_S, CHECK_S, COPY_S, QUICK_S = 3600.0, 900.0, 900.0, 15.0
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_WELL = ("ok", "table is already up to date")
_FILES = "set --; for end in MYD MYI MAD MAI frm; do [ ! -f {base}.$end ] || set -- \"$@\" {base}.$end; done"
_COPY = """\
to=$d/tables/$name
if [ -e "$to/whole" ]; then say done; fi
FILES
case "$*" in *.MYD*|*.MAD*) ;; *) say no "$name is no table that the server repairs from its files" ;; esac
rm -rf -- "$to.new"; (umask 077 && mkdir -p "$to.new") || say unwritable "$d"
need=$(du -ck -- "$@" | tail -n 1 | cut -f 1)
for place in "$to.new" "$files"; do
    room=$(df -Pk "$place" | awk 'NR == 2 { print $4 }')
    [ "$room" -gt $((need * 2)) ] || say no "there is no room in $place for a copy of $name and its repair ($need kB)"
done
before=$(stat -c '%n %s %Y' "$@")
cp -p -- "$@" "$to.new/" && sync || say unwritable "$to.new"
for file in "$@"; do cmp -s -- "$file" "$to.new/${file##*/}" || say no "the copy of $name is not whole"; done
[ "$before" = "$(stat -c '%n %s %Y' "$@")" ] || say no "$name was written to while it was copied"
rm -rf -- "$to"; mv -- "$to.new" "$to" && touch "$to/whole" && sync || say unwritable "$to"
"""


async def preview(sight: Sight) -> Preview:
    """The tables' files as they lie there; the tables themselves are left alone."""
    files = f"{sight.profile.paths.database_files}/{sight.profile.database.name}"
    asks = "; ".join(
        f"{_FILES.format(base=shlex.quote(f'{files}/{name}'))}; stat -c '{name} %s' \"$@\""
        for name in _names(sight.subjects)
    )
    told: dict[str, Answer | Silence] = {}
    until = asyncio.get_running_loop().time() + 20.0
    await ask_all(sight.connection, (Question("tables", asks, 10.0),), told, until=until, max_bytes=100_000)
    answer = told["tables"]
    if not isinstance(answer, Answer):
        return Preview(remediation_id=ID, lines=(), reversible=False, trouble=answer.detail)
    sizes: dict[str, int] = dict.fromkeys(_names(sight.subjects), 0)
    for name, size in (line.split() for line in answer.stdout.splitlines()):
        sizes[name] += int(size)
    missing = [name for name, size in sizes.items() if not size]
    return Preview(
        remediation_id=ID, reversible=False, items=len(sizes), size_bytes=sum(sizes.values()),
        lines=tuple(f"{name}: {Quantity(value=size, unit='bytes')} are copied aside, then the table is repaired; "
                    "nobody can use it meanwhile" for name, size in sizes.items()),
        trouble=f"the files of {missing[0]} were not found" if missing else "",
    )


async def carry_out(ground: Ground) -> Done:
    told = []
    async with writing(ground.connection, ground.profile) as writer:
        for name in _names(ground.subjects):
            await ground.still_mine()
            told.append(await _repaired(ground, writer, name))
    where = f"{state_folder(ground.profile)}/actions/{ground.action}/tables"
    return Done(summary=f"{'; '.join(told)}; a copy of what was there before lies in {where}")


async def _repaired(ground: Ground, writer: Writer, name: str) -> str:
    await still_ours(ground.connection, fence_of(ground))
    await _nobody_else(writer)
    if not await _complaint(writer, f"CHECK TABLE `{name}`", CHECK_S):
        return f"{name} is sound"
    with suppress(StatementRefused):    # the right is missing, or it cannot be opened: the data lie on disk either way
        await writer.execute(f"FLUSH TABLES `{name}`", limit_s=QUICK_S)
    files = f"{ground.profile.paths.database_files}/{ground.profile.database.name}"
    script = _COPY.replace("FILES", _FILES.format(base='"$files/$name"'), 1)
    await on_system(ground, script, {"files": files, "name": name}, limit_s=COPY_S)
    await ground.progress(f"the files of {name} are copied aside; it is repaired now")
    await ground.still_mine()
    await still_ours(ground.connection, fence_of(ground))
    why = await _complaint(writer, f"REPAIR LOCAL TABLE `{name}`", REPAIR_S)
    if why:                     # an index file without its head: made anew from the table's definition
        await still_ours(ground.connection, fence_of(ground))
        why = await _complaint(writer, f"REPAIR LOCAL TABLE `{name}` USE_FRM", REPAIR_S)
    why = why or await _complaint(writer, f"CHECK TABLE `{name}`", CHECK_S)
    if why:
        copy = f"{state_folder(ground.profile)}/actions/{ground.action}/tables/{name}"
        raise UserError("not_repaired", f"{name} could not be repaired: {why}", f"its files as they were lie in {copy}")
    rows = await writer.execute(f"SELECT COUNT(*) FROM `{name}`", limit_s=CHECK_S)  # noqa: S608  (checked name)
    return f"{name} is repaired and has {rows.rows[0][0]:,} rows"


async def _nobody_else(writer: Writer) -> None:
    """A repair of a run that died goes on in the server."""
    others = await writer.execute(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND info LIKE 'REPAIR %%'",
        limit_s=QUICK_S,
    )
    if others.rows[0][0]:
        raise Unclear("a repair is still at work in the database")


async def _complaint(writer: Writer, statement: str, limit_s: float) -> str:
    """What the server has to say against the table; "" where it is sound."""
    try:
        answer: Rows = await writer.execute(statement, limit_s=limit_s)
    except StatementRefused as error:
        return error.message
    kinds = [(str(row[2]).lower(), str(row[3])) for row in answer.rows if len(row) >= 4]
    wrong = [text for kind, text in kinds if kind == "error"]
    well = bool(kinds) and kinds[-1][0] == "status" and kinds[-1][1].lower() in _WELL
    said = wrong or [text for _, text in kinds] or ["it said nothing"]
    return "" if well and not wrong else " ".join(said[-1].split())


def _names(subjects: tuple[str, ...]) -> tuple[str, ...]:
    strange = [name for name in subjects if not _NAME.fullmatch(name)]
    if strange or not subjects:
        raise UserError("strange_table", f"{strange[0]!r} has a name that Uplift does not repair" if strange else
                        "no table is named", "repair it by hand")
    return tuple(dict.fromkeys(subjects))


REMEDY = Remedy(ID, preview, carry_out)
