"""No secret of SERVERware's records, and no token, comes out anywhere: values, errors, logs, representations."""
from __future__ import annotations

import logging
import ssl
import traceback
from typing import Any

import httpx
import pytest

from deployments.lab.serverware.faults import Fault
from tasks.model.profile_serverware import Action
from tasks.model.serverware import ServerwareError
from tests.e2e.serverware.served_site import VPS_ID, Site

pytestmark = pytest.mark.lab


async def test_no_secret_comes_out_of_values_errors_logs_or_representations(
    site: Site, sw: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = [repr(sw), repr(vars(sw))]
    clone = await sw.clone(VPS_ID, "case-3", "the note of case 3")
    values = [*await sw.vpses(), await sw.vps(VPS_ID), await sw.pool(), *await sw.hosts(), clone, clone.evidence]
    shown += [f"{value!r} {value}" for value in values]
    site.tell({Action.RESTART: Fault.REFUSE})       # the service's error quotes a root password
    for asked in (sw.restart(VPS_ID), sw.vps("999"), sw.clone(VPS_ID, "case-3", "another")):
        with pytest.raises(ServerwareError) as told:
            await asked
        shown += [str(told.value), repr(told.value), "".join(traceback.format_exception(told.value))]
        shown += [repr(told.value.__context__), repr(told.value.__cause__)]
    secrets = site.secrets()
    assert len(secrets) == 4                        # token, root password, two descriptions
    assert "[hidden]" in "".join(shown)
    for secret in secrets:
        assert secret not in "".join(shown)
        assert secret not in caplog.text
        assert secret not in (site.layout.serverware / "log").read_text()


async def test_the_records_do_hold_secrets(site: Site) -> None:
    """Or the test above could not fail."""
    trusted = ssl.create_default_context(cafile=site.layout.serverware / "certificate.pem")
    async with httpx.AsyncClient(verify=trusted) as client:
        answer = await client.get(
            f"https://127.24.71.1:8443/api/networks/1/vpses/{VPS_ID}", headers={"SW-API-Token": site.token}
        )
    assert {answer.json()["data"][name] for name in ("root_password", "description")} < site.secrets()
