"""Files that the site, not the vendor, put there, with their rights, digests, and what they use of the platform.

All kinds were seen on systems in the field. The vendor's PHP is encoded (inferred), so a plain file in a folder where
most are encoded is a candidate; a style sheet, logo or plain AGI script counts when it is at least a day younger than
the release. What is the vendor's is left out on the system, before a long list is cut, and a cut is told. Of a cron
entry only paths leave the system: its arguments may hold a password. Contents never do: only digests and marks.
"""
from __future__ import annotations

import re
import shlex
from collections import defaultdict
from datetime import UTC, date, datetime

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.facts import CustomFile, CustomFiles, CustomKind
from tasks.model.profile import Profile
from tasks.model.reading import lines, permitted, whole

MOST = 500                      # files of each kind that are listed
_DAY_S = 86_400
_READ = (200, 1_048_576, 16_777_216)        # of files whose content is read: how many, bytes of each, of all
_ENCODED = "ionCube|<\\?php //(00|ICB)|@Zend;|sg_load|Bicom ?[Ss]ystems PBXware"
_VENDOR_FOLDERS = (             # the operating system's, and the vendor's web server beside the profile's root
    "/bin", "/sbin", "/usr", "/lib", "/lib64", "/etc", "/dev", "/proc", "/sys", "/run", "/var", "/opt/httpd",
)
_STAT = "%Y %a %u %s %n"        # changed, rights, owner, size, path
# Of each entry: x a path that is run itself, i one that is given to an interpreter, a any other. A path whose presence
# the entry tests itself (-x) is "a": such an entry is meant to do nothing where it is missing.
_CRON = (
    "!/^[ \\t]*(#|$)/ && !/^[ \\t]*[A-Za-z_]+[ \\t]*=/ { "
    "from = ($1 ~ /^@/) ? 2 : 6; if (FILENAME !~ /\\/spool\\/cron/) from++; run = \"x\"; "
    "for (i = from; i <= NF; i++) { bare = $i; gsub(/[\"\\047();&|`]/, \"\", bare); "
    "if (bare ~ /^\\/[^\\/]/) print (index($0, \"-x \" bare) ? \"a\" : run) \" \" bare; "
    "if (bare ~ /(^|\\/)(nice|ionice|env|exec|time)$/) ; "
    "else if (bare ~ /(^|\\/)(perl|php[0-9.]*|python[0-9.]*|sh|bash)$/) run = \"i\"; "
    "else if (bare !~ /^(-|[0-9]+$|[A-Z_]+=|$)/) run = \"a\"; "
    "if ($i ~ /[;|&(]$/) run = \"x\" } }"
)
_OUTSIDE = (
    "BEGIN { count = split(vendor, folders, \":\") } "
    "{ path = substr($0, 3) \"/\"; for (i = 1; i <= count; i++) "
    "if (index(path, folders[i] \"/\") == 1 && index(path, \"/usr/local/\") != 1) next } "
    "++n <= most { print } n > most { print \"cut\"; exit }"
)
_MINORITY = (
    "{ path = substr($0, 3); folder = path; sub(/\\/[^\\/]*$/, \"\", folder) } /^a/ { all[folder]++ } "
    "/^p/ { plain[folder]++; files[++n] = path; at[n] = folder } "
    "END { for (i = 1; i <= n; i++) if (2 * plain[at[i]] < all[at[i]]) print files[i] }"
)
_BOUNDED = (
    "BEGIN { split(bounds, most, \" \") } "
    "/^[a-z_]+ [0-9]+ [0-7]+ [0-9]+ [0-9]+ \\// "
    "&& $1 != \"include\" && $5 <= most[2] + 0 && (all += $5) <= most[3] + 0 && n++ < most[1] + 0 "
    "{ text = $0; for (i = 0; i < 5; i++) sub(/^[^ ]+ /, \"\", text); print text }"
)
_USES = (
    "FNR == 1 { split(\"\", seen) } "
    "{ plain = $0; gsub(/[Pp][Jj][Ss][Ii][Pp]/, \"\", plain) } "
    "plain ~ /sip (show|reload|set|unregister|qualify)|SIP\\/|chan_sip/ && !seen[1]++ "
    "{ print \"use chan_sip \" FILENAME } "
    "/(^|[^A-Za-z])Macro\\(/ && !seen[2]++ { print \"use app_macro \" FILENAME } "
    "/mysql_(connect|pconnect|query|fetch_|select_db)/ && !seen[3]++ { print \"use php_mysql \" FILENAME } "
    "/mysqli|PDO *\\(|DBI *->|DBI:mysql|pw_mysql_|mysql +-|mysqldump|pymysql|MySQLdb/ && !seen[4]++ "
    "{ print \"use database \" FILENAME }"
)
_FILE = re.compile(
    r"^(script|cron|stylesheet|plain_php|agi|boot|include) (\d{1,11}) ([0-7]{1,5}) (\d{1,10}) (\d{1,15}) (/.*)$",
    re.ASCII,
)
_RUN = re.compile(r"^(run|gone) (/.*)$")
_CUT = re.compile(r"^cut (cron)$")
_SOUNDS = re.compile(r"^sounds (\d{1,9}) (/.*)$", re.ASCII)
_DIGEST = re.compile(r"^digest ([0-9a-f]{64}) (/.*)$", re.ASCII)
_USE = re.compile(r"^use ([a-z_]{1,20}) (/.*)$", re.ASCII)
_RELEASE = re.compile(r"^release (\d{1,11}) (\S.*)$", re.ASCII)


