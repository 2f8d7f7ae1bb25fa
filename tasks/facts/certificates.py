"""The TLS certificates that Asterisk and the web server are told to use: whether they are there, and when they expire.

Asterisk names its files in http.conf, manager.conf and sip.conf (where ``tlsenable = yes``) and in transports of
pjsip.conf (documented in its sample files). Paths are those inside the chroot, so each is looked for in the tree first.
Of a certificate file the first certificate, which is public, leaves the system; of a key file nothing does.
"""
from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from cryptography import x509

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import lines, permitted, whole
from tasks.model.system_facts import CertificateFile, Certificates, FileState

_CERTIFICATES = "tlscertfile|cert_file|dtlscertfile|dtls_cert_file|ssl_certificate|sslcertificatefile|ssl[.]pemfile"
_KEYS = "tlsprivatekey|priv_key_file|dtlsprivatekey|dtls_private_key|ssl_certificate_key|sslcertificatekeyfile"
_TOLD = (                   # kind, file and line, value; separated by tabs
    "{ line = $0; sub(/^[ \\t]+/, \"\", line); name = tolower(line); sub(/[ \\t=].*/, \"\", name); "
    f"kind = name ~ /^({_CERTIFICATES})$/ ? \"cert\" : name ~ /^({_KEYS})$/ ? \"key\" : "
    "name == \"tlsenable\" ? \"enable\" : \"\"; if (kind == \"\") next; "
    "sub(/^[^ \\t=]+[ \\t]*(=>?)?[ \\t]*/, \"\", line); sub(/[ \\t]*[;#].*$/, \"\", line); "
    "sub(/[ \\t\\r]+$/, \"\", line); gsub(/^[\"\\047]|[\"\\047]$/, \"\", line); "
    "if (line != \"\") print kind \"\\t\" FILENAME \":\" FNR \"\\t\" line }"
)
_FIRST = (
    "/-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/ { on = 1 } on && n++ < 150 { print } "
    "/-----END (TRUSTED |X509 )?CERTIFICATE-----/ { if (on) exit }"
)
_LOOK = (
    "tab=$(printf '\\t'); printf '%s\\n' \"$uses\" | grep -v '^enable' | cut -f 1,3 | sort -u | head -n 40 | "
    "while IFS=$tab read -r kind path; do case $path in /*) ;; *) continue;; esac; "
    "at={tree}$path; [ -e \"$at\" ] || [ -L \"$at\" ] || at=$path; "
    "if [ -L \"$at\" ]; then to=$(readlink \"$at\"); "
    "case $to in /*) [ ! -e {tree}\"$to\" ] || at={tree}$to;; esac; fi; "
    "state=found; if [ ! -e \"$at\" ]; then state=missing; up=$at; "
    "until [ -e \"$up\" ]; do up=${{up%/*}}; up=${{up:-/}}; done; [ -x \"$up\" ] || state=unreadable; "
    "elif [ ! -r \"$at\" ]; then state=unreadable; "
    "elif [ \"$kind\" = key ] && ! grep -q 'PRIVATE KEY-----' \"$at\"; then state=empty; "
    "elif [ \"$kind\" = cert ] && ! grep -q 'CERTIFICATE-----' \"$at\"; then state=empty; fi; "
    "printf 'file\\t%s\\t%s\\t%s\\n' \"$state\" \"$kind\" \"$path\"; "
    "[ $state$kind != foundcert ] || awk {first} \"$at\"; done"
)
_USE = re.compile(r"^(cert|key|enable)\t(.+:\d{1,7})\t(.+)$", re.ASCII)
_FILE = re.compile(r"^file\t(found|missing|unreadable|empty)\t(cert|key)\t(/.*)$")
_SWITCHED = ("http.conf", "manager.conf", "sip.conf")


def ask(profile: Profile) -> str:
    etc, tree, web = (shlex.quote(profile.paths.asterisk_etc), shlex.quote(profile.paths.tree),
                      shlex.join(profile.health.web_configuration))
    told = shlex.quote(_TOLD)
    return (
        f"cd {etc} && echo folder && {{ uses=$(find . -maxdepth 2 -type f -name '*.conf' -exec awk {told} {{}} + ; "
        f"find -L {web} -maxdepth 2 -type f \\( -name '*.conf' -o -path '*/sites-enabled/*' \\) "
        f"-exec awk {told} {{}} +); printf '%s\\n' \"$uses\" | head -n 200; "
        + _LOOK.format(tree=tree, first=shlex.quote(_FIRST)) + "; }"
    )


def parse(answer: Answer) -> Certificates:
    told = list(lines(permitted(whole(answer))))
    if not told or told[0] != "folder":
        raise Unreadable("expected Asterisk's configuration folder where the profile says it is, found none")
    used = _used(told)
    files = []
    for place, line in enumerate(told):
        found = _FILE.match(line)
        places = used.get((found[2], found[3])) if found else None
        if not found or not places:
            continue
        state, is_key = FileState(found[1]), found[2] == "key"
        expires_at, subject = _read(told[place + 1:]) if state is FileState.FOUND and not is_key else (None, "")
        if state is FileState.FOUND and not is_key and expires_at is None:
            state = FileState.EMPTY
        files.append(CertificateFile(
            found[3], places, is_key, any(not place.startswith("/") for place in places), state, expires_at, subject,
        ))
    return Certificates(tuple(sorted(files, key=lambda file: (file.path, file.is_key))))


def _used(told: list[str]) -> dict[tuple[str, str], tuple[str, ...]]:
    """By kind and path where each file is named, less what a file with TLS switched off names."""
    uses = [found for line in told if (found := _USE.match(line))]
    on = {found[2].rpartition(":")[0] for found in uses if found[1] == "enable" and found[3].lower() in _YES}
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for found in uses:
        source = found[2].rpartition(":")[0]
        switched = source.removeprefix("./") in _SWITCHED
        if found[1] != "enable" and (not switched or source in on):
            places[found[1], found[3]].append(found[2].removeprefix("./"))
    return {key: tuple(sorted(set(named))) for key, named in places.items()}


_YES = frozenset(("yes", "true", "on", "y", "t", "1"))


def _read(rest: list[str]) -> tuple[datetime | None, str]:
    text = "\n".join(_until_end(rest)).replace("TRUSTED CERT", "CERT").replace("X509 CERT", "CERT")
    try:
        certificate = x509.load_pem_x509_certificate(text.encode())
        return certificate.not_valid_after_utc, certificate.subject.rfc4514_string()[:200]
    except ValueError:
        return None, ""


def _until_end(rest: list[str]) -> Iterator[str]:
    for line in rest:
        if line.startswith("file\t"):
            return
        yield line
        if line.startswith("-----END"):
            return


FACT = ShellFact("certificates", Certificates, ask, parse)
