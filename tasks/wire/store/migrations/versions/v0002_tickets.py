"""Tickets, desks and deliveries. Each is made only where it is missing: MariaDB keeps what a killed one had made."""
from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from tasks.wire.store.columns import UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLLATION = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_nopad_bin"}
OPTIONS: dict[str, Any] = {
    "if_not_exists": True,
    **{f"{server}_{name}": value for server in ("mysql", "mariadb") for name, value in COLLATION.items()},
}


def upgrade() -> None:
    op.create_table(
        "tickets",
        sa.Column("desk", sa.String(length=64), nullable=False),
        sa.Column("ticket", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_tickets_case_id"),
        sa.PrimaryKeyConstraint("desk", "ticket", name="pk_tickets"),
        **OPTIONS,
    )
    op.create_index("ix_tickets_case_id", "tickets", ["case_id"], if_not_exists=True)
    op.create_table(
        "desks",
        sa.Column("desk", sa.String(length=64), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("desk", name="pk_desks"),
        **OPTIONS,
    )
    op.create_table(
        "deliveries",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("delivery", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "delivery", name="pk_deliveries"),
        **OPTIONS,
    )
