"""Debian packages without installing them: the dependency closure from this machine's own archive, unpacked.

No maintainer script is ever run; what they would have done stands in ``base.py``. The archive's address and keyring
come from this machine's own sources, so a site's mirror is used without being named here.
"""
from __future__ import annotations

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deployments.lab.command import run
from deployments.lab.trouble import LabError

SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
LEFT_OUT = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info", "./usr/share/bug")
_MERGED = ("bin", "sbin", "lib", "lib64")


@dataclass(frozen=True)
class Closure:
    """Packages of one suite with all that they depend on."""

    suite: str
    packages: tuple[str, ...]

    def fetch(self, apt_root: Path) -> list[Path]:
        """Download into a private apt root and give the package files.

        Raises LabError when the archive no longer has the suite or one of the packages.
        """
        _write_apt_root(apt_root, self.suite)
        options = _options(apt_root)
        try:
            run("apt-get", *options, "update")
        except LabError as error:
            raise LabError(
                f"this machine's Debian archive does not serve {self.suite}, which the lab is built from ({error})"
            ) from error
        try:
            run("apt-get", "-y", *options, "-o", "APT::Get::Download-Only=true", "install", *self.packages)
        except LabError as error:
            raise LabError(
                f"this machine's Debian archive cannot give {self.suite}'s packages for the lab ({error})"
            ) from error
        return sorted((apt_root / "var/cache/apt/archives").glob("*.deb"))


def source_stanza(text: str, suite: str) -> str:
    """The first stanza of a deb822 sources file, for another suite. Comments are dropped, the keyring is kept."""
    stanza = next(part for part in re.split(r"\n\s*\n", text) if re.search(r"^URIs:", part, re.MULTILINE))
    lines = [line for line in stanza.splitlines() if not line.startswith("#")]
    return "\n".join(re.sub(r"^Suites:.*", f"Suites: {suite}", line) for line in lines) + "\n"


def unpack(packages: list[Path], tree: Path) -> None:
    """Unpack packages into ``tree``, with /bin, /sbin and /lib merged into /usr for old and new suites alike."""
    for name in _MERGED:
        (tree / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (tree / name).is_symlink():
            (tree / name).symlink_to(f"usr/{name}")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda package: _unpack_one(package, tree), packages))


def _unpack_one(package: Path, tree: Path) -> None:
    # dpkg -x would replace the links of the merged /usr by folders; tar can keep them.
    words = ["tar", "-x", "-p", "--keep-directory-symlink", "--no-same-owner", "--warning=no-timestamp"]
    words += ["-C", str(tree), *(f"--exclude={path}" for path in LEFT_OUT)]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as stream:
        done = subprocess.run(words, stdin=stream.stdout, capture_output=True, text=True, check=False)
    if done.returncode or stream.returncode:
        raise LabError(f"{package.name} cannot be unpacked: {done.stderr.strip()[-200:]}")


def _write_apt_root(root: Path, suite: str) -> None:
    if not SOURCES.is_file():
        raise LabError(f"{SOURCES} is not there; the lab is built on Debian 12 with its sources in that file")
    for folder in (
        "etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d", "etc/apt/trusted.gpg.d",
        "var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/lib/dpkg",
    ):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "var/lib/dpkg/status").write_text("")       # an empty status asks for the whole closure
    (root / "etc/apt/sources.list.d/lab.sources").write_text(source_stanza(SOURCES.read_text(), suite))
    # The site's way to reach its archive (proxy, timeouts, retries), without its hooks.
    settings = [line for line in run("apt-config", "dump").splitlines() if line.startswith("Acquire::")]
    (root / "etc/apt/apt.conf.d/50site").write_text("\n".join(settings) + "\n")


def _options(root: Path) -> list[str]:
    settings = {
        "Dir": root,
        "Dir::State::status": root / "var/lib/dpkg/status",
        "Dir::Etc::netrc": "/etc/apt/auth.conf",
        "Dir::Etc::netrcparts": "/etc/apt/auth.conf.d",
        "APT::Architecture": "amd64",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
        "Acquire::Check-Valid-Until": "false",          # an old suite's index is dated, and signed all the same
        "Acquire::Languages": "none",
    }
    return ["-q", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))]
