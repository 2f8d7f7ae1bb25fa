"""The base image: the outer Debian system, Asterisk 16 in its tree, an empty MariaDB, and the package of Asterisk 22.

Every appliance is a clone of it. No maintainer script runs: what the packages' scripts would have done is done here.
"""
from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deployments.lab import pool
from deployments.lab.command import run
from deployments.lab.debian import Closure, unpack

Say = Callable[[str], None]

ASTERISK = (
    "asterisk", "asterisk-modules", "asterisk-config", "odbc-mariadb", "asterisk-core-sounds-en-gsm",
    "dash", "bash", "coreutils", "libfaketime",
)
OUTER = Closure("bookworm", (
    "base-files", "base-passwd", "bash", "dash", "coreutils", "util-linux", "grep", "sed", "mawk", "findutils",
    "procps", "hostname", "tar", "gzip", "zstd", "perl-base", "diffutils", "debianutils", "libc-bin", "ncurses-base",
    "openssh-server", "mariadb-server-core", "mariadb-client-core", "libfaketime", "mount", "psmisc", "tzdata",
))
ASTERISK_16 = Closure("bullseye", ASTERISK)         # the last Debian suite with chan_sip and app_macro
ASTERISK_22 = Closure("forky", ASTERISK)
MYSQL_ID, ASTERISK_ID = 991, 992
GUEST = Path(__file__).parent / "guest"
PACKAGE = "opt/pbxware/dl/pw22.tar.zst"


def build(image: Path, work: Path, say: Say) -> None:
    """Build the base into ``image``: a btrfs with the read-only subvolume ``base``. ``work`` is scratch space.

    Takes under a minute on two cores, with 200 MB of downloads. Raises LabError in one sentence.
    """
    place = work / "pool"
    pool.make_btrfs(image)
    pool.mount_btrfs(image, place)
    outer = place / "base"
    run("btrfs", "-q", "subvolume", "create", outer)
    say("fetching and unpacking Debian packages")
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(
            lambda job: unpack(job[0].fetch(work / f"apt-{job[0].suite}"), job[1]),
            ((OUTER, outer), (ASTERISK_16, work / "pw16"), (ASTERISK_22, work / "pw22")),
        ))
    say("putting the appliance together")
    _finish_outer(outer)
    for tree in (work / "pw16", work / "pw22"):
        _finish_tree(tree)
    shutil.rmtree(outer / "opt/pbxware/pw", ignore_errors=True)
    run("cp", "-a", work / "pw16", outer / "opt/pbxware/pw")
    say("packing Asterisk 22 for the upgrade")
    run("tar", "-C", work / "pw22", "-I", "zstd -3 -T2", "-cf", outer / PACKAGE, ".")
    say("making an empty database")
    _make_datadir(outer)
    run("btrfs", "property", "set", outer, "ro", "true")
    run("umount", place)


def _finish_outer(outer: Path) -> None:
    etc = outer / "etc"
    shutil.copy(outer / "usr/share/base-passwd/group.master", etc / "group")
    shutil.copy(outer / "usr/share/libc-bin/nsswitch.conf", etc)
    shutil.copy(outer / "usr/share/base-files/profile", etc)
    users = (outer / "usr/share/base-passwd/passwd.master").read_text().splitlines()
    users = ["root:x:0:0:root:/root:/bin/bash" if line.startswith("root:") else line for line in users]
    users += [
        "sshd:x:990:65534::/run/sshd:/usr/sbin/nologin",
        f"mysql:x:{MYSQL_ID}:{MYSQL_ID}::/nonexistent:/bin/false",
        f"asterisk:x:{ASTERISK_ID}:{ASTERISK_ID}::/var/lib/asterisk:/bin/false",
    ]
    (etc / "passwd").write_text("\n".join(users) + "\n")
    with (etc / "group").open("a") as groups:
        groups.write(f"mysql:x:{MYSQL_ID}:\nasterisk:x:{ASTERISK_ID}:\n")
    _write_names(etc)
    for link, target in (("usr/bin/awk", "mawk"), ("usr/bin/which", "which.debianutils")):
        if not (outer / link).exists():                 # alternatives, which a maintainer script would have set
            (outer / link).symlink_to(target)
    for folder in (
        "root/.ssh", "run/sshd", "proc", "sys", "dev", "tmp", "script", "etc/lab", "etc/cron.d", "var/log",
        "var/spool/cron", "opt/backup", "opt/pbxware/sh", "opt/pbxware/dl", "opt/pbxware/mysql", "opt/pbxware/upgrade",
    ):
        (outer / folder).mkdir(parents=True, exist_ok=True)
    (etc / "crontab").write_text("17 3 * * * root /opt/pbxware/sh/pbxware status >/dev/null\n")
    (outer / "tmp").chmod(0o1777)
    (outer / "root/.ssh").chmod(0o700)
    for script in ("mysql", "asterisk", "pbxware"):
        _install(GUEST / script, outer / "opt/pbxware/sh" / script)
    _install(GUEST / "lab-init", outer / "usr/sbin/lab-init")
    (outer / "usr/sbin/asterisk").symlink_to("/opt/pbxware/sh/asterisk")


def _finish_tree(tree: Path) -> None:
    """Make an Asterisk tree one that can be a chroot."""
    etc = tree / "etc"
    etc.joinpath("passwd").write_text(
        f"root:x:0:0:root:/root:/bin/sh\nasterisk:x:{ASTERISK_ID}:{ASTERISK_ID}::/var/lib/asterisk:/bin/false\n"
    )
    etc.joinpath("group").write_text(f"root:x:0:\nasterisk:x:{ASTERISK_ID}:\n")
    _write_names(etc)
    owned = [tree / "var" / part / "asterisk" for part in ("run", "log", "spool", "lib")]
    for folder in (
        *owned, tree / "var/log/asterisk/cdr-csv", tree / "var/lib/asterisk/keys", tree / "var/lib/asterisk/moh",
        tree / "var/spool/asterisk/monitor", tree / "var/spool/asterisk/voicemail",
        tree / "proc", tree / "dev", tree / "root", tree / "tmp", etc / "pbxware",
    ):
        folder.mkdir(parents=True, exist_ok=True)
    (tree / "tmp").chmod(0o1777)
    (etc / "asterisk").rename(etc / "asterisk.dist")    # Debian's samples, beside the site's own configuration
    (etc / "asterisk").mkdir()
    driver = next(tree.glob("usr/lib/*/odbc/libmaodbc.so")).relative_to(tree)
    (etc / "odbcinst.ini").write_text(f"[MariaDB Unicode]\nDriver=/{driver}\nThreading=0\n")
    run("chown", "-R", f"{ASTERISK_ID}:{ASTERISK_ID}", *owned)


def _write_names(etc: Path) -> None:
    (etc / "hosts").write_text("127.0.0.1 localhost\n")
    (etc / "resolv.conf").write_text("")                # empty, or PJSIP opens a resolver socket on every address


def _install(source: Path, target: Path) -> None:
    shutil.copy(source, target)
    target.chmod(0o755)


def _make_datadir(outer: Path) -> None:
    run("chown", f"{MYSQL_ID}:{MYSQL_ID}", outer / "opt/pbxware/mysql")
    run(
        "chroot", outer, "mariadb-install-db", "--no-defaults", "--user=mysql", "--datadir=/opt/pbxware/mysql/data",
        "--auth-root-authentication-method=socket", "--skip-test-db", "--innodb-log-file-size=48M",
    )
