"""Tickets of suspect roads and devices, and what people said of a rule that had fallen back to trial."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine
from sqlmodel.sql.sqltypes import AutoString

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _columns(sa_type: TypeEngine[Any], *names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa_type, nullable=null, autoincrement=False) for name in names]


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "tickets",
        *_columns(AutoString(), "ticket_id", "kind", "rule", "subject"),
        *_columns(sa.Text(), "title"),
        *_columns(sa.Integer(), "drivers", "findings"),
        *_columns(sa.BigInteger(), "opened_ms"),
        *_columns(sa.BigInteger(), "closed_ms", null=True),
        *_columns(AutoString(), "actor", "reason"),
        *_columns(sa.Text(), "note"),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_tickets"),
    )
    op.create_table(
        "rule_marks",
        *_columns(AutoString(), "rule"),
        *_columns(sa.BigInteger(), "at_ms"),
        *_columns(AutoString(), "actor", "reason"),
        *_columns(sa.Text(), "note"),
        sa.PrimaryKeyConstraint("rule", "at_ms", name="pk_rule_marks"),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("rule_marks")
    op.drop_table("tickets")
