"""The profile's section on windows: how long one is besides the upgrade itself, and how far ahead it is proposed."""
from __future__ import annotations

from pydantic import Field

from tasks.model.section import Section


class Scheduling(Section):
    """The window holds the slow end of the estimate, then the tests, and the way back if they fail."""

    tests_s: float = Field(1800.0, ge=0)
    revert_s: float = Field(1800.0, ge=0)
    notice_h: float = Field(48.0, ge=0, le=24 * 60)     # between the proposal and the first night that is proposed
    horizon_days: int = Field(28, ge=2, le=120)         # within which nights are looked for
    slots: int = Field(3, ge=1, le=10)
    heavy_job_s: float = Field(7200.0, ge=0)            # how long a heavy job of the night is thought to run
