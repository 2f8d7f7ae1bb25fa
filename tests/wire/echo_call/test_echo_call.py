"""The extension that a client gave for tests: read from a private file, and its secret shown nowhere."""
from __future__ import annotations

from pathlib import Path

import pytest

from tasks.model.errors import UserError
from tasks.model.fleet import System
from tasks.wire.echo_call import echo_call

SECRET = "81726354"
SYSTEM = System.model_validate({
    "id": "acme", "client": "Acme", "environment": "standalone", "edition": "business", "country": "GB",
    "ssh": {"host": "127.21.83.1", "credential": "inspect"}, "timezone": "Europe/London",
})


def written(home: Path, entry: str, mode: int = 0o600) -> Path:
    path = home / "echo_calls.yaml"
    path.write_text(f"systems:\n  acme: {entry}\n")
    path.chmod(mode)
    return home


def test_a_system_without_an_entry_has_no_call(tmp_path: Path) -> None:
    assert echo_call(tmp_path, SYSTEM) is None
    other = SYSTEM.model_copy(update={"id": "other"})
    assert echo_call(written(tmp_path, f'{{user: "101", secret: "{SECRET}", number: "600"}}'), other) is None


def test_the_call_goes_to_the_systems_own_address_and_to_no_number_but_the_agreed_one(tmp_path: Path) -> None:
    plan = echo_call(written(tmp_path, f'{{user: "101", secret: "{SECRET}", number: "600"}}'), SYSTEM)
    assert plan is not None
    assert plan.account.where == "101@127.21.83.1:5060" and plan.account.secret.get_secret_value() == SECRET
    assert plan.agreed_numbers == {"600"} and plan.country == "GB"
    assert SECRET not in repr(plan)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="chmod 600"):
        echo_call(written(tmp_path, f'{{user: "101", secret: "{SECRET}", number: "600"}}', mode=0o644), SYSTEM)


@pytest.mark.parametrize(
    "entry",
    [
        f'{{user: "101", secret: {SECRET}, number: "600"}}',
        f'{{user: "101", secret: [{SECRET}], number: "600"}}',
        f'{{user: "101", secret: "{SECRET}\\"", number: "600"}}',
        f'{{user: "1 1", secret: "{SECRET}", number: "600"}}',
    ],
    ids=["a number", "a list", "a quotation mark in it", "another fault beside it"],
)
def test_no_error_shows_the_secret(tmp_path: Path, entry: str) -> None:
    with pytest.raises(UserError) as refused:
        echo_call(written(tmp_path, entry), SYSTEM)
    assert SECRET not in str(refused.value) and refused.value.remedy
