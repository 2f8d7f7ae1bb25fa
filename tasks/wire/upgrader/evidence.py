"""What a system shows of a run: asked so that an answer is never older than the one it is judged by."""
from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping

import asyncssh

from tasks.facts import asterisk_version, platform
from tasks.model.answer import Answer, Silence
from tasks.model.fact import Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import labelled
from tasks.model.release import Release
from tasks.model.upgrade import Evidence, Fence, Schema, UpgradeStatus
from tasks.rules.upgrade_state import judge_status
from tasks.wire.shell import Question
from tasks.wire.shell_channel import ask_all
from tasks.wire.upgrader.launching import upgrader_of

LIMIT_S = 30.0
_MAX_BYTES = 1_000_000
_HELD = {"held": True, "free": False}
# Started is read before the lock, the lock before the exit code: a free lock then means that it is over, and an exit
# code that is missing after it was never written.
_JOURNAL = """\
case $(LC_ALL=C ls "$b" 2>&1 >/dev/null) in *denied*) echo told=denied; exit ;; esac
got() { if [ -f "$1" ]; then head -n 1 "$1"; else readlink "$1"; fi 2>/dev/null; }
lock() { if [ ! -e "$1" ]; then echo free; return; fi; flock -n -s "$1" true 2>/dev/null; case $? in 0) echo free ;; \
1) echo held ;; *) echo unknown ;; esac; }
if [ -d "$b/fence" ]; then echo fenced=yes; sed 's/^/fence_/' "$b/fence/owner" 2>/dev/null; fi
if [ -e "$j/started" ] || [ -L "$j/started" ]; then echo started=yes; fi
echo "launches=$(got "$j/launches")"
echo "runner_lock=$(lock "$j/lock")"
set -- $(got "$j/session")
here="$(cat /proc/sys/kernel/random/boot_id) $(sed 's/.*) //' /proc/1/stat | cut -d' ' -f20)"
if [ -n "${3:-}" ] && [ "$1 $2" = "$here" ]; then cat /proc/[0-9]*/stat 2>/dev/null | sed 's/^[0-9]* .*) //' | \
awk -v s="$3" '$4 == s && $1 != "Z" { n++ } END { print "session=" (n ? "alive" : "over") }'; \
elif [ -n "${3:-}" ]; then echo session=over; fi
if [ -n "$pl" ]; then echo "platform_lock=$(lock "$pl")"; fi
echo "exit=$(got "$j/exit")"
if [ -n "$pe" ]; then echo "platform_exit=$(got "$pe")"; fi
if [ -n "$ps" ]; then echo "platform_stage=$(tail -n 1 "$ps" 2>/dev/null | awk '{ print $NF }')"; fi
echo "stage=$(tail -n 1 "$j/stages" 2>/dev/null)"
echo "heartbeat=$(got "$j/heartbeat")"
echo "uptime=$(cut -d' ' -f1 /proc/uptime)"
echo told=yes
"""


async def status(
    connection: asyncssh.SSHClientConnection, profile: Profile, run_id: str, *, limit_s: float = LIMIT_S
) -> UpgradeStatus:
    """How the run ``run_id`` stands on the system. Raises nothing for what a system does: then it is Untold."""
    told: dict[str, Answer | Silence] = {}
    until = asyncio.get_running_loop().time() + limit_s
    await ask_all(connection, questions(profile, run_id), told, until=until, max_bytes=_MAX_BYTES)
    return judged(run_id, told)


def judged(run_id: str, told: Mapping[str, Answer | Silence]) -> UpgradeStatus:
    seen = read_evidence(told)
    return UpgradeStatus(run_id=run_id, state=judge_status(seen), evidence=seen)


