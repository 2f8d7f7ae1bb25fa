"""What an answer may depend on: one system of the swarm and the database that stands behind it."""
from __future__ import annotations

from dataclasses import dataclass

from deployments.lab.spec import SwarmDatabase
from deployments.lab.swarm.traits import Traits


@dataclass(frozen=True, slots=True)
class OneSystem:
    traits: Traits
    database: SwarmDatabase
