"""How many rows a statement takes: as many as it does in the time that a new call may be kept waiting."""
from __future__ import annotations

from dataclasses import dataclass

from tasks.model.profile_archive import CdrArchive

LEAST_ROWS = 10
_STEADY = 0.001                 # below it a time tells nothing


@dataclass
class Pace:
    aim_s: float
    most_rows: int
    rest_fraction: float
    rows: int

    @classmethod
    def of(cls, settings: CdrArchive) -> Pace:
        return cls(settings.aim_s, settings.most_rows, settings.rest_fraction, settings.first_rows)

    def took(self, elapsed_s: float, rows: int) -> None:
        """``rows`` were done in ``elapsed_s``. It grows by half at most, so that one quick batch misleads little."""
        if rows < self.rows and elapsed_s < self.aim_s:
            return              # the end of a range: not a full batch
        factor = min(1.5, max(0.25, self.aim_s / max(elapsed_s, _STEADY)))
        self.rows = min(self.most_rows, max(LEAST_ROWS, int(self.rows * factor)))

    def too_slow(self) -> None:
        self.rows = max(LEAST_ROWS, self.rows // 4)

    def rest_s(self, elapsed_s: float) -> float:
        """The pause after a statement, in which whoever waits for the table has it."""
        return max(0.002, elapsed_s * self.rest_fraction)
