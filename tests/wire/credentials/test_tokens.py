"""API tokens: read from a private file, shown nowhere, and only together with how their server is known."""
from __future__ import annotations

from pathlib import Path

import pytest

from tasks.model.errors import UserError
from tasks.wire.credentials import Credentials

DIGITS = "0123456789abcdef" * 4
PINNED = f'"SHA256:{DIGITS}"'


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def credentials(folder: Path, entry: str) -> Credentials:
    return Credentials.load(private(folder / "credentials.yaml", f"credentials:\n  sw: {entry}\n"))


def test_a_token_is_read_and_never_shown(tmp_path: Path) -> None:
    private(tmp_path / "token", "sesame-open\n")
    found = credentials(tmp_path, f"{{token_file: token, certificate: {PINNED}}}")
    token = found.token("sw")
    assert token.secret.get_secret_value() == "sesame-open"
    assert (token.fingerprint, token.ca_file) == (DIGITS, None)
    assert "sesame" not in f"{token!r}{token}{found!r}"


def test_openssl_s_spelling_of_a_fingerprint_is_the_same(tmp_path: Path) -> None:
    private(tmp_path / "token", "t")
    spelled = ":".join(DIGITS[at:at + 2].upper() for at in range(0, 64, 2))
    found = credentials(tmp_path, f'{{token_file: token, certificate: "SHA256:{spelled}"}}')
    assert found.token("sw").fingerprint == DIGITS


def test_an_authority_is_a_file_beside_the_credentials(tmp_path: Path) -> None:
    private(tmp_path / "token", "t")
    found = credentials(tmp_path, "{token_file: token, certificate: ca.pem}")
    with pytest.raises(UserError, match=r"ca\.pem of credential 'sw' is not there; put the PEM file there"):
        found.token("sw")
    (tmp_path / "ca.pem").write_text("PEM")
    assert found.token("sw").ca_file == tmp_path / "ca.pem"


@pytest.mark.parametrize(("entry", "said"), [
    ("{token_file: t}", "a token goes only to a server that is known; add certificate"),
    ("{key_file: k, certificate: ca.pem}", "certificate belongs to a token"),
    ("{token_file: t, key_file: k, certificate: ca.pem}", "has one source"),
    ("{token_file: t, certificate: 'SHA256:abc'}", "write SHA256: and 64 hexadecimal digits"),
    ("{token_file: t, certificate: ca.pem, socket: s}", "belong to an agent"),
    ("{certificate: ca.pem}", "has one source"),
])  # fmt: skip
def test_a_broken_entry_is_told(tmp_path: Path, entry: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        credentials(tmp_path, entry)


@pytest.mark.parametrize(("text", "mode", "code"), [
    (None, 0o600, "token_missing"), ("t", 0o640, "token_not_private"), ("", 0o600, "token_unreadable"),
    ("two words", 0o600, "token_unreadable"), ("one\r\nX-Header: two", 0o600, "token_unreadable"),
    ("\N{SNOWMAN}", 0o600, "token_unreadable"),
])  # fmt: skip
def test_a_token_that_cannot_be_used_is_one_sentence(tmp_path: Path, text: str | None, mode: int, code: str) -> None:
    if text is not None:
        (tmp_path / "token").write_text(text)
        (tmp_path / "token").chmod(mode)
    with pytest.raises(UserError) as told:
        credentials(tmp_path, f"{{token_file: token, certificate: {PINNED}}}").token("sw")
    assert told.value.code == code and told.value.remedy
    assert not text or len(text) < 3 or text not in str(told.value)


def test_a_token_is_no_key_and_a_key_no_token(tmp_path: Path) -> None:
    private(tmp_path / "token", "t")
    with pytest.raises(UserError, match="is a token, not a key; name one with key_file"):
        credentials(tmp_path, f"{{token_file: token, certificate: {PINNED}}}").resolve("sw")
    with pytest.raises(UserError, match="is a key, not a token; name one with token_file"):
        credentials(tmp_path, "{key_file: k}").token("sw")
