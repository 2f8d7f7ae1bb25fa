"""Who opens the client's page: a link names a case, one of its contacts and the plan that it was sent about."""
from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from tasks.model.case import Case
from tasks.model.fleet import Contact, System
from tasks.wire.case_folder import CaseFolder
from tasks.wire.fleet_file import fleet_files, load_fleet
from tasks.wire.links import Expired, NotGenuine, Purpose, Signer, Token, address_digest
from tasks.wire.store import NoSuchCase, Store
from tasks.wire.web_settings import WebSettings, load_web_settings, signing_keys

MOST_FLEETS = 16


class Why(StrEnum):
    """Why a request is refused, as the words of the page name it."""

    NOT_GENUINE = "not_genuine"
    NOT_SERVED = "not_served"
    LINK_EXPIRED = "link_expired"
    FORM_EXPIRED = "form_expired"
    FORM_USED = "form_used"
    FOREIGN = "foreign"
    NO_FORM = "no_form"
    TOO_LONG = "too_long"
    TOO_OFTEN = "too_often"
    READS_ONLY = "reads_only"
    LAPSED = "lapsed"
    MOVED_ON = "moved_on"
    NOT_NOW = "not_now"
    OVER = "over"
    UNKNOWN_PAGE = "unknown_page"
    UNAVAILABLE = "unavailable"


class Refusal(Exception):
    """``back`` is the address of the page, where the link still opens it; ``language`` its contact's."""

    def __init__(self, status: int, why: Why, *, back: str = "", language: str = "") -> None:
        super().__init__(why)
        self.status, self.why, self.back, self.language = status, why, back, language


@dataclass(frozen=True, slots=True)
class Visit:
    """``lapsed``: the plan is no longer the one that the link is about."""

    link: Token
    case: Case
    system: System
    contact: Contact
    now: datetime

    @property
    def lapsed(self) -> bool:
        return self.link.plan != (self.case.plan_digest or "")

    @property
    def by(self) -> str:
        """The contact as the journal names it, at most 200 characters."""
        address = f"<{self.contact.email}>"
        name = self.contact.name[: max(0, 199 - len(address))]
        return f"{name} {address}".strip()[:200]


class Doorkeeper:
    """web.yaml, its keys and the fleet file are looked at for each request: what was taken away counts at once."""

    def __init__(self, store: Store, home: Path) -> None:
        self.store, self.home = store, home
        self._fleets = _Fleets(home)

    def settings(self) -> tuple[WebSettings, Signer]:
        """Raises Refusal where no page is served, UserError where web.yaml is wrong."""
        settings = load_web_settings(self.home)
        if settings is None:
            raise Refusal(404, Why.NOT_SERVED)
        return settings, Signer(signing_keys(self.home, settings))

    def visit(self, signer: Signer, text: str) -> Visit:
        """Raises Refusal: 403 for a link that is not genuine or whose contact is none any more, 410 for an old one."""
        now = self.store.now()
        try:
            link = signer.read(Purpose.LINK, text, now)
            case = self.store.case(link.case_id)
        except NotGenuine:
            raise Refusal(403, Why.NOT_GENUINE) from None
        except Expired:
            raise Refusal(410, Why.LINK_EXPIRED) from None
        except NoSuchCase:
            raise Refusal(410, Why.OVER) from None
        if case.erased_at is not None:
            raise Refusal(410, Why.OVER)
        system = self._fleets.system(CaseFolder(self.home, case.id).fleet(), case.system_id)
        for contact in system.contacts if system else ():
            if address_digest(contact.email) == link.contact:
                assert system is not None
                return Visit(link, case, system, contact, now)
        raise Refusal(403, Why.NOT_GENUINE)


class _Fleets:
    """Fleet files are large and pages are many: each is read again only when it was changed."""

    def __init__(self, home: Path) -> None:
        self._home, self._lock = home, threading.Lock()
        self._read: OrderedDict[Path, tuple[object, dict[str, System]]] = OrderedDict()

    def system(self, path: Path, system_id: str) -> System | None:
        """Raises UserError where the fleet file cannot be read."""
        mark = tuple((file, found.st_mtime_ns, found.st_size, found.st_ino)
                     for file in fleet_files(path) for found in [file.stat()])
        with self._lock:
            known = self._read.get(path)
            if known is None or known[0] != mark:
                fleet = load_fleet(path, home=self._home)
                known = (mark, {system.id: system for system in fleet.systems})
                self._read[path] = known
                while len(self._read) > MOST_FLEETS:
                    self._read.popitem(last=False)
        return known[1].get(system_id)
