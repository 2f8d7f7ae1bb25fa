"""UPLIFT_HOME/tickets.yaml: which desks and stores orders come from, and how a ticket is read. Secrets are files."""
from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from tasks.model.fleet import Email, Slug, Text

_ROOT = re.compile(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?/*")
Label = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f:]{1,60}$")]
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,99}$")]
OPEN, PENDING, RESOLVED, CLOSED, ON_CUSTOMER = 2, 3, 4, 5, 6        # Freshdesk's status numbers (its API reference)


class Setting(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(Setting):
    """Where one value stands in a ticket: a custom field, or a line ``Label: value`` of its description."""

    field: FieldName | None = None
    line: Label | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Place:
        if (self.field is None) == (self.line is None):
            raise ValueError("a value has one place; write field: cf_NAME or line: LABEL")
        return self


class Form(Setting):
    """``order`` None: the ticket itself is the order. ``system`` None: the requester's one system is meant."""

    order: Place | None = None
    system: Place | None = None
    target: Place


class Only(Setting):
    """Which tickets are orders; all that is given must hold."""

    type: Text | None = None
    tag: Text | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Only:
        if self.type is None and self.tag is None:
            raise ValueError("only: names neither type nor tag; else every ticket of the desk would be taken for an "
                             "order; write type: NAME or tag: NAME")
        return self


class Statuses(Setting):
    """The status that a ticket gets; None leaves it."""

    opened: int | None = Field(PENDING, ge=2, le=9999)
    declined: int | None = Field(None, ge=2, le=9999)
    closed: int | None = Field(RESOLVED, ge=2, le=9999)


class Desk(Setting):
    """One Freshdesk account."""

    url: str
    key_file: Path
    webhook_secret_file: Path | None = None
    fleet: Path
    only: Only
    form: Form
    trusted_requesters: frozenset[Email] = frozenset()      # who may order for any client: the store's own address
    agents: dict[Slug, Email] = {}                          # engineer of the fleet file -> agent of the desk
    statuses: Statuses = Statuses()
    first_days: int = Field(7, ge=1, le=90)                 # how far back the first poll looks
    patience_s: float = Field(30, gt=0, le=300)             # of one question, with all its repetitions

    @field_validator("url")
    @classmethod
    def _is_a_safe_root(cls, url: str) -> str:
        found = _ROOT.fullmatch(url)
        if found is None:
            raise ValueError("url is not a desk's root; write https://NAME.freshdesk.com")
        if found[1] == "http" and not _loopback(found[2].strip("[]")):
            raise ValueError("url has no TLS, so the key would be read on its way; write https://")
        return url.rstrip("/")

    @field_validator("trusted_requesters")
    @classmethod
    def _in_lower_case(cls, addresses: frozenset[str]) -> frozenset[str]:
        return frozenset(each.lower() for each in addresses)


class Shop(Setting):
    """A store that posts its orders, signed (Standard Webhooks)."""

    secret_file: Path
    fleet: Path


class TicketSettings(Setting):
    desks: dict[Slug, Desk] = {}
    stores: dict[Slug, Shop] = {}

    @model_validator(mode="after")
    def _names_something(self) -> TicketSettings:
        if not self.desks and not self.stores:
            raise ValueError("the file names neither a desk nor a store; add desks: or stores:")
        return self


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
