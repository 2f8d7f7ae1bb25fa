"""The first tables. Each is made only where it is missing: MariaDB keeps what a killed migration had made."""
from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from tasks.wire.store.columns import LongBytes, LongText, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

COLLATION = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_nopad_bin"}
OPTIONS: dict[str, Any] = {
    "if_not_exists": True,
    **{f"{server}_{name}": value for server in ("mysql", "mariadb") for name, value in COLLATION.items()},
}
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("order_ref", sa.String(length=190), nullable=False),
        sa.Column("system_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("plan_revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("document", LongText, nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("order_ref", name="uq_cases_order_ref"),
        **OPTIONS,
    )
    op.create_index("ix_cases_state", "cases", ["state"], if_not_exists=True)
    op.create_index("ix_cases_system_id", "cases", ["system_id"], if_not_exists=True)
    op.create_table(
        "holds",
        sa.Column("id", Number, nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("reason", LongText, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("lifted_by", sa.String(length=200), nullable=True),
        sa.Column("lifted_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
        **OPTIONS,
    )
    op.create_table(
        "leases",
        sa.Column("resource", sa.String(length=190), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=True),
        sa.Column("acquired_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("resource", name="pk_leases"),
        **OPTIONS,
    )
    op.create_table(
        "approvals",
        sa.Column("id", Number, nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("word", sa.String(length=10), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("decisions", LongText, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_approvals_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
        **OPTIONS,
    )
    op.create_index("ix_approvals_case_id", "approvals", ["case_id"], if_not_exists=True)
    op.create_table(
        "journal",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("body", LongText, nullable=False),
        sa.Column("case_digest", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_journal_case_id"),
        sa.PrimaryKeyConstraint("case_id", "number", name="pk_journal"),
        **OPTIONS,
    )
    op.create_table(
        "outbox",
        sa.Column("id", Number, nullable=False),
        sa.Column("message_id", sa.String(length=250), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("recipients", LongText, nullable=False),
        sa.Column("payload", LongBytes, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", UtcTime(), nullable=True),
        sa.Column("claimed_by", sa.String(length=200), nullable=True),
        sa.Column("claimed_at", UtcTime(), nullable=True),
        sa.Column("sent_at", UtcTime(), nullable=True),
        sa.Column("detail", LongText, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_outbox_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("message_id", name="uq_outbox_message_id"),
        **OPTIONS,
    )
    op.create_index("ix_outbox_case_id", "outbox", ["case_id"], if_not_exists=True)
    op.create_index("ix_outbox_state", "outbox", ["state"], if_not_exists=True)
    op.create_table(
        "overrides",
        sa.Column("id", Number, nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("guard", sa.String(length=20), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("reason", LongText, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("plan_revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_overrides_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_overrides"),
        **OPTIONS,
    )
    op.create_index("ix_overrides_case_id", "overrides", ["case_id"], if_not_exists=True)
    op.create_table(
        "step_runs",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("plan_revision", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("end", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_step_runs_case_id"),
        sa.PrimaryKeyConstraint("key", name="pk_step_runs"),
        **OPTIONS,
    )
    op.create_index("ix_step_runs_case_id", "step_runs", ["case_id"], if_not_exists=True)
    op.create_table(
        "waivers",
        sa.Column("id", Number, nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("check_id", sa.String(length=100), nullable=False),
        sa.Column("subject", LongText, nullable=True),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("reason", LongText, nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_waivers_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_waivers"),
        **OPTIONS,
    )
    op.create_index("ix_waivers_case_id", "waivers", ["case_id"], if_not_exists=True)