def questions(profile: Profile, run_id: str) -> tuple[Question, ...]:
    """What is asked about a run, the journal first. Raises UserError for a profile without an upgrader."""
    upgrader, files = upgrader_of(profile), profile.paths.database_files
    values = {
        "b": upgrader.state_folder, "j": f"{upgrader.state_folder}/runs/{run_id}",
        "pl": upgrader.path(upgrader.lock, run_id), "pe": upgrader.path(upgrader.exit_file, run_id),
        "ps": upgrader.path(upgrader.stages_log, run_id),
    }
    assigned = "; ".join(f"{name}={shlex.quote(value)}" for name, value in values.items())
    journal = f"{assigned}; {_one_line(_JOURNAL)}"
    folder = shlex.quote(f"{files}/{profile.database.name}")
    asked = [
        Question("journal", journal, 10.0),
        Question("temporary", f"ls {folder} | grep -c '^#sql'", 5.0),
        Question("platform", platform.FACT.ask(profile), 5.0),
        Question("asterisk", asterisk_version.FACT.ask(profile), 10.0),
    ]
    if upgrader.schema_state:
        words = upgrader.words(upgrader.schema_state, run_id, Release((0, 0, 0, 0)))
        asked.insert(1, Question("schema", shlex.join(words), 12.0))
    return tuple(asked)


def read_evidence(told: Mapping[str, Answer | Silence]) -> Evidence:
    """The answers as evidence; what is missing or strange in them stays unknown."""
    journal = told.get("journal")
    if not isinstance(journal, Answer):
        return Evidence(gap=journal.detail if journal else "the system was not asked")
    says = labelled(journal)
    if says.get("told") == "denied":
        return Evidence(gap="the journal of the upgrade may not be read with this credential")
    if says.get("told") != "yes":
        return Evidence(gap="the system's answer about the upgrade was cut short")
    ours = says.get("stage", "").split()
    stage = says.get("platform_stage") or (ours[2] if len(ours) == 3 else None)
    uptime_s = _number(says.get("uptime"))
    return Evidence(
        fence=_fence(says), started=says.get("started") == "yes", launches=_whole(says.get("launches")) or 0,
        runner_lock=_HELD.get(says.get("runner_lock", "")),
        session_alive={"alive": True, "over": False}.get(says.get("session", "")),
        exit_code=_whole(says.get("exit")), stage=stage,
        stage_s=_since(uptime_s, _number(ours[1])) if len(ours) == 3 and ours[2] == stage else None,
        heartbeat_age_s=_since(uptime_s, _number(says.get("heartbeat"))),
        platform_lock=_HELD.get(says.get("platform_lock", "")), platform_exit=_whole(says.get("platform_exit")),
        schema_state=_schema(told.get("schema")), temporary_tables=_count(told.get("temporary")),
        release=_release(told.get("platform")), asterisk=_asterisk(told.get("asterisk")),
    )


def _one_line(script: str) -> str:
    """A question is one line; where a line of the script has ended with a word that goes on, no ; is wanted."""
    return "; ".join(line for line in script.replace("\\\n", "").splitlines() if line)


def _fence(says: Mapping[str, str]) -> Fence | None:
    if says.get("fenced") != "yes":
        return None
    return Fence(
        run_id=says.get("fence_run", ""), case_id=says.get("fence_case", ""),
        fencing_token=_whole(says.get("fence_token")), machine_id=says.get("fence_machine", ""),
    )


def _schema(answer: Answer | Silence | None) -> Schema:
    word = answer.stdout.strip() if isinstance(answer, Answer) else ""
    return Schema(word) if word in set(Schema) else Schema.UNKNOWN


def _count(answer: Answer | Silence | None) -> int | None:
    return _whole(answer.stdout) if isinstance(answer, Answer) and not answer.stderr.strip() else None


def _release(answer: Answer | Silence | None) -> Release | None:
    try:
        return platform.parse(answer).release if isinstance(answer, Answer) else None
    except Unreadable:
        return None


def _asterisk(answer: Answer | Silence | None) -> str | None:
    try:
        return asterisk_version.parse(answer).text if isinstance(answer, Answer) else None
    except Unreadable:
        return None


def _whole(text: str | None) -> int | None:
    plain = (text or "").strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _since(now_s: float | None, then_s: float | None) -> float | None:
    """None also where the machine was started anew in between."""
    return round(now_s - then_s, 2) if now_s is not None and then_s is not None and now_s >= then_s else None
