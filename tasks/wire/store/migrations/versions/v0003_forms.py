"""The forms of the client's page that were submitted. Made only where it is missing, as in 0002."""
from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from tasks.wire.store.columns import UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLLATION = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_nopad_bin"}
OPTIONS: dict[str, Any] = {
    "if_not_exists": True,
    **{f"{server}_{name}": value for server in ("mysql", "mariadb") for name, value in COLLATION.items()},
}


def upgrade() -> None:
    op.create_table(
        "forms",
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("used_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_forms_case_id"),
        sa.PrimaryKeyConstraint("nonce", name="pk_forms"),
        **OPTIONS,
    )
    op.create_index("ix_forms_case_id", "forms", ["case_id"], if_not_exists=True)
