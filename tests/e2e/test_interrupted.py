"""A sweep that is told to stop says so in one sentence, ends its Prefect server, and can be gone on with."""
from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import asyncssh
import pytest

from tests.operator_site import UPLIFT

HOST = "127.0.77.9"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_sweep_in_one_sentence(tmp_path: Path, number: signal.Signals):
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir(mode=0o700)
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(home / "key")
    (home / "credentials.yaml").write_text("credentials: {inspect: {key_file: key}}")
    for name in ("key", "credentials.yaml"):
        (home / name).chmod(0o600)
    with socket.create_server((HOST, 0)) as mute:       # accepts, and never says a word
        mute.settimeout(120)
        port = mute.getsockname()[1]
        (home / "known_hosts").write_text(f"[{HOST}]:{port} {key.export_public_key().decode().strip()}\n")
        ssh = {"host": HOST, "port": port, "credential": "inspect"}
        system = {"id": "acme", "client": "Acme", "environment": "standalone", "edition": "business", "ssh": ssh,
                  "timezone": "UTC", "country": "GB", "profile": "lab"}
        (tmp_path / "fleet.yaml").write_text(json.dumps({"systems": [system]}))
        sweep = subprocess.Popen(
            [UPLIFT, "sweep", tmp_path / "fleet.yaml", "--target", "7.2.0", "--out", out],
            env={**os.environ, "UPLIFT_HOME": str(home)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        with mute.accept()[0]:
            sweep.send_signal(number)
            told, said = sweep.communicate(timeout=60)
    assert (sweep.returncode, told) == (1, "")
    assert f"error: the sweep was interrupted and {out} keeps what was answered; go on with --resume" in said
    assert "Traceback" not in said
    assert (out / "run.json").exists()
