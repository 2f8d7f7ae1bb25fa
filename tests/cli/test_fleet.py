"""`uplift fleet check`, `schema` and `import`."""
from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tasks.wire.fleet_file import load_fleet

DATA = Path(__file__).parents[1] / "wire" / "fleet_file"


async def test_a_good_fleet_is_counted(uplift: Any) -> None:
    ended = await uplift("fleet", "check", DATA / "good")
    assert ended.code == 2, "the folder holds the same systems twice"
    ended = await uplift("fleet", "check", DATA / "good" / "fleet.yaml")
    assert (ended.code, ended.out) == (0, "2 systems, no errors (1 standalone, 1 serverware)\n")
    told = (await uplift("fleet", "check", DATA / "good" / "fleet.csv", "--json")).json
    assert told["systems"] == 2


async def test_a_broken_fleet_names_every_error_and_nothing_else(uplift: Any) -> None:
    path = DATA / "broken" / "rows.csv"
    expected = yaml.safe_load((DATA / "expected_errors.yaml").read_text())["rows.csv"]
    ended = await uplift("fleet", "check", path)
    *errors, count = ended.err.splitlines()
    assert (ended.code, ended.out) == (2, "")
    assert errors == [f"{path}:{line}: {owner}: {message}; {remedy}" for line, owner, message, remedy in expected]
    assert count == f"{len(expected)} errors"

    told = (await uplift("fleet", "check", path, "--json")).json["error"]
    assert told["code"] == "fleet_invalid"
    assert [[each["line"], each["system_id"], each["message"], each["remedy"]] for each in told["errors"]] == expected


async def test_credentials_that_this_machine_lacks_are_noted(uplift: Any, fleet: Callable[..., Path]) -> None:
    path = fleet(("a", "192.0.2.1", 2020))
    ended = await uplift("fleet", "check", path)
    assert ended.code == 0 and "credentials.yaml does not exist; the fleet names the credentials inspect" in ended.err
    uplift.home.mkdir(mode=0o700)
    (uplift.home / "credentials.yaml").write_text("credentials: {other: {agent: true}}")
    (uplift.home / "credentials.yaml").chmod(0o600)
    assert "has no credential 'inspect'" in (await uplift("fleet", "check", path)).err


async def test_the_schema_accepts_good_files_and_refuses_broken_ones(uplift: Any) -> None:
    schema = (await uplift("fleet", "schema")).json
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    text = (DATA / "good" / "fleet.yaml").read_text()
    good = json.loads(json.dumps(yaml.load(text, Loader=yaml.BaseLoader)))      # BaseLoader: every scalar as written
    for system in good["systems"]:
        system["ssh"]["port"] = int(system["ssh"].get("port", 2020))
        for contact in system.get("contacts", ()):
            contact["approves"] = contact.get("approves") != "false"
    assert list(validator.iter_errors(good)) == []
    acme = good["systems"][0]
    for wrong in (
        {"clint": "X"}, {"country": "gb"}, {"environment": "cloud"}, {"environment": "serverware"}, {"tags": "vip"},
        {"ssh": {"host": "h"}}, {"ssh": {**acme["ssh"], "port": 70000}}, {"ssh": {**acme["ssh"], "password": "x"}},
        {"serverware": {"host": "h", "vps_id": "v"}}, {"id": "a b"},
    ):  # fmt: skip
        assert not validator.is_valid({"systems": [acme | wrong]}), wrong


async def test_an_import_carries_everything_over_that_it_does_not_name(uplift: Any, tmp_path: Path) -> None:
    text = (DATA / "good" / "fleet.csv").read_text().splitlines()
    table = tmp_path / "old.csv"
    notes = {0: "remarks,password", 1: "rings twice,swordfish", 3: ",hunter2"}
    table.write_text("\n".join(f"{line},{notes[n]}" if n in notes else line for n, line in enumerate(text)))
    assert (await uplift("fleet", "check", table)).code == 2
    ended = await uplift("fleet", "import", table, "--out", tmp_path / "new.yaml")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "not carried over: the column 'remarks'\nnot carried over: the column 'password'\n"
    assert "swordfish" not in (tmp_path / "new.yaml").read_text()
    assert load_fleet(tmp_path / "new.yaml") == load_fleet(DATA / "good" / "fleet.csv")

    again = await uplift("fleet", "import", table, "--out", tmp_path / "new.yaml")
    assert again.code == 2 and "new.yaml exists; name another --out" in again.err
    printed = await uplift("fleet", "import", table)
    assert printed.out == (tmp_path / "new.yaml").read_text()


async def test_an_import_of_broken_rows_writes_nothing(uplift: Any, tmp_path: Path) -> None:
    shutil.copy(DATA / "broken" / "rows.csv", tmp_path)
    ended = await uplift("fleet", "import", tmp_path / "rows.csv", "--out", tmp_path / "new.yaml")
    assert ended.code == 2
    assert not (tmp_path / "new.yaml").exists()


@pytest.mark.parametrize(("mode", "said"), [(0o755, "open to other users"), (0o700, "no errors")])
async def test_a_home_that_others_may_read_is_not_used_to_enrol(uplift: Any, mode: int, said: str, fleet: Any) -> None:
    uplift.home.mkdir()
    uplift.home.chmod(mode)
    command = "enroll" if mode == 0o755 else "check"
    ended = await uplift("fleet", command, fleet(("a", "127.0.0.1", 9)))
    assert said in ended.out + ended.err


async def test_a_line_of_the_fleet_file_cannot_repaint_the_operators_terminal(uplift: Any, fleet: Any) -> None:
    path = fleet(("one", "192.0.2.1", 2020), overrides={"estimate": {"\x1b[2J": 1}, "settings": {"a\x9b2Jb": 1}})
    for arguments in (("fleet", "check", path), ("fleet", "enroll", path)):
        ended = await uplift(*arguments)
        assert ended.code == 2
        assert not {"\x1b", "\x9b"} & set(ended.out + ended.err)
