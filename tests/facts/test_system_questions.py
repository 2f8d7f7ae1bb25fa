"""The questions about the system's own health, asked of a real shell (this machine's and busybox's)."""
from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tasks.facts import shell_facts
from tasks.model.answer import Answer
from tasks.model.profile import Paths, Profile
from tasks.model.profile_health import Health, LicenceSource
from tasks.model.system_facts import (
    Certificates,
    CronJobs,
    FileState,
    Licence,
    PendingReboot,
    Resources,
    RunningWork,
    Timekeeping,
)

FACTS = {fact.of: fact for fact in shell_facts()}
APPLETS = (
    "awk", "cat", "cut", "date", "find", "grep", "head", "ls", "printf", "readlink", "sed", "sort", "stat", "tr",
    "uname", "sh",
)
CRON = """\
# 1 2 * * * root /script/commented
SHELL=/bin/sh
17 * * * * root cd / && run-parts --report /etc/cron.hourly
30 2 * * * root mysqldump -phush pbxware | gzip > /opt/backup/x.gz
@daily root PASSWORD=hush "/script/push.sh" --token=hush >/dev/null 2>&1
not a job
"""


@pytest.fixture(params=["coreutils", "busybox"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "coreutils":
        return "/usr/sbin:/usr/bin:/sbin:/bin"
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.fail("busybox is missing: apt-get install busybox")
    applets = tmp_path / "applets"
    applets.mkdir()
    for name in APPLETS:
        (applets / name).symlink_to(busybox)
    return str(applets)


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    tree = tmp_path / "it's a tree"
    for folder in ("etc/asterisk/keys", "etc/nginx/sites-enabled", "spool/cron", "cron.d"):
        (tree / folder).mkdir(parents=True)
    (tree / "cron.d/site").write_text(CRON)
    (tree / "spool/cron/root").write_text("*/10 22-23 * * * /usr/local/bin/rsync-recordings hush\n")
    (tree / "licence").write_text("licence_key = hush\nexpires = 2026-12-01\nchannels: 30\nlicence_key=hush\n")
    return Profile(
        name="odd",
        paths=Paths(tree=str(tree), asterisk_etc=str(tree / "etc/asterisk"),
                    cron=(str(tree / "cron.d"), str(tree / "spool/cron"), "/nonexistent")),
        health=Health(web_configuration=(str(tree / "etc/nginx"), "/nonexistent"), backups=("uplift-a-dump",),
                      locks=(str(tree / "a lock"), "/nonexistent/lock"), busy_files=(str(tree / "busy"),)),
        licence=LicenceSource(file=str(tree / "licence")),
    )


@pytest.fixture
def told(profile: Profile, path: str, tmp_path: Path) -> Any:
    def ask(of: type, asked: Profile = profile) -> Any:
        ran = subprocess.run(
            [shutil.which("sh", path=path) or "sh", "-c", FACTS[of].ask(asked)], capture_output=True, cwd=tmp_path,
            env={"PATH": path, "LC_ALL": "C"}, timeout=30, stdin=subprocess.DEVNULL, text=True,
        )
        assert "hush" not in ran.stdout, "a secret left the system"
        return FACTS[of].parse(Answer(exit_code=ran.returncode, stdout=ran.stdout, stderr=ran.stderr))

    return ask


def certificate(folder: Path, name: str, days: int) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(days=99)).not_valid_after(now + timedelta(days=days))
    (folder / f"{name}.pem").write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))


def test_load_and_memory_of_this_machine(told: Any) -> None:
    resources = told(Resources)
    assert resources.cpus == os.cpu_count()
    assert 0 < resources.memory_available_bytes < resources.memory_bytes
    assert abs(resources.load_15_min - os.getloadavg()[2]) < 3


def test_the_running_kernel(told: Any) -> None:
    assert told(PendingReboot).running_kernel == os.uname().release


def test_the_zone_and_its_offset(told: Any) -> None:
    assert told(Timekeeping).utc_offset.total_seconds() == time.localtime().tm_gmtoff


