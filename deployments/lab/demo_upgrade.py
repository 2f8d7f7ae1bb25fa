"""``make demo-upgrade``: one appliance from the ticket to Asterisk 22 and back to Asterisk 16; nothing stays running.

Every word to Uplift is a command that is printed; every version is one that Uplift itself has read and recorded.
"""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from deployments.lab.layout import Layout
from deployments.lab.record import records, write_private

LAB = Path("var/demo-upgrade")
UPLIFT = Path(sys.executable).with_name("uplift")
APPLIANCES = Path(__file__).with_name("demo_upgrade.yaml")
SYSTEM, TARGET, ECHO = "pbx1", "7.2.0", "600"
ZONE = ZoneInfo("Asia/Singapore")       # as demo_upgrade.yaml has it
CLIENT, ENGINEER = "Mei Tan", "lab-engineer"
SECONDS_LEFT = 20                       # of this minute, for the two commands that agree on the next one


class Broken(Exception):
    """A point that does not hold."""


def main() -> int:
    """0 only where each point was seen to hold; the lab is taken down whatever happens."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):        # the lab is taken down first
        signal.signal(number, signal.default_int_handler)
    code = 0
    try:
        _walk()
    except Broken as error:
        print(f"\ndoes not hold: {error}", file=sys.stderr)
        code = 1
    except subprocess.CalledProcessError as error:
        code = abs(error.returncode)
    except KeyboardInterrupt:
        code = 130
    finally:
        left = _run("lab", "down", "--dir", str(LAB))
    if not code and not left:
        print("\nAsterisk 16 answered, was upgraded, Asterisk 22 answered, was reverted, Asterisk 16 answers again.")
    return code or left


def _walk() -> None:
    if LAB.exists():
        _uplift("lab", "down", "--dir", str(LAB))       # of a demo that was killed: its cases are not this one's
    _uplift("lab", "up", "--dir", str(LAB), "--spec", str(APPLIANCES))
    _give_echo_call()
    case = _open()
    _agree(case)
    _upgrade(case)
    _revert(case)
    _uplift("case", "journal", case)
    _uplift("case", "verify-journal", case)


def _open() -> str:
    """The ticket, and the steps that need nobody: engineer, inspection, notice."""
    _uplift("fleet", "check", str(LAB / "fleet.yaml"))
    words = ("ticket", "open", "--fleet", str(LAB / "fleet.yaml"), "--system", SYSTEM, "--target", TARGET,
             "--order", f"SO-{datetime.now(ZONE):%Y%m%d%H%M%S}")
    case = str(_told(*words)["case_id"])
    _tend(case, "assigned", "inspected", "notified")
    return case


def _agree(case: str) -> None:
    """What people say: the client was reached, agrees to the plan, and to a window that opens with the next minute."""
    _uplift("case", "note", case, "the client was called and has read the notice", "--client-told", "--by", ENGINEER)
    digest = str(_case(case)["plan_digest"])
    _uplift("case", "approve", case, "--plan", digest, "--by", CLIENT, "--how", "telephone")
    if (second := datetime.now(ZONE).second) > 60 - SECONDS_LEFT:
        time.sleep(60 - second)         # a window that has begun cannot be proposed any more
    at = datetime.now(ZONE).replace(second=0, microsecond=0) + timedelta(minutes=1)
    _uplift("case", "propose", case, "--at", f"{at:%Y-%m-%d %H:%M}", "--duration", "1h", "--by", ENGINEER)
    _uplift("case", "confirm", case, "--slot", "1", "--by", CLIENT, "--how", "telephone")
    print(f"\n(waiting until {at:%H:%M} on the client's clock)", flush=True)
    time.sleep(max(0.0, (at - datetime.now(ZONE)).total_seconds()))


def _upgrade(case: str) -> None:
    _tend(case, "backed_up", "testing", "watching")
    _uplift("case", "show", case)
    story, folder = _case(case)["case"], LAB / "home/cases" / case
    before, after = _kept(folder / "baseline-1.json"), _kept(folder / "verified-1.json")["after"]
    _hold(before["call"]["outcome"] == "good" and _asterisk(before) == "16", "Asterisk 16 answers the echo call before")
    _hold(story["backup"]["kind"] == "clone", "the backup is a clone")
    _hold(_release(story).startswith("7.2.0"), f"the system runs {TARGET}")
    _hold(after["call"]["outcome"] == "good" and _asterisk(after) == "22", "Asterisk 22 answers the echo call")
    _hold(story["tests"]["passed"], "the tests passed")


def _revert(case: str) -> None:
    _uplift("case", "revert", case, "--reason", "the client wants the old system back", "--accept-losses",
            "--by", ENGINEER)
    _tend(case, "reverted")
    _uplift("case", "show", case)
    _hold(_release(_case(case)["case"]).startswith("6.7.1"), "the system runs 6.7.1 again")
    noted = [str(entry["told"]) for entry in _asked("case", "journal", case, "--json") if entry["by"] == "revert"]
    _hold(any("with Asterisk 16." in text for text in noted), "Asterisk 16 runs again")
    _hold(any(f"{ECHO} gives the tone back" in text for text in noted), "Asterisk 16 answers the echo call")


def _tend(case: str, *states: str) -> None:
    """Round after round until the case has gone through these states, one a round."""
    for state in states:
        _uplift("tend", "--once")
        _hold(_case(case)["state"] == state, f"the case is {state}")


def _give_echo_call() -> None:
    """What a client gives: an extension for tests, and the number that gives back what it hears."""
    secret = records(Layout.of(LAB))[SYSTEM].extensions["101"]
    told = {"systems": {SYSTEM: {"user": "101", "secret": secret, "number": ECHO}}}
    write_private(LAB / "home/echo_calls.yaml", yaml.safe_dump(told))


def _hold(held: bool, what: str) -> None:
    if not held:
        raise Broken(what)
    print(f"  ✓ {what}", flush=True)


def _release(story: dict[str, Any]) -> str:
    return str(story["running_release"])


def _asterisk(look: dict[str, Any]) -> str:
    return str(look["snapshot"]["things"]["platform"]["asterisk"]).split(".")[0].removeprefix("Asterisk ")


def _kept(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.read_text())
    return told


def _case(case: str) -> dict[str, Any]:
    told: dict[str, Any] = _asked("case", "show", case, "--json")
    return told


def _told(*words: str) -> Any:
    _print(words)
    return _asked(*words, "--json")


def _asked(*words: str) -> Any:
    ran = subprocess.run([str(UPLIFT), *words], check=True, env=_environment(), stdout=subprocess.PIPE, text=True)
    return json.loads(ran.stdout)


def _uplift(*words: str) -> None:
    if code := _run(*words):
        raise subprocess.CalledProcessError(code, words)


def _run(*words: str) -> int:
    _print(words)
    return abs(subprocess.run([str(UPLIFT), *words], check=False, env=_environment()).returncode)


def _print(words: Sequence[str]) -> None:
    print("\n$ uplift " + " ".join(f'"{word}"' if " " in word else word for word in words), flush=True)


def _environment() -> dict[str, str]:
    """The lab's own home and database, whatever the caller's are."""
    kept = {name: value for name, value in os.environ.items() if name != "UPLIFT_DATABASE_URL"}
    return {**kept, "UPLIFT_HOME": str((LAB / "home").resolve())}


if __name__ == "__main__":
    sys.exit(main())
