"""How the command line ends: exit codes, and one sentence for every mistake."""
from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import traceback
from enum import IntEnum
from pathlib import Path

from rich.console import Console
from rich.text import Text

from reports.text import visible
from tasks.model.errors import Failure, FleetErrors, UserError


class ExitCode(IntEnum):
    DONE = 0
    FAILED = 1          # anything else
    BAD_INPUT = 2       # the user can mend it
    INCOMPLETE = 3      # done, but some systems were not inspected


def report_user_error(error: UserError, *, as_json: bool) -> ExitCode:
    """Say what is wrong and what to do, on stderr; with ``as_json`` on stdout, where the caller reads."""
    code = ExitCode.FAILED if isinstance(error, Failure) else ExitCode.BAD_INPUT
    if as_json:
        body: dict[str, object] = {"code": error.code, "message": error.message, "remedy": error.remedy}
        if isinstance(error, FleetErrors):
            body["errors"] = [vars(each) for each in error.errors]
        print(json.dumps({"error": body}, ensure_ascii=False))
        return code
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(Text.assemble(("error: ", "bold red"), visible(str(error))))
    return code


def report_crash(error: BaseException, *, as_json: bool) -> ExitCode:
    """An unexpected exception: one sentence, and the traceback in a private file for whoever mends Uplift."""
    path = _write_crash(error)
    logging.getLogger("uplift").debug("crashed", exc_info=error)
    message = f"Uplift failed unexpectedly ({type(error).__name__})"
    remedy = f"send {path} to the maintainers" if path else "run it again, with a writable temporary folder"
    if as_json:
        print(json.dumps({"error": {"code": "internal", "message": message, "remedy": remedy}}))
    else:
        print(f"error: {message}; {remedy}", file=sys.stderr)
    return ExitCode.FAILED


def _write_crash(error: BaseException) -> Path | None:
    text = "".join(traceback.format_exception(error))
    try:
        handle, name = tempfile.mkstemp(prefix="uplift-crash-", suffix=".log")      # 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return None
    return Path(name)
