"""tickets.yaml: read strictly, private, and wrong in one sentence that says what to do."""
from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.model.errors import UserError
from tasks.model.ticket_settings import TicketSettings
from tasks.wire.tickets.settings import desk_key, load_settings, shop_keys, webhook_password

GOOD: dict[str, Any] = {
    "url": "https://acme.freshdesk.com", "key_file": "key", "webhook_secret_file": "hook", "fleet": "fleet.yaml",
    "only": {"tag": "upgrade"}, "form": {"target": {"line": "Release"}},
}
DOCS = Path(__file__).parents[3] / "docs/tickets.md"


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(**changed: Any) -> Path:
        desk = {name: value for name, value in (GOOD | changed).items() if value is not None}
        shops = {"shop": {"secret_file": "shop", "fleet": "fleet.yaml"}}
        texts = {"tickets.yaml": yaml.safe_dump({"desks": {"support": desk}, "stores": shops}), "key": "abc",
                 "hook": "x" * 40, "shop": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"}
        for name, text in texts.items():
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o600)
        return tmp_path

    return write


def test_the_example_of_the_guide_is_valid():
    block = re.search(r"^```yaml\n(desks:.*?)^```", DOCS.read_text(), re.MULTILINE | re.DOTALL)
    assert block
    assert TicketSettings.model_validate(yaml.safe_load(block[1])).desks["support"].statuses.declined == 6


def test_secrets_are_read_from_their_files_and_never_shown(written: Callable[..., Path]):
    home = written()
    desk = load_settings(home).desks["support"]
    key, password = desk_key(home, "support", desk), webhook_password(home, "support", desk)
    assert key.get_secret_value() == "abc" and "abc" not in repr(key)
    assert password is not None and len(shop_keys(home, "shop", load_settings(home).stores["shop"])[0]) == 24


@pytest.mark.parametrize(("changed", "said"), [
    ({"url": "http://acme.freshdesk.com"}, "url has no TLS"),
    ({"url": "https://acme.freshdesk.com/api/v2"}, "url is not a desk's root"),
    ({"url": "https://user:word@acme.freshdesk.com"}, "url is not a desk's root"),
    ({"only": {}}, "only: names neither type nor tag"),
    ({"form": {"target": {}}}, "a value has one place"),
    ({"form": {"target": {"line": "a", "field": "cf_b"}}}, "a value has one place"),
    ({"key": "abc"}, "unknown field 'key'"),
    ({"key_file": None}, "key_file is missing"),
    ({"patience_s": 0}, "patience_s is 0; write a number above 0"),
])
def test_a_mistake_is_named_with_its_line(written: Callable[..., Path], changed: dict[str, Any], said: str):
    with pytest.raises(UserError) as caught:
        load_settings(written(**changed))
    assert said in str(caught.value) and re.search(r"tickets\.yaml:\d+: ", str(caught.value))


@pytest.mark.parametrize(("name", "text", "mode", "said"), [
    ("tickets.yaml", None, 0o644, "open to other users"), ("key", None, 0o640, "open to other users"),
    ("key", "", 0o600, "is empty"), ("key", "two words", 0o600, "does not hold one secret"),
    ("hook", "tiny-word", 0o600, "shorter than 20 characters"), ("shop", "whsec_AAAA", 0o600, "holds no signing key"),
])
def test_a_secret_that_cannot_be_used_is_told_without_showing_it(
    written: Callable[..., Path], name: str, text: str | None, mode: int, said: str
):
    home = written()
    if text is not None:
        (home / name).write_text(text)
    (home / name).chmod(mode)
    with pytest.raises(UserError, match=said) as caught:
        told = load_settings(home)
        desk_key(home, "support", told.desks["support"])
        webhook_password(home, "support", told.desks["support"])
        shop_keys(home, "shop", told.stores["shop"])
    assert not text or text not in str(caught.value)


def test_a_site_without_the_file_is_told_what_to_write(tmp_path: Path):
    with pytest.raises(UserError, match=r"tickets\.yaml cannot be read"):
        load_settings(tmp_path)