def test_jobs_leave_their_arguments_on_the_system(told: Any) -> None:
    assert {(job.schedule, job.command) for job in told(CronJobs).jobs} == {
        ("17 * * * *", "/etc/cron.hourly"), ("30 2 * * *", "mysqldump"), ("@daily", "/script/push.sh"),
        ("*/10 22-23 * * *", "/usr/local/bin/rsync-recordings"),
    }


def test_the_licence_without_its_key(told: Any, profile: Profile) -> None:
    licence = told(Licence)
    assert (str(licence.expires_on), licence.channels, licence.extensions) == ("2026-12-01", 30, None)
    by_command = LicenceSource(command=("printf", "%s\\n", "valid_until=never"), expires_key="valid_until")
    assert told(Licence, profile.model_copy(update={"licence": by_command})) == Licence(told=True, perpetual=True)
    nowhere = LicenceSource(file="/nonexistent")
    assert told(Licence, profile.model_copy(update={"licence": nowhere})) == Licence(told=False)


def test_certificates_where_they_lie_in_the_chroot_and_nothing_of_a_key(
    told: Any, profile: Profile, tmp_path: Path
) -> None:
    etc = Path(profile.paths.asterisk_etc)
    certificate(etc / "keys", "live", 40)
    (etc / "keys/linked.pem").symlink_to("/etc/asterisk/keys/live.pem")
    (etc / "keys/text.pem").write_text("no certificate\n")
    (etc / "pjsip.conf").write_text(
        "[tls](!)\ntype=transport\ncert_file = /etc/asterisk/keys/live.pem ; ours\n"
        "priv_key_file=/etc/asterisk/keys/live.key\n;cert_file=/commented.pem\n[wss]\n"
        "cert_file=/etc/asterisk/keys/linked.pem\npriv_key_file=/etc/asterisk/keys/gone.key\n"
    )
    (etc / "http.conf").write_text("[general]\ntlsenable=no\ntlscertfile=/etc/asterisk/keys/off.pem\n")
    (etc / "sip.conf").write_text("[general]\ntlsenable=yes\ntlscertfile=/etc/asterisk/keys/text.pem\n")
    (Path(profile.paths.tree) / "etc/nginx/sites-enabled/pbx").write_text(
        f'server {{\n  ssl_certificate "{etc}/keys/live.pem";\n  ssl_certificate_key {tmp_path}/none.key;\n}}\n'
    )
    files = {(file.path.rpartition("/")[2], file.is_key): file for file in told(Certificates).files
             if file.by_asterisk}
    assert {name: file.state for name, file in files.items()} == {
        ("live.pem", False): FileState.FOUND, ("live.key", True): FileState.FOUND,
        ("linked.pem", False): FileState.FOUND, ("gone.key", True): FileState.MISSING,
        ("text.pem", False): FileState.EMPTY,
    }
    live = files["live.pem", False]
    assert live.expires_at is not None and 38 < (live.expires_at - datetime.now(UTC)).days < 41
    assert (live.subject, live.used_in) == ("CN=live", ("pjsip.conf:3",))
    web = {file.path.rpartition("/")[2]: file.state for file in told(Certificates).files if not file.by_asterisk}
    assert web == {"live.pem": FileState.FOUND, "none.key": FileState.MISSING}


def test_a_lock_counts_while_it_is_held_a_program_while_it_runs(
    told: Any, profile: Profile, tmp_path: Path, path: str
) -> None:
    lock = Path(profile.health.locks[0])
    lock.write_text("")
    assert told(RunningWork) == RunningWork((), (), ())
    program = tmp_path / "uplift-a-dump"
    shutil.copy("/bin/sleep", program)
    Path(profile.health.busy_files[0]).write_text("")
    with lock.open() as held, subprocess.Popen([program, "60"]) as running:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            assert told(RunningWork) == RunningWork(("uplift-a-dump",), (str(lock),), profile.health.busy_files)
        finally:
            running.kill()
