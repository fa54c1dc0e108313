"""Webhooks and their outbox."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "webhooks",
        sa.Column("webhook_id", AutoString(), primary_key=True),
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("account_id", AutoString(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", AutoString(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("allow_private", sa.Boolean(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("name", name="uq_webhooks_name"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_webhooks_account_id_accounts"
        ),
    )
    op.create_table(
        "webhook_outbox",
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("webhook_id", AutoString(), nullable=False),
        sa.Column("case_id", AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event", AutoString(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("said", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_webhook_outbox"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.webhook_id"], name="fk_webhook_outbox_webhook_id_webhooks"
        ),
    )
    op.create_index("ix_webhook_outbox_next", "webhook_outbox", ["next_ms"])
    op.create_index("ix_webhook_outbox_webhook", "webhook_outbox", ["webhook_id", "delivery_id"])


def downgrade() -> None:
    """Back."""
    op.drop_table("webhook_outbox")
    op.drop_table("webhooks")
