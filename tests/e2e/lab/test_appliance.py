"""What an appliance is, told by the clients that engineers use: ssh, asterisk -rx, mysql."""
from __future__ import annotations

import json
import re
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from deployments.lab.up import Lab
from tasks.model.fleet import Fleet

pytestmark = pytest.mark.lab
LOG = "/opt/pbxware/pw/var/log/asterisk/messages"
MYSQL = "/opt/pbxware/sh/mysql -N -e"


def test_an_appliance_answers_ssh_asterisk_and_mysql(shell, address) -> None:
    here = address["healthy"]
    assert shell.say(here, "uname -n") == "healthy"
    assert shell.say(here, "asterisk -rx 'core show version'").startswith("Asterisk 16.")
    assert shell.say(here, f"{MYSQL} 'SELECT COUNT(*), MIN(AcctId), MAX(AcctId) FROM cdr'") == "20000\t1\t20000"
    assert re.match(r"\d+\.\d+\.\d+-MariaDB", shell.say(here, f"{MYSQL} 'SELECT VERSION()'"))


def test_a_healthy_appliance_starts_without_an_error_in_its_log(shell, address) -> None:
    for name in ("healthy", "tenants", "full"):
        assert "Asterisk Ready" in shell.say(address[name], f"cat {LOG}")
        assert shell.run(address[name], f"grep ERROR {LOG}").stdout == "", name


def test_its_trunk_reaches_the_carrier(shell, address) -> None:
    assert re.search(r"^trunk .*OK \(", shell.say(address["healthy"], "asterisk -rx 'sip show peers'"), re.MULTILINE)
    reached = "for i in $(seq 60); do asterisk -rx 'pjsip show contacts' | grep Avail && exit 0; sleep .2; done; exit 1"
    assert "trunk/sip:127.22.171.1:5060" in shell.say(address["tenants"], reached)


def test_a_call_to_the_carrier_is_answered_and_written_to_cdr(shell, address) -> None:
    here = address["healthy"]
    shell.say(here, "asterisk -rx 'channel originate Local/95550100@from-internal application Wait 1'")
    written = f"for i in $(seq 50); do {MYSQL} \"SELECT disposition, dstchannel FROM cdr WHERE AcctId > 20000 " \
              "AND lastapp = 'Dial'\" | grep . && exit 0; sleep .2; done; exit 1"
    disposition, channel = shell.say(here, written).split("\t")
    assert disposition == "ANSWERED"
    assert channel.startswith("SIP/trunk-")


def test_the_rhythm_in_the_table_is_one_of_a_company(shell, address) -> None:
    here = address["healthy"]
    when = "WEEKDAY(calldate) IN (5, 6), HOUR(calldate) BETWEEN 8 AND 17"
    told = shell.say(here, f"{MYSQL} 'SELECT {when}, COUNT(*) FROM cdr GROUP BY 1, 2'")
    rows = [tuple(map(int, line.split())) for line in told.splitlines()]
    calls = {(weekend, day): count for weekend, day, count in rows}
    assert calls[0, 1] > 5 * calls[0, 0]                            # day > night
    assert (calls[0, 1] + calls[0, 0]) / 5 > 4 * (calls[1, 1] + calls[1, 0]) / 2        # weekday > weekend
    backwards = "SELECT COUNT(*) FROM (SELECT calldate < LAG(calldate) OVER (ORDER BY AcctId) AS b FROM cdr) t WHERE b"
    assert shell.say(here, f"{MYSQL} '{backwards}'") == "0"
    ages = "TIMESTAMPDIFF(HOUR, MAX(calldate), NOW()), TIMESTAMPDIFF(DAY, MIN(calldate), NOW())"
    last_h, first_days = map(int, shell.say(here, f"{MYSQL} 'SELECT {ages} FROM cdr'").split())
    assert 0 <= last_h <= 1
    assert 360 <= first_days <= 365


def test_the_table_is_as_the_spec_says(shell, address) -> None:
    def told(name: str, query: str) -> list[str]:
        return shell.say(address[name], f'{MYSQL} "{query}"').split()

    engine = "SELECT engine, table_rows FROM information_schema.tables WHERE table_name='cdr'"
    indexed = "SELECT column_name FROM information_schema.statistics WHERE table_name='cdr' AND seq_in_index=1"
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name='cdr'"
    assert told("laden", engine) == ["MyISAM", "60000"]
    assert "calldate" not in told("laden", indexed)
    assert "calldate" in told("healthy", indexed)
    assert "did" in told("healthy", columns)
    assert "did" not in told("laden", columns)
    assert told("healthy", "SELECT COUNT(*) FROM cdr WHERE tenant IS NOT NULL") == ["0"]
    assert told("tenants", "SELECT DISTINCT tenant FROM cdr ORDER BY 1") == ["200", "201", "202"]
    assert told("laden", "CHECK TABLE cdr")[-1] == "OK"


