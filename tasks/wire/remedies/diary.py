"""The system's own journal of what is carried out there: ``state_folder/actions/ACTION``.

A run may die after its last change and before it has told anybody: who comes after it finds the action done here.
"""
from __future__ import annotations

from collections.abc import Mapping

from tasks.wire.fenced import ANSWER_S, Fence, change, state_folder
from tasks.wire.remedies.remedy import Done, Ground

_OPEN = 'd=$base/actions/$action; (umask 077 && mkdir -p "$d") 2>/dev/null || say unwritable "$base"\n'
_FOUND = """\
for end in undone done; do
    if [ -s "$d/$end" ]; then printf 'uplift %s\\n' "$end"; sed 's/^/uplift /' "$d/$end"; break; fi
done
[ -e "$d/began" ] || put "$d/began" "$(date -u +%Y-%m-%dT%H:%M:%SZ) token $token"
"""
_WRITE = 'sync "$d" 2>/dev/null || sync; put "$d/$end" "$text"; sync "$d" 2>/dev/null || sync\n'


def fence_of(ground: Ground) -> Fence:
    return Fence(state_folder(ground.profile), ground.fencing_token, ground.machine_id)


async def on_system(
    ground: Ground, script: str, values: Mapping[str, str] | None = None, *, limit_s: float = ANSWER_S
) -> list[str]:
    """One change under the fence, with ``d`` as the action's own folder there. Raises like ``fenced.change``."""
    given = {"action": ground.action, **(values or {})}
    return await change(ground.connection, fence_of(ground), _OPEN + script, given, limit_s=limit_s)


async def found_done(ground: Ground) -> Done | None:
    """What a run before this one has carried out, and not told; it is marked as begun where nothing is there."""
    said = await on_system(ground, _FOUND)
    return Done(summary=said[1], undo=said[2] if len(said) > 2 else None) if said[:1] == ["done"] else None


async def found_undone(ground: Ground) -> str | None:
    said = await on_system(ground, _FOUND)
    return said[1] if said[:1] == ["undone"] else None


async def write_done(ground: Ground, done: Done) -> None:
    text = "\n".join([_line(done.summary), *([done.undo] if done.undo else [])])
    await on_system(ground, _WRITE, {"end": "done", "text": text})


async def write_undone(ground: Ground, summary: str) -> None:
    await on_system(ground, _WRITE, {"end": "undone", "text": _line(summary)})


def _line(text: str) -> str:
    return " ".join(text.split())
