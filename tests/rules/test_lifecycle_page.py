from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tasks.model.case import State
from tasks.rules.lifecycle_page import COMMAND, page
from tasks.rules.moves import MOVES

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"


def test_the_page_in_the_repository_is_what_the_code_says():
    command = [sys.executable, "-m", "tasks.rules.lifecycle_page"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert PAGE.read_text() == told.stdout == page(), f"run `{COMMAND}`"


def test_the_page_has_every_state_and_every_event():
    text = page()
    for state in State:
        assert f" --> {state}" in text, state
    for event in MOVES:
        assert f"| `{event.model_fields['kind'].default}` |" in text
