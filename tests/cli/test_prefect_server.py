"""Prefect's own server for one command: where it does not start, nobody's input is to blame."""
from __future__ import annotations

from pathlib import Path

import pytest

from deployments.cli.errors import ExitCode, report_user_error
from deployments.cli.prefect_server import prefect_api
from tasks.model.errors import Failure, UserError


def test_a_server_that_does_not_start_is_a_failure_that_names_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", "sqlite+aiosqlite:////nonexistent/folder/prefect.db")
    with pytest.raises(Failure) as raised, prefect_api(tmp_path):
        pytest.fail("a server that cannot open its database is there")
    assert report_user_error(raised.value, as_json=False) is ExitCode.FAILED
    assert f"Prefect's server did not start; see {tmp_path}/prefect/server.log" in capsys.readouterr().err
    assert (tmp_path / "prefect/server.log").read_text().strip()


def test_a_mistake_of_the_user_ends_with_two_and_a_failure_with_one() -> None:
    assert report_user_error(UserError("a", "b", "c"), as_json=True) is ExitCode.BAD_INPUT
    assert report_user_error(Failure("a", "b", "c"), as_json=True) is ExitCode.FAILED
