"""What Uplift does not do, and says in one sentence: wrong token, wrong certificate, unknown VPS, unnamed action."""
from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.lab.serverware import certificate
from tasks.model.errors import UserError
from tasks.model.serverware import ServerwareError, Trouble
from tasks.wire.profile_file import load_profile
from tests.e2e.serverware.served_site import HOST, VPS_ID, Site

pytestmark = pytest.mark.lab


def home_with(site: Site, folder: Path, **changed: str) -> Path:
    """An UPLIFT_HOME whose SERVERware credential is another one."""
    told = yaml.safe_load((site.home / "credentials.yaml").read_text())
    told["credentials"]["serverware"].update(changed)
    path = folder / "credentials.yaml"
    path.write_text(yaml.safe_dump(told))
    path.chmod(0o600)
    return folder


def private(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


async def test_a_wrong_token_is_told_without_showing_one(site: Site, tmp_path: Path) -> None:
    home = home_with(site, tmp_path, token_file=private(tmp_path / "token", "wrong-but-secret"))
    async with site.client(home=home) as sw:
        with pytest.raises(ServerwareError, match="refuses the token of 'serverware'; write a valid one") as told:
            await sw.vps(VPS_ID)
    assert told.value.trouble is Trouble.TOKEN_REFUSED
    assert "wrong-but-secret" not in f"{told.value!r}{told.value.__context__!r}{sw!r}"


async def test_another_certificate_gets_no_request_at_all(site: Site, tmp_path: Path) -> None:
    certificate.make(tmp_path / "c.pem", tmp_path / "k.pem", "127.0.0.1")
    log = (site.layout.serverware / "log").read_text()
    for pinned in (certificate.fingerprint(tmp_path / "c.pem"), str(tmp_path / "c.pem")):
        async with site.client(home=home_with(site, tmp_path, certificate=pinned)) as sw:
            with pytest.raises(ServerwareError, match=r"not spoken to: its certificate .*; see who answers") as told:
                await sw.vps(VPS_ID)
            assert told.value.trouble is Trouble.CERTIFICATE
            with pytest.raises(ServerwareError) as told:
                await sw.stop(VPS_ID)
            assert told.value.trouble is Trouble.CERTIFICATE
    assert site.box().running()
    assert (site.layout.serverware / "log").read_text() == log


def fingerprint_by_openssl(file: Path) -> str:
    words = ["openssl", "x509", "-in", file, "-noout", "-fingerprint", "-sha256"]
    line = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return "SHA256:" + line.strip().partition("=")[2]


async def test_the_certificate_s_own_file_and_openssl_s_fingerprint_are_taken_too(site: Site, tmp_path: Path) -> None:
    file = site.layout.serverware / "certificate.pem"
    for pinned in (str(file), fingerprint_by_openssl(file)):
        async with site.client(home=home_with(site, tmp_path, certificate=pinned)) as sw:
            assert (await sw.vps(VPS_ID)).id == VPS_ID


async def test_an_unknown_vps_is_told_and_nothing_is_done(sw: Any) -> None:
    for asked in (sw.vps("999"), sw.stop("999"), sw.clone("999", "l", "n"), sw.clone_ref("999"), sw.vps("../hosts")):
        with pytest.raises(ServerwareError) as told:
            await asked
        assert told.value.trouble is Trouble.NOT_FOUND, told.value
    assert len(await sw.vpses()) == 1


async def test_an_action_that_the_profile_does_not_name_is_refused_before_a_word_is_said(site: Site) -> None:
    api = load_profile("pbxware", home=site.home).serverware
    async with site.client(api, host="127.24.71.1:9") as sw:            # nobody listens there
        for name, asked in (("stop", sw.stop(VPS_ID)), ("clone", sw.clone(VPS_ID, "l", "n")), ("pool", sw.pool())):
            with pytest.raises(ServerwareError, match=f"name it in serverware.endpoints.{name} of the profile") as told:
                await asked
            assert told.value.trouble is Trouble.ACTION_UNKNOWN


async def test_the_documented_profile_reads_the_lab_s_serverware(site: Site) -> None:
    async with site.client(load_profile("pbxware", home=site.home).serverware) as sw:
        found = await sw.vps(VPS_ID)
        assert (found.engine, found.memory_told, str(found.release)) == ("lxc", "2048", "6.7.1")
        assert [host.id for host in await sw.hosts()] == ["1"]


async def test_a_serverware_that_is_down_is_told_after_its_time(site: Site) -> None:
    async with site.client(site.api_with(outage_s=0.5), host="127.24.71.1:9") as sw:
        with pytest.raises(ServerwareError, match=r"SERVERware at 127.24.71.1:9 cannot be reached") as told:
            await sw.vps(VPS_ID)
    assert told.value.trouble is Trouble.UNREACHABLE


async def test_a_profile_without_serverware_is_told(site: Site) -> None:
    from tasks.model.fleet import Serverware as Told
    from tasks.wire.credentials import Credentials
    from tasks.wire.serverware import connect
    credentials = Credentials.load(site.home / "credentials.yaml")
    with pytest.raises(ServerwareError, match="add serverware: to the profile"):
        async with connect(Told(host=HOST, vps_id=VPS_ID), None, credentials):
            pass
    with pytest.raises(UserError, match="is a key, not a token"):
        async with connect(Told(host=HOST, vps_id=VPS_ID, credential="inspect"), site.api, credentials):
            pass
