"""A system of the swarm as an entry of the fleet file."""
from __future__ import annotations

from typing import Any

from deployments.lab.swarm.config import SwarmConfig
from deployments.lab.swarm.traits import Traits

WORKING_DAYS = ["mon", "tue", "wed", "thu", "fri"]


def fleet_entry(traits: Traits, config: SwarmConfig) -> dict[str, Any]:
    """In the shape of tasks.model.fleet.System, plain values only."""
    place = traits.place
    mailbox = traits.contact.lower().replace(" ", ".")
    return {
        "id": traits.id,
        "client": traits.client,
        "environment": "standalone",
        "edition": traits.edition.value,
        "ssh": {"host": config.address(traits.number), "port": config.port, "user": "root", "credential": "inspect"},
        "timezone": place.timezone,
        "country": place.country,
        "business_hours": [{"days": WORKING_DAYS, "opens": "08:00", "closes": "18:00"}],
        "contacts": [
            {"name": traits.contact, "email": f"{mailbox}@{traits.hostname}.example", "language": place.language}
        ],
        "engineer": traits.engineer,
        "tags": ["swarm"],
        "profile": "lab",
    }
