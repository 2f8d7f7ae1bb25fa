"""The client's page by `uplift serve` as its own process: a case that waits for its client, and who may do what."""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.checks import all_checks
from tasks.model import event as e
from tasks.model.answer import Contact as Reached
from tasks.model.answer import ContactState, Recording
from tasks.model.case import Case, IdentityMarks
from tasks.model.finding import Finding, Kind, Outcome, Remediation, Severity, Verdict
from tasks.model.fleet import Contact, Environment
from tasks.model.plan import plan_of
from tasks.model.release import Release
from tasks.rules.lifecycle import Due, Refused, next_step
from tasks.steps.inspection import Kept
from tasks.wire.case_folder import CaseFolder
from tasks.wire.links import page_link
from tasks.wire.store import Store
from tests.wire.tickets.conftest import free_port

UPLIFT = Path(sys.executable).with_name("uplift")
HOSTILE = '<script>window.owned=1</script>"\'><img src=x onerror=window.owned=1>'
ARCHIVE = Remediation(id="archive_old_cdr", kind=Kind.COMMAND, text="move old calls to an archive table, which is kept",
                      reversible=True)
FREE = Remediation(id="free_space", kind=Kind.CLIENT, text="remove old recordings and backups", reversible=False)
MOVE = Remediation(id="move_to_pjsip", kind=Kind.ENGINEER, text="move extensions and trunks to PJSIP", reversible=True,
                   downtime_s=300)
CLEAR = Remediation(id="rebuild_table", kind=Kind.COMMAND, reversible=False,
                    text="rebuild the table off-hours")
CONTACTS = (
    {"name": "Ann Field", "email": "ann@acme.example"},
    {"name": "Jörg Weiß", "email": "joerg@acme.example", "language": "de"},
    {"name": "Tom Read", "email": "tom@acme.example", "approves": False},
)


def finding(check: str, subject: str, *steps: Remediation, blocking: bool = False) -> Finding:
    known = next(each for each in all_checks() if each.id == check)
    return Finding(check_id=check, check_version=known.version, subject=subject, outcome=Outcome.FAIL,
                   severity=Severity.MEDIUM, blocking=blocking, summary=f"{subject} is wrong",
                   client_text=known.client_text, remediations=steps)


CALLS = finding("cdr_table_size", "cdr", ARCHIVE)
SPACE = finding("sufficient_space", "/ bytes", FREE, blocking=True)
PHONES = finding("chan_sip_in_use", "sip", MOVE, blocking=True)
BROKEN = finding("fragmented_table", "cdr", CLEAR)
FOUND = (CALLS, BROKEN, SPACE)


