"""UPLIFT_HOME/tickets.yaml and the files of secrets that it names: all 0600 and the user's own."""
from __future__ import annotations

import re
from pathlib import Path

from pydantic import SecretStr

from tasks.model.errors import UserError
from tasks.model.ticket_settings import Desk, Shop, TicketSettings
from tasks.rules.webhook import secret_of
from tasks.wire.home import require_private
from tasks.wire.validation import read_model

NAME = "tickets.yaml"


def settings_file(home: Path) -> Path:
    return home / NAME


def load_settings(home: Path) -> TicketSettings:
    """Raises UserError: missing, open to others, or wrong (every fault with its line)."""
    path = settings_file(home)
    try:
        require_private(path, code="tickets_not_private")
    except OSError as error:
        raise UserError("tickets_missing", f"{path} cannot be read ({error.strerror})",
                        "write it with desks: or stores: and `chmod 600` it") from None
    return read_model(path, TicketSettings, code="tickets_invalid")


def fleet_of(home: Path, source: Desk | Shop) -> Path:
    return (home / source.fleet.expanduser()).absolute()


def desk_key(home: Path, name: str, desk: Desk) -> SecretStr:
    """The API key of a desk."""
    return SecretStr(_one_word(_lines(home / desk.key_file.expanduser(), f"the key file of desk {name}"), name))


def webhook_password(home: Path, name: str, desk: Desk) -> SecretStr | None:
    """What the desk's automation gives as its password; None where its webhook is not used."""
    if desk.webhook_secret_file is None:
        return None
    path = home / desk.webhook_secret_file.expanduser()
    word = _one_word(_lines(path, f"the webhook secret of desk {name}"), name)
    if len(word) < 20:
        raise UserError("webhook_secret_weak", f"the webhook secret of desk {name} is shorter than 20 characters",
                        "write a longer one, like the output of `openssl rand -hex 24`")
    return SecretStr(word)


def shop_keys(home: Path, name: str, shop: Shop) -> tuple[bytes, ...]:
    """The signing keys of a store, one a line: two while a key is being replaced."""
    lines = _lines(home / shop.secret_file.expanduser(), f"the secret file of store {name}")
    try:
        return tuple(secret_of(line) for line in lines[:4])
    except ValueError as wrong:
        raise UserError("store_secret_invalid", f"the secret file of store {name} holds no signing key: {wrong}",
                        'write whsec_ and the output of `openssl rand -base64 32`') from None


def _lines(path: Path, what: str) -> list[str]:
    try:
        require_private(path, code="secret_not_private")
        lines = [line.strip() for line in path.read_text(errors="replace").splitlines() if line.strip()]
    except OSError as error:
        raise UserError("secret_missing", f"{what}, {path}, cannot be read ({error.strerror})",
                        "put it there, or correct tickets.yaml") from None
    if not lines:
        raise UserError("secret_missing", f"{what}, {path}, is empty", "write the secret there, on one line")
    return lines


def _one_word(lines: list[str], name: str) -> str:
    if len(lines) != 1 or not re.fullmatch(r"[!-~]+", lines[0]):
        raise UserError("secret_unreadable", f"a secret file of desk {name} does not hold one secret",
                        "write it on one line, without blanks")
    return lines[0]
