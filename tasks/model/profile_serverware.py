"""The profile's section ``serverware``: how a site's SERVERware is spoken to, as data.

Observed on SERVERware 5.2.1: the GETs, the restart, the header of the token, the fields that have a default here.
Nothing is known of clone, restore, start and stop: a site names them, and an action that is not named is refused.
"""
from __future__ import annotations

import re
from collections.abc import Set
from enum import StrEnum
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    field_serializer,
    field_validator,
    model_validator,
)

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# What a record holds under such a name is never read, so that it can never be shown.
SECRET_FIELD = re.compile(
    r"(^|_)(pass|password|passwd|passphrase|pwd|secrets?|token|key|description|notes?|comment)(_|$)", re.IGNORECASE
)
UrlPath = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9._{}-]+)+$")]
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")]


def _placeholders(value: JsonValue) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset(_PLACEHOLDER.findall(value))
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return frozenset().union(*map(_placeholders, parts))


def _listed(names: Set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "nothing"


class ServerwareSection(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Method(StrEnum):
    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"


class Action(StrEnum):
    """What can be done to a VPS; each is an entry of ``endpoints``."""

    RESTART = "restart"
    STOP = "stop"
    START = "start"
    CLONE = "clone"
    RESTORE = "restore"
    DELETE_CLONE = "delete_clone"


# What the path and body of each action must tell, and what they may tell besides.
_TOLD: dict[Action, tuple[frozenset[str], frozenset[str]]] = {
    Action.RESTART: (frozenset({"vps_id"}), frozenset()),
    Action.STOP: (frozenset({"vps_id"}), frozenset()),
    Action.START: (frozenset({"vps_id"}), frozenset()),
    Action.CLONE: (frozenset({"vps_id", "label"}), frozenset({"note"})),
    Action.RESTORE: (frozenset({"vps_id", "clone_id"}), frozenset()),
    Action.DELETE_CLONE: (frozenset({"clone_id"}), frozenset()),
}


class Endpoint(ServerwareSection):
    """One request. ``{vps_id}``, ``{clone_id}``, ``{label}`` and ``{note}`` in path and body are filled in.

    ``task`` is what the record's task is called while this action runs. Where it is not known, an action whose answer
    was lost counts as unknown, unless its effect can be seen.
    """

    method: Method = Method.GET
    path: UrlPath
    body: dict[str, JsonValue] | None = None
    task: str | None = None

    def placeholders(self) -> frozenset[str]:
        return frozenset(_PLACEHOLDER.findall(self.path)) | _placeholders(self.body)


class Endpoints(ServerwareSection):
    """Requests below ``base``. An action that is None is not known for this site, and refused."""

    hosts: Endpoint = Endpoint(path="/hosts")
    vpses: Endpoint = Endpoint(path="/vpses")
    vps: Endpoint = Endpoint(path="/vpses/{vps_id}")
    pool: Endpoint | None = None
    restart: Endpoint | None = None
    stop: Endpoint | None = None
    start: Endpoint | None = None
    clone: Endpoint | None = None
    restore: Endpoint | None = None
    delete_clone: Endpoint | None = None

    def of(self, action: Action) -> Endpoint | None:
        found: Endpoint | None = getattr(self, action.value)
        return found

    @model_validator(mode="after")
    def _reads_only_read(self) -> Endpoints:
        told: dict[str, Set[str]] = {"hosts": set(), "vpses": set(), "pool": set(), "vps": {"vps_id"}}
        for name, placeholders in told.items():
            endpoint: Endpoint | None = getattr(self, name)
            if endpoint and endpoint.method is not Method.GET:
                raise ValueError(f"{name} is read; write method: GET")
            if endpoint and endpoint.placeholders() != placeholders:
                raise ValueError(f"{name} tells {_listed(endpoint.placeholders())}; write {_listed(placeholders)}")
        return self

    @model_validator(mode="after")
    def _actions_tell_what_they_are_about(self) -> Endpoints:
        for action, (needed, allowed) in _TOLD.items():
            endpoint = self.of(action)
            if endpoint is None:
                continue
            told = endpoint.placeholders()
            if endpoint.method is Method.GET:
                raise ValueError(f"{action} changes something; write method: POST, PUT or DELETE")
            if missing := needed - told:
                raise ValueError(f"{action} does not tell {_listed(missing)}; add it to path or body")
            if unknown := told - needed - allowed:
                raise ValueError(f"{action} cannot tell {_listed(unknown)}; it knows {_listed(needed | allowed)}")
            if endpoint.method is Method.PUT and endpoint.path == self.vps.path:
                raise ValueError(f"{action}: a PUT there replaces the whole record of the VPS; name another endpoint")
        return self


class FieldNames(ServerwareSection):
    """Fields of the records. Those that are None have no known name at this site."""

    id: FieldName = "id"
    name: FieldName = "name"
    engine: FieldName = "engine"
    state: FieldName = "state"
    task: FieldName = "task"
    host_id: FieldName = "host_id"
    memory: FieldName = "mem_limit"
    release: FieldName = "pbxware_version"
    origin: FieldName | None = None             # of a clone: the id of its original
    created_at: FieldName | None = None         # ISO 8601 with a zone
    size_bytes: FieldName | None = None
    complete: FieldName | None = None           # of a clone: true when it is whole
    note: FieldName | None = None               # where a clone keeps its note; compared, never shown
    last_task: FieldName | None = None          # an object: the task that runs or was the last to run
    last_task_id: FieldName = "id"
    last_task_action: FieldName = "action"
    last_task_end: FieldName = "status"         # empty while it runs, else one of task_done, task_interrupted, …
    last_task_error: FieldName = "error"
    pool_free_bytes: FieldName = "available"
    pool_size_bytes: FieldName = "size"

    @model_validator(mode="after")
    def _no_secret_is_read(self) -> FieldNames:
        for name, value in self.model_dump(exclude={"note"}).items():
            if value and SECRET_FIELD.search(value):
                raise ValueError(f"{name} names {value!r}, which may hold a secret; name another field, or none")
        return self


class Waits(ServerwareSection):
    """Seconds. No wait ends what it waits for: a task goes on at SERVERware."""

    poll_s: float = Field(3.0, gt=0)            # between two looks at a task
    settle_s: float = Field(10.0, ge=0)         # within this time an accepted action shows in the record
    connect_s: float = Field(10.0, gt=0)
    answer_s: float = Field(60.0, gt=0)         # one request
    outage_s: float = Field(180.0, ge=0)        # so long is a read repeated while SERVERware cannot be reached
    task_s: float = Field(7200.0, gt=0)         # clone, restore, deletion
    vps_restart_s: float = Field(300.0, gt=0)   # observed: allow five minutes for a VPS …
    pbxware_start_s: float = Field(300.0, gt=0)  # … and five more for PBXware in it


class Words(ServerwareSection):
    """What SERVERware calls the states of a VPS and the ends of a task; compared without regard to case."""

    running: frozenset[str] = frozenset({"running", "started"})
    stopped: frozenset[str] = frozenset({"stopped", "shutdown"})
    task_done: frozenset[str] = frozenset({"done"})
    task_interrupted: frozenset[str] = frozenset({"interrupted"})

    @field_serializer("running", "stopped", "task_done", "task_interrupted")
    def _sorted(self, words: frozenset[str]) -> list[str]:
        return sorted(words)                    # one profile has one digest


class ServerwareApi(ServerwareSection):
    base: UrlPath = "/api/networks/1"
    token_header: HeaderName = "SW-API-Token"  # noqa: S105  (a name)
    endpoints: Endpoints = Endpoints()
    fields: FieldNames = FieldNames()
    waits: Waits = Waits()
    words: Words = Words()
    restore_space_factor: float = Field(1.0, ge=0)      # free space that a restore needs, in parts of the clone's size

    @field_validator("base")
    @classmethod
    def _base_has_no_placeholder(cls, base: str) -> str:
        if _PLACEHOLDER.search(base):
            raise ValueError("base has a placeholder; write it out")
        return base

    @model_validator(mode="after")
    def _a_restore_can_be_checked(self) -> ServerwareApi:
        fields, endpoints = self.fields, self.endpoints
        if (endpoints.clone or endpoints.restore or endpoints.delete_clone) and not fields.origin:
            raise ValueError("fields.origin is missing; without it nobody knows of which VPS a clone is")
        if endpoints.restore and not (endpoints.pool and fields.size_bytes):
            raise ValueError("a restore looks at sizes first; add endpoints.pool and fields.size_bytes")
        return self

