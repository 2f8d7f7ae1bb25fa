"""Personal data at rest: sealed whole, opened only if nothing was altered.

``uplift-sealed/1 KEYID z|-`` and a line end, then a nonce of 12 bytes and the ciphertext of AES-256-GCM. Header and
name are authenticated with the content, so that no file passes for another one of its folder. ``z``: deflated before.

AES-GCM and not Fernet: Fernet knows neither a key id nor a name to bind a file to, is a third larger (Base64) and
runs AES-CBC and HMAC one after the other, several times slower than GCM's own instructions. Nonces are random; one
key seals far fewer than the 2^32 files and lines after which that would matter.

What Uplift wrote before it sealed is plain and stays readable; ``uplift keys reseal`` seals it.
"""
from __future__ import annotations

import base64
import binascii
import re
import secrets
import zlib
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tasks.model.errors import UserError
from tasks.wire.data_keys import DataKey, data_keys, key_folder, newest_key
from tasks.wire.home import find_home

MAGIC = b"uplift-sealed/1 "
HEADER_BYTES = len(MAGIC) + 16 + 3
_HEADER = re.compile(rb"uplift-sealed/1 ([0-9a-f]{16}) ([z-])\n")
_LINE = b"sealed:"
_NONCE_BYTES = 12
_LEVEL = 1          # half the time of the default level, for a few per cent more bytes


class Altered(UserError):
    """The content is not what was sealed."""


class Sealer:
    """Seals with the newest key of a home and opens with all. Keys are read when first needed, the home found then."""

    def __init__(self, home: Path | None = None) -> None:
        self._home = home
        self._newest: DataKey | None = None
        self._ciphers: dict[str, AESGCM] = {}

    @property
    def home(self) -> Path:
        if self._home is None:
            self._home = find_home()
        return self._home

    @property
    def newest(self) -> DataKey:
        if self._newest is None:
            self._newest = newest_key(self.home)
            self._ciphers[self._newest.id] = AESGCM(self._newest.secret)
        return self._newest

    def seal(self, content: bytes, name: str, *, deflate: bool = True) -> bytes:
        """``name`` is what the file is within its folder. ``deflate`` False: it is compressed already."""
        key = self.newest
        header = MAGIC + key.id.encode() + (b" z\n" if deflate else b" -\n")
        nonce = secrets.token_bytes(_NONCE_BYTES)
        plain = zlib.compress(content, _LEVEL) if deflate else content
        return header + nonce + self._ciphers[key.id].encrypt(nonce, plain, header + name.encode())

    def unseal(self, content: bytes, name: str, path: Path) -> bytes:
        """What was sealed; content that never was comes back as it is.

        Raises Altered, and UserError where the key is not there. ``path`` is for these sentences.
        """
        if not content.startswith(MAGIC):
            return content
        header = _HEADER.match(content)
        if header is None:
            raise altered(path)
        at = header.end()
        cipher, nonce = self._cipher(header[1].decode(), path), content[at : at + _NONCE_BYTES]
        try:
            plain = cipher.decrypt(nonce, content[at + _NONCE_BYTES :], header[0] + name.encode())
        except (InvalidTag, ValueError):        # ValueError: cut within the nonce
            raise altered(path) from None
        return zlib.decompress(plain) if header[2] == b"z" else plain

    def seal_line(self, content: bytes, name: str) -> bytes:
        """One line of a file that grows, its line end included."""
        return _LINE + base64.b64encode(self.seal(content, name)) + b"\n"

    def unseal_line(self, line: bytes, name: str, path: Path) -> bytes:
        """As ``unseal``, of a line that has its end."""
        if not line.startswith(_LINE):
            return line
        try:
            whole = base64.b64decode(line[len(_LINE) : -1], validate=True)
        except binascii.Error:
            raise altered(path) from None
        if not whole.startswith(MAGIC):
            raise altered(path)
        return self.unseal(whole, name, path)

    def _cipher(self, key_id: str, path: Path) -> AESGCM:
        if key_id not in self._ciphers:
            self._ciphers |= {key.id: AESGCM(key.secret) for key in data_keys(self.home)}
        if key_id not in self._ciphers:
            folder = key_folder(self.home)
            raise UserError("data_key_missing", f"{path} is sealed with the key {key_id}, which is not in {folder}",
                            "use the UPLIFT_HOME that sealed it, or put the key file back from a backup of that folder")
        return self._ciphers[key_id]


def key_of(content: bytes) -> str | None:
    """The id of the key by which a file (or its beginning) or a line of one is sealed; None: it is plain."""
    if content.startswith(_LINE):
        with_header = content[len(_LINE) : len(_LINE) + 4 * -(-HEADER_BYTES // 3)]
        try:
            content = base64.b64decode(with_header)
        except binascii.Error:
            return None
    header = _HEADER.match(content)
    return header[1].decode() if header else None


def altered(path: Path) -> Altered:
    return Altered("data_altered", f"{path} is not as Uplift sealed it: it was altered, cut or damaged",
                   "put it back from a backup, or do without it")
