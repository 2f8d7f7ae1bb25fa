"""Programs of this machine that the lab runs, and what is said when they fail."""
from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from deployments.lab.trouble import LabError

_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
NEEDED = {
    "mkfs.btrfs": "btrfs-progs", "btrfs": "btrfs-progs", "btrfstune": "btrfs-progs", "lxc-start": "lxc",
    "lxc-attach": "lxc", "zstd": "zstd", "apt-get": "apt", "dpkg-deb": "dpkg", "mkfs.ext4": "e2fsprogs",
    "losetup": "mount", "mount": "mount",
}


def check_programs() -> None:
    """Raise LabError naming the Debian packages that are missing.

    A root shell of `su` or cron may lack the folders that mount and mkfs lie in, so they are added to PATH.
    """
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join((*folders, *(sbin for sbin in _SBIN if sbin not in folders)))
    missing = sorted({package for program, package in NEEDED.items() if shutil.which(program) is None})
    if missing:
        raise LabError(f"the lab needs {', '.join(missing)}; install with: apt-get install {' '.join(missing)}")


def run(*words: str | Path, stdin: str | None = None, limit_s: float | None = 300.0) -> str:
    """Run one program and give its standard output.

    Raises LabError with the program's last words when it fails. ``stdin`` is text; no argument ever holds a secret.
    """
    line = [str(word) for word in words]
    try:
        done = subprocess.run(
            line, input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace", timeout=limit_s, check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"{line[0]} is not installed; run make, which installs what the lab needs") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{line[0]} did not end within {limit_s:.0f} s") from error
    if done.returncode != 0:
        said = [part for part in (done.stderr + "\n" + done.stdout).splitlines() if part.strip()]
        raise LabError(f"{line[0]} failed ({done.returncode}): {' / '.join(said[-3:]) or 'without a word'}")
    return done.stdout


def succeeds(*words: str | Path, limit_s: float = 60.0) -> bool:
    try:
        run(*words, limit_s=limit_s)
    except LabError:
        return False
    return True
