"""Files that the site, not the vendor, put there: scripts, cron entries, plain PHP among encoded, edited style sheets.

All four were seen on systems in the field. The vendor's PHP is encoded (inferred), so a plain file in a folder where
most are encoded is a candidate; a style sheet or logo counts when it is at least a day younger than the release. Of a
cron entry only the paths in it leave the system: its arguments may hold a password.
"""
from __future__ import annotations

import re
import shlex
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import PurePosixPath

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.facts import CustomFile, CustomFiles, CustomKind
from tasks.model.profile import Profile
from tasks.model.reading import lines, permitted

_FILES = 500                    # of each kind
_DAY_S = 86_400
_ENCODED = "ionCube|<\\?php //(00|ICB)|@Zend;|sg_load|Bicom ?[Ss]ystems PBXware"
_VENDOR_FOLDERS = (             # the operating system's, and the vendor's web server beside the profile's root
    "/bin", "/sbin", "/usr", "/lib", "/lib64", "/etc", "/dev", "/proc", "/sys", "/run", "/var", "/opt/httpd",
)
_CRON_PATHS = (
    "!/^[ \\t]*#/ { for (i = 1; i <= NF; i++) { word = $i; gsub(/[\"\\047();&|`]/, \"\", word); "
    "if (word ~ /^\\/[^\\/]/) print \"cron 0 \" word } }"
)
_FOUND = re.compile(r"^(cron|script|stylesheet|plain_php) (\d{1,11}) (/.+)$", re.ASCII)
_ENCODED_IN = re.compile(r"^\s*(\d{1,9}) encoded (/.+)$", re.ASCII)
_RELEASE = re.compile(r"^release (\d{1,11}) (\S.*)$", re.ASCII)


def ask(profile: Profile) -> str:
    paths = profile.paths
    scripts, cron = shlex.join(paths.custom_scripts), shlex.join(paths.cron)
    admin, header = shlex.quote(paths.admin), shlex.quote(paths.version_header)
    php = f"find {admin} -type f -name '*.php' -exec grep -a%sE {shlex.quote(_ENCODED)} {{}} +"
    return "; ".join((
        f"printf 'release %s %s\\n' \"$(stat -c %Y -- {header} || echo 0)\" {shlex.quote(paths.root)}",
        f"find {scripts} -maxdepth 3 -type f -exec stat -c 'script %Y %n' {{}} + | head -n {_FILES}",
        f"find {cron} -type f -exec awk {shlex.quote(_CRON_PATHS)} {{}} + | sort -u | head -n {_FILES}",
        f"find {admin} -type f \\( -name '*.css' -o -iname '*logo*' \\) -newer {header} "
        f"-exec stat -c 'stylesheet %Y %n' {{}} + | head -n {_FILES}",
        f"{php % 'l'} | sed 's,^,encoded ,; s,/[^/]*$,,' | sort | uniq -c | head -n {_FILES}",
        f"{php % 'L'} | head -n {_FILES} | while IFS= read -r file; do stat -c 'plain_php %Y %n' -- \"$file\"; done",
    ))


def parse(answer: Answer) -> CustomFiles:
    told = list(lines(permitted(answer)))
    release = next((found for line in told if (found := _RELEASE.match(line))), None)
    if not release:
        raise Unreadable("expected the date of the release first, got none")
    vendor = (*_VENDOR_FOLDERS, release[2])
    younger_than = int(release[1]) + _DAY_S
    encoded = {found[2]: int(found[1]) for line in told if (found := _ENCODED_IN.match(line))}
    found_files = [(found[1], int(found[2]), found[3]) for line in told if (found := _FOUND.match(line))]
    plain = Counter(_folder(path) for kind, _, path in found_files if kind == CustomKind.PLAIN_PHP)
    files = set()
    for kind, changed_s, path in found_files:
        if kind == CustomKind.STYLESHEET and changed_s < younger_than:
            continue
        if kind == CustomKind.PLAIN_PHP and plain[_folder(path)] >= encoded.get(_folder(path), 0):
            continue
        if kind == CustomKind.CRON and _is_under(path, vendor) and not _is_under(path, ("/usr/local",)):
            continue
        files.add(CustomFile(path, CustomKind(kind), _day(changed_s)))
    return CustomFiles(tuple(sorted(files, key=lambda file: (file.kind, file.path))))


def _folder(path: str) -> str:
    return str(PurePosixPath(path).parent)


def _is_under(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def _day(epoch_s: int) -> date | None:
    return datetime.fromtimestamp(epoch_s, UTC).date() if epoch_s else None


FACT = ShellFact("custom_files", CustomFiles, ask, parse, limit_s=10.0)