def test_each_fault_is_where_an_engineer_would_find_it(shell, address) -> None:
    laden, healthy = address["laden"], address["healthy"]
    admin, modules = "/opt/pbxware/pw/home/sitemanager/admin", "/opt/pbxware/pw/usr/lib/asterisk/modules"
    sums = shell.say(laden, f"cd {modules}; for m in codec_gsm codec_ulaw codec_g729; do "
                            "grep -zaoE '[0-9a-f]{32}$' $m.so | tr '\\0' '\\n' | head -1; done").split()
    assert sums[0] == sums[1] != sums[2]
    assert "fop2users" in shell.say(laden, f"{MYSQL} 'SHOW TABLES'")
    assert "wallboard.php" in shell.say(laden, f"grep -L ionCube {admin}/*.php")
    assert "firewall.pl" in shell.say(laden, "cat /etc/cron.d/* && ls /script")
    assert "Macro(" in shell.say(laden, "cat /opt/pbxware/pw/etc/asterisk/extensions_custom.conf")
    assert "Invalid ACL" in shell.say(laden, f"grep ERROR {LOG}")
    assert shell.run(healthy, f"grep -L ionCube {admin}/*.php").stdout == ""
    assert shell.run(healthy, f"ls {modules}/codec_g729.so").returncode != 0
    assert shell.say(healthy, "find /script /etc/cron.d /var/spool/cron -type f") == ""


def test_a_full_appliance_has_some_tens_of_megabytes_on_its_own_file_system(shell, address) -> None:
    device, free_kb, mount = shell.say(address["full"], "df -k --output=source,avail,target / | tail -1").split()
    assert (device.startswith("/dev/loop"), mount) == (True, "/")
    assert 20_000 < int(free_kb) < 45_000
    assert int(shell.say(address["healthy"], "df -k --output=avail / | tail -1")) > 20_000_000
    done = shell.run(address["full"], "dd if=/dev/zero of=/tmp/more bs=1M count=60; rm /tmp/more", key="change")
    assert "No space left on device" in done.stderr


def test_a_changed_host_key_is_refused_by_ssh(shell, address) -> None:
    done = shell.run(address["rekeyed"], "true")
    assert done.returncode == 255
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in done.stderr


def test_the_inspecting_key_opens_no_other_door(shell, address, lab: Lab) -> None:
    command = ["ssh", "-F", "none", "-p", "2020", "-i", lab.home / "keys/inspect", "-o", "BatchMode=yes",
               "-o", f"UserKnownHostsFile={lab.home / 'known_hosts'}", "-W", f"{address['healthy']}:5038",
               f"root@{address['healthy']}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 255
    assert "administratively prohibited" in done.stderr


def test_the_systems_are_told_apart(shell, address) -> None:
    ids = {shell.say(address[name], "cat /etc/machine-id") for name in ("healthy", "laden", "tenants", "full")}
    assert len(ids) == 4
    assert shell.say(address["tenants"], "date +%Z") in ("CST", "CDT")


def test_the_fleet_file_and_home_are_those_that_uplift_reads(lab: Lab) -> None:
    fleet = Fleet.model_validate(yaml.safe_load(lab.fleet.read_text()))
    assert [system.id for system in fleet.systems] == ["healthy", "laden", "tenants", "full", "rekeyed"]
    assert {system.profile for system in fleet.systems} == {"lab"}
    credentials = lab.home / "credentials.yaml"
    named = yaml.safe_load(credentials.read_text())["credentials"]
    assert set(named) == {"inspect", "change"}
    for path in (credentials, *(Path(entry["key_file"]) for entry in named.values())):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    known = (lab.home / "known_hosts").read_text().splitlines()
    assert [line.split()[0] for line in known] == [f"[{record.address}]:2020" for record in lab.appliances]


def test_no_secret_stands_in_an_argument_of_a_process(lab: Lab) -> None:
    secrets = {record.database_password for record in lab.appliances}
    secrets |= {secret for record in lab.appliances for secret in record.extensions.values()}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_text(errors="replace")
        except OSError:
            continue
        assert not any(secret in words for secret in secrets), path
    for path in (lab.directory / "records").glob("*.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert json.loads(path.read_text())["ready"]
