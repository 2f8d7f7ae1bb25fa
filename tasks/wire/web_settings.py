"""Where the client's page is served and what signs its links: UPLIFT_HOME/web.yaml (0600, the user's own).

    base_url: https://upgrades.example.com      # what clients open; a proxy with TLS stands there
    secret_file: keys/page                      # 0600; one key a line, the last one signs and all verify
    link_days: 14
"""
from __future__ import annotations

import ipaddress
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tasks.model.errors import UserError
from tasks.wire.home import require_private
from tasks.wire.validation import read_model

NAME = "web.yaml"
MOST_KEYS = 4
_ROOT = re.compile(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
_KEY = re.compile(r"[!-~]{32,500}")


class WebSettings(BaseModel):
    """``base_url`` may have a path, where the proxy serves the page below one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str
    secret_file: Path
    link_days: int = Field(14, ge=1, le=90)

    @field_validator("base_url")
    @classmethod
    def _is_a_safe_root(cls, url: str) -> str:
        found = _ROOT.fullmatch(url)
        if found is None:
            raise ValueError("base_url is no address of a page; write it like https://upgrades.example.com")
        if found[1] == "http" and not _loopback(found[2].strip("[]")):
            raise ValueError("base_url has no TLS, so that links could be read on their way; write https://")
        return url.rstrip("/")

    @property
    def origin(self) -> str:
        """As browsers send it with a form: scheme, host and port."""
        found = _ROOT.fullmatch(self.base_url)
        assert found is not None
        port = "" if (found[1], found[3]) in (("https", ":443"), ("http", ":80")) else found[3] or ""
        return f"{found[1]}://{found[2]}{port}".lower()


def settings_file(home: Path) -> Path:
    return home / NAME


def load_web_settings(home: Path) -> WebSettings | None:
    """None where the site has no web.yaml: no page is served. Raises UserError: open to others, or wrong."""
    path = settings_file(home)
    try:
        require_private(path, code="web_not_private")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError("web_unreadable", f"{path} cannot be read ({error.strerror})", "see to its rights") from None
    return read_model(path, WebSettings, code="web_invalid")


def signing_keys(home: Path, settings: WebSettings) -> tuple[str, ...]:
    """Oldest first; the last one signs. Raises UserError. No message holds a key."""
    path = home / settings.secret_file.expanduser()
    try:
        require_private(path, code="secret_not_private")
        lines = [line.strip() for line in path.read_text(errors="replace").splitlines() if line.strip()]
    except OSError as error:
        raise UserError("secret_missing", f"the key file of the client's page, {path}, cannot be read "
                        f"({error.strerror})", "write it with `openssl rand -hex 32` and `chmod 600` it") from None
    wrong = [number for number, line in enumerate(lines, start=1) if not _KEY.fullmatch(line)]
    if not lines or wrong:
        where = f"line {wrong[0]} of {path} is no key" if wrong else f"{path} is empty"
        raise UserError("secret_weak", f"{where}: a key has 32 characters or more, without blanks",
                        "write one a line, each the output of `openssl rand -hex 32`")
    return tuple(lines[-MOST_KEYS:])


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
