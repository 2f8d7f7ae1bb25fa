"""What a command would do, counted on the system before anybody agrees to it."""
from __future__ import annotations

from pydantic import Field

from tasks.model.finding import Frozen, Quantity
from tasks.model.moment import Moment


class Preview(Frozen):
    """What a remedy would do, counted on the system without a change. ``lines`` are for people, plain sentences.

    ``seal`` is the digest of the exact list of what would be destroyed, "" where nothing is; ``list_ref`` names the
    list in the case's folder. ``trouble`` says why it could not be counted: then the remedy is not carried out.
    """

    remediation_id: str
    lines: tuple[str, ...]
    items: int = Field(0, ge=0)
    size_bytes: int = Field(0, ge=0)
    oldest: Moment | None = None
    newest: Moment | None = None
    destroys: bool = False
    reversible: bool = True
    seal: str = ""
    list_ref: str = ""
    trouble: str = ""

    @property
    def size(self) -> Quantity:
        return Quantity(value=self.size_bytes, unit="bytes")
