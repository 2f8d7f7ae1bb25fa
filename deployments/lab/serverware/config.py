"""What the service is started with, and where its files lie."""
from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from deployments.lab.detached import Place
from deployments.lab.layout import Layout

MODULE = "deployments.lab.serverware.server"


class ServiceConfig(BaseModel):
    """``vpses``: the system of the lab behind each VPS id. ``made`` differs when one of them was made anew."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lab: Path
    host: str
    port: int
    vpses: dict[str, str]
    made: str = ""

    @property
    def layout(self) -> Layout:
        return Layout(self.lab)


def place(layout: Layout) -> Place:
    return Place(layout.serverware, MODULE)


def token_file(layout: Layout) -> Path:
    return layout.home / "serverware.token"


def certificate_file(layout: Layout) -> Path:
    return layout.serverware / "certificate.pem"


def key_file(layout: Layout) -> Path:
    return layout.serverware / "key.pem"


def register_file(layout: Layout) -> Path:
    return layout.serverware / "register.json"


def faults_file(layout: Layout) -> Path:
    return layout.serverware / "faults.json"
