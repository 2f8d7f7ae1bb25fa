"""The PBXware side of an appliance's tree: settings, the web admin's encoded files, and what a client has added."""
from __future__ import annotations

import base64
import hashlib
import os
import random
import re
import shutil
import time
from pathlib import Path

from deployments.lab import asterisk
from deployments.lab.render import render
from deployments.lab.spec import ApplianceSpec
from deployments.lab.trouble import LabError
from tasks.model.release import Release

_PAGES = ("index", "login", "extensions", "trunks", "did", "queues", "cdr", "reports", "settings", "api/index")
_DAY_S = 86_400
_ENCODED_HEAD = (
    "//004fb\nif(!extension_loaded('ionCube Loader')){die('The file '.__FILE__.\" is encoded and needs the ionCube"
    " PHP Loader.\");}\nreturn 0;\n?>\n"
)


def write(rootfs: Path, spec: ApplianceSpec, address: str, database_password: str) -> None:
    """Write pbxware.ini and the web admin of ``spec.release``, dated as if installed four months ago."""
    tree = rootfs / "opt/pbxware/pw"
    settings = tree / "etc/pbxware/pbxware.ini"
    settings.write_text(render(
        "pbxware.ini.j2", edition=spec.edition.value, domain_name=spec.domain_name, timezone=spec.timezone,
        country=spec.country, address=address, database_password=database_password,
    ))
    settings.chmod(0o640)
    admin = tree / "home/sitemanager/admin"
    for page in _PAGES:
        _write_dated(admin / f"{page}.php", _encoded(page, spec.release))
    _write_dated(admin / "css/style.css", "body { font-family: sans-serif; color: #222; }\n")
    for folder in ("INBOX", "Old"):
        (tree / f"var/spool/asterisk/voicemail/default/101/{folder}").mkdir(parents=True, exist_ok=True)


def add_faults(rootfs: Path, spec: ApplianceSpec) -> None:
    """Put there what ``spec`` says that the client has added; nothing for a healthy appliance."""
    if spec.foreign_module:
        _foreign_module(rootfs / "opt/pbxware/pw")
    if spec.plain_php:
        page = rootfs / "opt/pbxware/pw/home/sitemanager/admin/wallboard.php"
        page.write_text("<?php\n$calls = mysqli_query($db, 'SELECT COUNT(*) FROM cdr WHERE calldate > CURDATE()');\n")
    if spec.custom_scripts:
        script = rootfs / "script/firewall.pl"
        script.write_text("#!/usr/bin/perl\n# Opens SIP to the addresses of the phones only.\n"
                          "my @peers = `asterisk -rx 'sip show peers'`;\nprint scalar(@peers), \"\\n\";\n")
        script.chmod(0o755)
        (rootfs / "etc/cron.d/site").write_text("*/5 * * * * root /script/firewall.pl\n")


def _encoded(page: str, release: Release) -> str:
    """A page in the form of an encoded one, with the header that every shipped file bears."""
    build = release.build or hashlib.sha256(str(release).encode()).hexdigest()[:8]
    header = f"<?php\n// Bicomsystems PBXware v{'.'.join(map(str, release.numbers))} ({build})\n"
    noise = random.Random(f"{page} {release}").randbytes(3000)  # noqa: S311  (bytes that mean nothing)
    return header + _ENCODED_HEAD + base64.encodebytes(noise).decode()


def _write_dated(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    installed_s = time.time() - 120 * _DAY_S
    os.utime(path, (installed_s, installed_s))


def _foreign_module(tree: Path) -> None:
    """A codec such as sites drop in: a real module, built (its sum says) for another Asterisk. It is not loaded."""
    folder = asterisk.modules_folder(tree)
    theirs = hashlib.sha256(b"another build of Asterisk").hexdigest()[:32].encode()
    content, replaced = re.subn(rb"[0-9a-f]{32}(?=\0)", theirs, (folder / "codec_gsm.so").read_bytes())
    if not replaced:
        raise LabError("codec_gsm.so carries no build sum; the lab cannot make a foreign module of it")
    target = folder / "codec_g729.so"
    shutil.copy(folder / "codec_gsm.so", target)
    target.write_bytes(content)
