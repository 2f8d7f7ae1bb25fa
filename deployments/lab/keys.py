"""SSH keys of a lab: the two with which Uplift logs in, and each system's own."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import asyncssh
import yaml

from deployments.lab.layout import Layout
from deployments.lab.record import write_private

CREDENTIALS = ("inspect", "change")


@dataclass(frozen=True)
class KeyPair:
    private: str
    public: str                             # type and base64, without a comment


def make_pair() -> KeyPair:
    key = asyncssh.generate_private_key("ssh-ed25519")
    return KeyPair(key.export_private_key().decode(), " ".join(key.export_public_key().decode().split()[:2]))


def write_home(layout: Layout) -> dict[str, str]:
    """Make UPLIFT_HOME with its credentials where it is not there yet; the public keys by credential name."""
    folder = layout.home / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    layout.home.chmod(0o700)
    public = {}
    for name in CREDENTIALS:
        private_path, public_path = folder / name, folder / f"{name}.pub"
        if not public_path.exists():
            pair = make_pair()
            write_private(private_path, pair.private)
            write_private(public_path, f"{pair.public} uplift-{name}\n")
        public[name] = " ".join(public_path.read_text().split()[:2])
    entries = {name: {"key_file": str(folder / name)} for name in CREDENTIALS}
    path = layout.home / "credentials.yaml"
    others = yaml.safe_load(path.read_text())["credentials"] if path.exists() else {}     # SERVERware's
    write_private(path, yaml.safe_dump({"credentials": {**others, **entries}}, sort_keys=False))
    return public


def install(rootfs: Path, host: KeyPair, public: dict[str, str], tunnel_to: str) -> None:
    """Give a system its host key, and let both credentials in. ``inspect`` may only ask, and tunnel to the database."""
    write_private(rootfs / "etc/ssh/ssh_host_ed25519_key", host.private)
    limits = f'restrict,port-forwarding,permitopen="{tunnel_to}:3306",permitopen="127.0.0.1:3306"'
    lines = [f"{limits} {public['inspect']} uplift-inspect", f"{public['change']} uplift-change"]
    write_private(rootfs / "root/.ssh/authorized_keys", "\n".join(lines) + "\n")


def remember_hosts(layout: Layout, hosts: dict[str, str]) -> None:
    """Write known_hosts entries for ``hosts`` (address to key) on port 2020, and keep all other lines."""
    path = layout.home / "known_hosts"
    names = {f"[{address}]:2020" for address in hosts}
    kept = [line for line in (path.read_text().splitlines() if path.exists() else []) if line.split()[:1] != []]
    kept = [line for line in kept if line.split()[0] not in names and not line.startswith("[127.21.")]
    fresh = [f"[{address}]:2020 {key}" for address, key in hosts.items()]
    write_private(path, "\n".join([*fresh, *kept]) + "\n")
