"""SERVERware: the virtual machines that clients' systems run on, and their clones. ``connect`` gives a client."""
from __future__ import annotations

from tasks.wire.serverware.calls import Pace
from tasks.wire.serverware.client import Serverware, connect

__all__ = ["Pace", "Serverware", "connect"]
