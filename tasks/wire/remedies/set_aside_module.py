"""Move modules that were not built with this Asterisk out of its folder, into one of ours outside the tree.

Asterisk keeps running with what it has loaded: it takes effect at the next start. The configuration is left alone: a
``load =>`` of a module that is not there is a line in the log, and nothing more. But where it is *required*, Asterisk
would not start without it, and then nothing is moved.
"""
from __future__ import annotations

import asyncio
import re
import shlex

from tasks.model.answer import Answer, Silence
from tasks.model.errors import UserError
from tasks.model.finding import Quantity
from tasks.model.preview import Preview
from tasks.model.profile import Profile
from tasks.wire.remedies.diary import on_system
from tasks.wire.remedies.remedy import Done, Ground, Remedy, Sight
from tasks.wire.shell import Question
from tasks.wire.shell_channel import ask_all

ID = "set_aside_module"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*\.so")
# As Asterisk reads it: words in any case, and in whatever file below its folder, as included ones have any name.
_REQUIRED = 'grep -RisqE -e "$required" -- "$etc"'
# The manifest is written before the move: whoever comes after knows where it was. A copy that an interrupted move left
# half written lies beside the module itself, which is still there then.
_MOVE = """\
place=$aside/$action
(umask 077 && mkdir -p "$place") 2>/dev/null || say unwritable "$aside"
[ -r "$etc/modules.conf" ] || say no "$etc/modules.conf cannot be read, so that what Asterisk requires is not known"
if REQUIRED; then say no "the configuration requires $name, so that Asterisk would not start without it"; fi
set --
for folder in FOLDERS; do [ ! -e "$folder/$name" ] && [ ! -L "$folder/$name" ] || set -- "$@" "$folder"; done
[ $# -le 1 ] || say no "$name lies in more than one folder"
if [ $# = 0 ]; then
    grep -qxF -- "$name" "$d/names" 2>/dev/null && [ -e "$place/$name" ] || say no "$name is not there any more"
    say done
fi
[ -f "$1/$name" ] && [ ! -L "$1/$name" ] || say no "$1/$name is not a plain file"
if [ -e "$place/$name" ]; then mv -f -- "$place/$name" "$place/$name.before.$(date +%s)" || say unwritable "$place"; fi
printf '%s\\n' "$1" >"$d/from.$name" && printf '%s\\n' "$name" >>"$d/names" && sync || say unwritable "$d"
mv -- "$1/$name" "$place/$name" || say unwritable "$place"
sync
"""
_NAMES = 'if [ -e "$d/names" ]; then sort -u "$d/names" | sed "s/^/uplift name /"; fi\n'
_BACK = """\
place=$aside/$action from=$(cat "$d/from.$name" 2>/dev/null)
[ -n "$from" ] || say no "where $name came from is not known any more"
if [ -e "$place/$name" ]; then
    [ ! -e "$from/$name" ] && [ ! -L "$from/$name" ] || say no "another file lies at $from/$name now"
    mv -- "$place/$name" "$from/$name" || say unwritable "$from"
    sync
elif [ ! -e "$from/$name" ]; then say no "$name is neither in $place nor in $from"
fi
"""


async def preview(sight: Sight) -> Preview:
    """Counts the files, and sees whether Asterisk requires one of them."""
    lines, sizes, trouble = [], [], ""
    for name in _names(sight.subjects):
        told = await _asked(sight, name)
        if told is None:
            trouble = f"the system did not tell about {name}"
            continue
        required, *found = told
        trouble = _trouble(name, required == "required", found) or trouble
        for line in found[:1]:
            size, _, folder = line.partition(" ")
            sizes.append(int(size))
            lines.append(f"{name} ({Quantity(value=int(size), unit='bytes')}) is moved from {folder} to "
                         f"{sight.profile.remedies.modules_aside}; it takes effect when Asterisk starts the next time")
    return Preview(remediation_id=ID, lines=tuple(lines), items=len(sizes), size_bytes=sum(sizes), trouble=trouble)


async def _asked(sight: Sight, name: str) -> list[str] | None:
    etc, folders = shlex.quote(sight.profile.paths.asterisk_etc), shlex.join(sight.profile.paths.modules)
    command = (
        f"if grep -RisqE -e {shlex.quote(_required(name))} -- {etc}; then echo required; else echo free; fi; "
        f"for folder in {folders}; do stat -c \"%s $folder\" -- \"$folder/\"{shlex.quote(name)} 2>/dev/null; done; true"
    )
    told: dict[str, Answer | Silence] = {}
    until = asyncio.get_running_loop().time() + 20.0
    await ask_all(sight.connection, (Question("module", command, 10.0),), told, until=until, max_bytes=100_000)
    answer = told["module"]
    return answer.stdout.splitlines() if isinstance(answer, Answer) and answer.exit_code == 0 else None


def _trouble(name: str, required: bool, found: list[str]) -> str:
    if required:
        return f"the configuration requires {name}, so that Asterisk would not start without it"
    if len(found) != 1:
        return f"{name} lies in {len(found)} folders"
    return ""


async def carry_out(ground: Ground) -> Done:
    for name in _names(ground.subjects):
        await ground.still_mine()
        await on_system(ground, _script(ground.profile), _values(ground, name))
    names = ", ".join(_names(ground.subjects))
    where = f"{ground.profile.remedies.modules_aside}/{ground.action}"
    return Done(summary=f"{names} set aside in {where}; it takes effect at the next start", undo=ground.action)


async def undo(ground: Ground, token: str) -> str:
    said = await on_system(ground, _NAMES)
    names = [line.removeprefix("name ") for line in said if line.startswith("name ")]
    if token != ground.action or not names:
        raise UserError("nothing_aside", f"the system knows of no modules that {token} has set aside",
                        "put them back by hand, and note it in the case")
    for name in _names(names):
        await ground.still_mine()
        await on_system(ground, _BACK, _values(ground, name))
    return f"{', '.join(names)} put back; it takes effect at the next start"


def _script(profile: Profile) -> str:
    return _MOVE.replace("REQUIRED", _REQUIRED).replace("FOLDERS", shlex.join(profile.paths.modules))


def _values(ground: Ground, name: str) -> dict[str, str]:
    paths = ground.profile.paths
    return {"aside": ground.profile.remedies.modules_aside, "name": name, "etc": paths.asterisk_etc,
            "required": _required(name)}


def _required(name: str) -> str:
    """Lines of modules.conf by which Asterisk does not start without this module."""
    stem = re.escape(name.removesuffix(".so")).replace(r"\-", "-")
    return rf"^[[:space:]]*(preload-)?require[[:space:]]*=>?[[:space:]]*{stem}(\.so)?[[:space:]]*(;|$)"


def _names(subjects: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    strange = [name for name in subjects if not _NAME.fullmatch(name)]
    if strange or not subjects:
        raise UserError("strange_module", f"{strange[0]!r} is no name of a module" if strange else "no module is named",
                        "set it aside by hand")
    return tuple(dict.fromkeys(subjects))


REMEDY = Remedy(ID, preview, carry_out, undo)