@dataclass
class PageSite:
    """One served UPLIFT_HOME. ``origin`` is the page's own."""

    home: Path
    store: Store
    origin: str
    log: Path
    http: httpx.Client = field(init=False)
    orders: int = 0
    tests: int = 0
    schema: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.http = self.browser("198.51.100.1")

    def browser(self, address: str) -> httpx.Client:
        """Who comes by the proxy from an address of their own."""
        return httpx.Client(base_url=self.origin, trust_env=False, timeout=30,
                            headers={"Origin": self.origin, "X-Forwarded-For": address})

    def fleet(self, **system: Any) -> None:
        given = {
            "id": "acme", "client": "Acme Ltd", "environment": "standalone", "edition": "business", "profile": "lab",
            "ssh": {"host": "127.21.112.1", "credential": "inspect"}, "timezone": "Europe/London", "country": "GB",
            "engineer": "mia", "contacts": list(CONTACTS),
        } | system
        other = given | {"id": "other", "client": "Other Ltd", "ssh": given["ssh"] | {"host": "127.21.112.2"}}
        (self.home / "fleet.yaml").write_text(json.dumps({"systems": [given, other]}))     # which is YAML too

    def case(self, *findings: Finding, client: str = "Acme Ltd", system: str = "acme") -> Case:
        """A case that waits for its client's word on these findings."""
        self.orders += 1
        case, _ = self.store.open_case(e.Opened(
            at=self.store.now(), by="shop", case_id=self.store.new_case_id(), order_ref=f"SO-{self.orders}",
            system_id=system, client=client, environment=Environment.STANDALONE, target=Release.parse("7.2.0")))
        CaseFolder(self.home, case.id).create(self.home / "fleet.yaml")
        self._step(case.id, lambda at, run: e.Assigned(at=at, by="intake", run=run, engineer="mia"))
        return self.inspected(case.id, *findings)

    def inspected(self, case_id: str, *findings: Finding) -> Case:
        """The system is inspected, and the client is told."""
        blocks = any(each.blocking for each in findings)
        verdict = Verdict.BLOCKED if blocks else Verdict.ACTIONS_NEEDED if findings else Verdict.READY
        case = self.store.case(case_id)
        plan = plan_of(case.system_id, case.target, "p" * 64, findings, verdict=verdict, estimate_s=1500)
        name = f"facts-{len(self.store.journal(case_id))}"
        reached = Reached(state=ContactState.REACHED, host_key="SHA256:abc")
        recording = Recording(system_id=case.system_id, started_at=self.store.now(), elapsed_s=1, contact=reached)
        ref = CaseFolder(self.home, case_id).save(
            name, Kept(recording=recording, findings=findings, remarks=(), plan=plan))
        marks = IdentityMarks(host_key="SHA256:abc", machine_id="m-1")
        self._step(case_id, lambda at, run: e.Inspected(at=at, by="precheck", run=run, plan=plan, identity=marks,
                                                        findings_ref=ref))
        return self._step(case_id, lambda at, run: e.Notified(at=at, by="notify", run=run))

    def remediated(self, case_id: str) -> Case:
        """The step has carried out every command that was approved."""
        from tasks.rules.todo import todo

        def done(at: Any, run: str) -> list[e.Event]:
            names = todo(self.store.case(case_id)).commands
            return [*(e.ActionDone(at=at, by="remediate", run=run, remediation_id=name, summary="done", undo="kept")
                      for name in names), e.Remediated(at=at, by="remediate", run=run)]

        return self._step(case_id, done)

    def _step(self, case_id: str, reports: Callable[..., e.Event | list[e.Event]]) -> Case:
        due = next_step(self.store.case(case_id), self.store.now())
        assert isinstance(due, Due), due
        self.record(case_id, e.StepStarted(at=self.store.now(), by="tend", step=due.step,
                                           plan_revision=due.plan_revision, attempt=due.attempt))
        told = reports(self.store.now(), due.key)
        for event in told if isinstance(told, list) else [told]:
            self.record(case_id, event)
        return self.store.case(case_id)

    def record(self, case_id: str, event: e.Event) -> None:
        moved = self.store.record(case_id, event)
        assert not isinstance(moved, Refused), f"{event.kind}: {moved}"

    def link(self, case: Case, who: int = 0, *, ago: timedelta = timedelta(0)) -> str:
        contact = Contact.model_validate(CONTACTS[who])
        found = page_link(self.home, case, contact, self.store.now() - ago)
        assert found is not None
        return found

    def kinds(self, case: Case) -> list[str]:
        return [entry.kind for entry in self.store.journal(case.id)]


def form_in(text: str, place: str) -> str:
    """The token of the form that is sent to ``place``."""
    found = re.search(rf'action="[^"]*/{place}"[^>]*>.*?name="form" value="([^"]+)"', text, re.DOTALL)
    assert found, f"no form for {place}"
    return unescape(found[1])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageSite]:
    home, port = tmp_path_factory.mktemp("page") / "home", free_port()
    home.mkdir(mode=0o700)
    origin = f"http://127.0.0.1:{port}"
    for name, text in (("page.key", "k" * 40 + "\n"), ("web.yaml", f"base_url: {origin}\nsecret_file: page.key\n")):
        (home / name).write_text(text)
        (home / name).chmod(0o600)
    log = home.with_name("serve.log")
    with Store.open(f"sqlite:///{home}/uplift.db") as store, log.open("w") as errors:
        made = PageSite(home, store, origin, log)
        process = subprocess.Popen([UPLIFT, "serve", "--port", str(port)], stdout=subprocess.PIPE, stderr=errors,
                                   env={**os.environ, "UPLIFT_HOME": str(home)}, text=True)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"serving on {origin}\n", log.read_text()
            yield made
        finally:
            process.terminate()
            assert process.wait(20) in (0, -15), log.read_text()


@pytest.fixture
def site(served: PageSite) -> Iterator[PageSite]:
    """Each test comes from an address of its own, so that the pace of one does not slow another."""
    served.fleet()
    served.tests += 1
    with served.browser(f"198.51.100.{served.tests}") as served.http:
        yield served
