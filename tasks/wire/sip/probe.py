"""The probe's own process: ``python -m tasks.wire.sip.probe``, started by ``caller`` and by nothing else.

Standard input: the plan as one line of JSON, then left open; when it closes, whoever asked is gone, and the call is
hung up. Standard output: lines of JSON (see ``Said``). The secret is in no argument, no environment, no log, and no
core file.
"""
from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

from baresip import BaresipError
from pydantic import ValidationError

from tasks.model.call import CallPlan, CallResult
from tasks.model.finding import Frozen
from tasks.rules.call_verdict import broke, forbidden, verdict
from tasks.rules.dialling import refusal
from tasks.wire.sip import agent
from tasks.wire.sip.message import Dialog

FOLDER_PREFIX = "uplift-sip-"
_PLAN_BYTES = 65_536


class Said(Frozen):
    """One line of output: ``dialog`` when the call is answered, ``result`` when all is over."""

    dialog: Dialog | None = None
    result: CallResult | None = None


def main() -> int:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    output = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)        # what native code prints must not stand between our lines
    try:
        plan = CallPlan.model_validate_json(sys.stdin.buffer.readline(_PLAN_BYTES))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        print(f"the plan is not one: {'.'.join(map(str, first['loc']))}: {first['msg']}", file=sys.stderr)
        return 2
    try:
        result = asyncio.run(_run(plan, output))
    except asyncio.CancelledError:
        return 3
    finally:
        _remove_folder()
    _say(output, Said(result=result))
    return 0


async def _run(plan: CallPlan, output: int) -> CallResult:
    why = refusal(plan.number, plan.agreed_numbers, plan.country)
    if why:                                             # asked here too, as this is where a call begins
        return forbidden(plan, why)
    _end_with_the_asker()
    try:
        async with asyncio.timeout(plan.limits.total_s(plan.talk_s)):
            return verdict(plan, await agent.place(plan, lambda dialog: _say(output, Said(dialog=dialog))))
    except TimeoutError:
        return broke(plan, "it took longer than all its limits together")
    except (BaresipError, OSError) as error:
        said = str(error).replace(plan.account.secret.get_secret_value() or "\0", "…")
        return broke(plan, said or type(error).__name__)


def _end_with_the_asker() -> None:
    """Cancel the call, once, when standard input closes or a signal asks for it."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    asked = False

    def cancel() -> None:
        nonlocal asked
        if not asked:
            asked = True
            task.cancel()

    def read() -> None:
        with suppress(BlockingIOError):
            if not os.read(0, 4096):
                loop.remove_reader(0)
                cancel()

    loop.add_reader(0, read)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, cancel)


def _remove_folder() -> None:
    """The caller's folder for us, as a caller that was killed cannot remove it. Only if it is one, and empty."""
    folder = Path(os.environ.get("TMPDIR", ""))
    if folder.name.startswith(FOLDER_PREFIX):
        with suppress(OSError):
            folder.rmdir()


def _say(output: int, line: Said) -> None:
    with suppress(BrokenPipeError):                     # nobody listens any more; hanging up matters more
        os.write(output, (line.model_dump_json() + "\n").encode())


if __name__ == "__main__":
    raise SystemExit(main())
