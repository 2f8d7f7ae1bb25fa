"""What goes wrong in the lab, said in one sentence."""
from __future__ import annotations


class LabError(Exception):
    """The lab cannot do what was asked; the message is one sentence that says what to do."""
