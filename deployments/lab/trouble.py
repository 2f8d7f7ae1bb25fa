"""What goes wrong in the lab, said in one sentence."""
from __future__ import annotations

from tasks.model.errors import UserError


class LabError(UserError):
    """The lab cannot do what was asked; the text is one sentence, what to do about it after its last semicolon."""

    def __init__(self, text: str) -> None:
        message, _, remedy = text.rpartition("; ")
        super().__init__("lab", message or remedy, remedy if message else "")
