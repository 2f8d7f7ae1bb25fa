"""What the stand-in is started with, and what a test may ask it to do wrong."""
from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

MODULE = "deployments.lab.freshdesk.server"


class Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Hook(Told):
    """An automation rule "ticket is created or updated → trigger webhook", with basic authentication."""

    url: str
    user: str = "uplift"
    password: str
    on: tuple[str, ...] = ("create", "update")


class Agent(Told):
    id: int
    email: str
    name: str


class DeskConfig(Told):
    """``per_minute``: the account's budget of requests. State and faults lie beside the start-up file."""

    folder: Path
    host: str = "127.0.0.1"
    port: int
    key: str
    per_minute: int = 700
    agents: tuple[Agent, ...] = ()
    hooks: tuple[Hook, ...] = ()

    @property
    def state_file(self) -> Path:
        return self.folder / "state.json"

    @property
    def faults_file(self) -> Path:
        return self.folder / "faults.json"


class Fault(Told):
    """The next ``times`` requests whose method and path fit are answered with ``status``, or late.

    ``done``: the request is carried out first, so that only its answer is lost.
    """

    method: str = "GET"
    path: str = ""              # is part of the request's path
    status: int = 0             # 0: as usual, after delay_s
    times: int = 1
    retry_after_s: int | None = None
    delay_s: float = 0
    done: bool = False


class Faults(Told):
    faults: tuple[Fault, ...] = ()
