"""The case database, the truth about every upgrade: SQLite by default, PostgreSQL or MariaDB for several machines."""
from __future__ import annotations

from tasks.wire.store.cases import CaseChanged, NoSuchCase
from tasks.wire.store.engine import StoreUnavailable
from tasks.wire.store.forms import Form, FormUsed
from tasks.wire.store.journal import Fault
from tasks.wire.store.leases import LeaseLost
from tasks.wire.store.store import Store

__all__ = ["CaseChanged", "Fault", "Form", "FormUsed", "LeaseLost", "NoSuchCase", "Store", "StoreUnavailable"]
