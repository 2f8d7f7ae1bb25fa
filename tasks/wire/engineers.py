"""Who upgrades, and when they are there: UPLIFT_HOME/engineers.yaml (0600, the user's own).

    engineers:
      - name: mia                               # as in the fleet file
        full_name: Mia Berg
        email: mia@example.com
        zone: Europe/Sarajevo
        shifts: [{days: [mon, tue, wed, thu, fri], begins: "08:00", ends: "16:00"}]
"""
from __future__ import annotations

from pathlib import Path

from tasks.model.engineer import Engineers
from tasks.model.errors import UserError
from tasks.wire.home import require_private
from tasks.wire.validation import read_model

NAME = "engineers.yaml"


def load_engineers(home: Path) -> Engineers:
    """Nobody where the site has no engineers.yaml. Raises UserError: open to others, or wrong (each fault's line)."""
    path = home / NAME
    try:
        require_private(path, code="engineers_not_private")
    except FileNotFoundError:
        return Engineers()
    except OSError as error:
        raise UserError("engineers_unreadable", f"{path} cannot be read ({error.strerror})",
                        "see to its rights") from None
    return read_model(path, Engineers, code="engineers_invalid")
