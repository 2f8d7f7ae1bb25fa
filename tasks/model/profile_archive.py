"""The profile's section ``cdr_archive``: how the remedy archive_old_cdr moves old calls out of the CDR table."""
from __future__ import annotations

from pydantic import Field, model_validator

from tasks.model.section import Section, Word


class CdrArchive(Section):
    """``aim_s`` is what a statement on the table of calls should take, ``limit_s`` where the server ends it.

    A new call has to wait for a statement at most (MyISAM and Aria lock the whole table), so the limit is what keeps
    the phones' inserts fluent. The number of rows in a statement follows from what the last ones took.
    """

    keep_months: int = Field(12, ge=1, le=600)          # whole months that stay, besides the one that runs
    table_prefix: Word = "cdr_archive_"                 # then the case's id
    aim_s: float = Field(0.12, gt=0, le=0.5)
    limit_s: float = Field(0.5, gt=0, le=0.9)
    first_rows: int = Field(500, ge=10)
    most_rows: int = Field(20_000, ge=10)
    rest_fraction: float = Field(0.1, ge=0, le=10)     # the pause after a statement, in parts of its time
    patience_s: float = Field(300.0, gt=0)              # so long the database may be too busy before the run halts
    opening_s: float = Field(900.0, gt=0)               # a server may first repair the table, after a crash
    rows_per_s: float = Field(5_000, gt=0)              # for the estimate in the preview; measured: docs/remediation.md

    @model_validator(mode="after")
    def _in_order(self) -> CdrArchive:
        if self.aim_s > self.limit_s:
            raise ValueError("aim_s is above limit_s; write what a statement should take, and where it is ended")
        if self.first_rows > self.most_rows:
            raise ValueError("first_rows is above most_rows; write the smaller number first")
        return self