def ask(profile: Profile) -> str:
    paths = profile.paths
    cut = f"head -n {MOST + 1}"
    younger = f"awk -v after=$((released + {_DAY_S})) '$2 >= after'"
    admin, header, agi = shlex.quote(paths.admin), shlex.quote(paths.version_header), shlex.join(paths.agi)
    vendor = shlex.quote(":".join((*_VENDOR_FOLDERS, paths.root)))
    plain = f"grep -aLE {shlex.quote(_ENCODED)}"
    php = f"find {admin} -type f -name '*.php'"
    cron = (
        f"find {shlex.join(paths.cron)} -type f -exec awk {shlex.quote(_CRON)} {{}} + | sort -u"
        f" | awk -v vendor={vendor} -v most={MOST} {shlex.quote(_OUTSIDE)} | while IFS= read -r line; do"
        " path=${line#? }; if [ \"$line\" = cut ]; then echo 'cut cron'; elif [ -f \"$path\" ]; then"
        f" stat -L -c 'cron {_STAT}' -- \"$path\"; case $line in x*) printf 'run %s\\n' \"$path\";; esac;"
        " elif [ ! -e \"$path\" ]; then case $line in [xi]*) printf 'gone %s\\n' \"$path\";; esac; fi; done"
    )
    listing = "; ".join((
        f"find {shlex.join(paths.custom_scripts)} -maxdepth 3 -type f -exec stat -c 'script {_STAT}' {{}} + | {cut}",
        cron,
        f"find {admin} -type f \\( -name '*.css' -o -iname '*logo*' \\) -newer {header} "
        f"-exec stat -c 'stylesheet {_STAT}' {{}} + | {younger} | {cut}",
        f"{{ {php} | sed 's/^/a /'; {php} -exec {plain} {{}} + | sed 's/^/p /'; }} | awk {shlex.quote(_MINORITY)}"
        f" | {cut} | tr '\\n' '\\0' | xargs -0 -r stat -c 'plain_php {_STAT}' --",
        f"find {agi} -maxdepth 2 -type f -newer {header} -exec {plain} {{}} + | tr '\\n' '\\0'"
        f" | xargs -0 -r stat -c 'agi {_STAT}' -- | {younger} | {cut}",
        f"find {shlex.join(paths.boot)} -maxdepth 1 -type f -size +0 -exec stat -c 'boot {_STAT}' {{}} + | {cut}",
        f"find {shlex.quote(paths.asterisk_etc)} -maxdepth 2 -type f -name '*custom*.conf'"
        f" -exec grep -lE '^[[:space:]]*[^][;[:space:]]' {{}} + | {cut} | tr '\\n' '\\0'"
        f" | xargs -0 -r stat -c 'include {_STAT}' --",
    ))
    read = f"awk -v bounds={shlex.quote(' '.join(map(str, _READ)))} {shlex.quote(_BOUNDED)} | sort -u | tr '\\n' '\\0'"
    sounds = (
        f"printf 'sounds %s %s\\n' \"$(find {each} -type f -newer {header} | head -n 5000 | wc -l | tr -d ' ')\" {each}"
        for each in map(shlex.quote, paths.sounds)
    )
    return "; ".join((
        f"released=$(stat -c %Y -- {header} || echo 0)",
        f"printf 'release %s %s\\n' \"$released\" {shlex.quote(paths.root)}",
        "gently=$(command -v nice >/dev/null && echo nice -n 19)",
        f"listing=$({listing})",
        'printf "%s\\n" "$listing"',
        f'printf "%s\\n" "$listing" | {read} | xargs -0 -r $gently sha256sum'
        " | sed -n 's/^\\([0-9a-f]*\\)  /digest \\1 /p'",
        f'printf "%s\\n" "$listing" | {read} | xargs -0 -r $gently awk {shlex.quote(_USES)}',
        *sounds,
    ))


def parse(answer: Answer) -> CustomFiles:
    told = list(lines(permitted(whole(answer))))
    release = next((found for line in told if (found := _RELEASE.match(line))), None)
    if not release:
        raise Unreadable("expected the date of the release first, got none")
    digests = {found[2]: found[1] for line in told if (found := _DIGEST.match(line))}
    uses: dict[str, set[str]] = defaultdict(set)
    for line in told:
        if found := _USE.match(line):
            uses[found[2]].add(found[1])
    runs = [(found[1], found[2]) for line in told if (found := _RUN.match(line))]
    run = {path for word, path in runs if word == "run"}
    listed: dict[CustomKind, list[CustomFile]] = defaultdict(list)
    for line in told:
        if found := _FILE.match(line):
            kind, path = CustomKind(found[1]), found[6]
            listed[kind].append(CustomFile(
                path, kind, _day(int(found[2])), executable=bool(int(found[3], 8) & 0o111), owner_uid=int(found[4]),
                size_bytes=int(found[5]), digest=digests.get(path), uses=tuple(sorted(uses[path])), run=path in run,
            ))
        elif (sounds := _SOUNDS.match(line)) and int(sounds[1]):
            listed[CustomKind.SOUNDS].append(CustomFile(sounds[2], CustomKind.SOUNDS, count=int(sounds[1])))
    cut = {CustomKind(found[1]) for line in told if (found := _CUT.match(line))}
    files = {file for each in listed.values() for file in each[:MOST]}
    return CustomFiles(
        tuple(sorted(files, key=lambda file: (file.kind, file.path))),
        cut=tuple(sorted(cut | {kind for kind, each in listed.items() if len(each) > MOST})),
        gone=tuple(sorted({path for word, path in runs if word == "gone"})),
    )


def _day(epoch_s: int) -> date | None:
    return datetime.fromtimestamp(epoch_s, UTC).date() if epoch_s else None


FACT = ShellFact("custom_files", CustomFiles, ask, parse, limit_s=15.0)
