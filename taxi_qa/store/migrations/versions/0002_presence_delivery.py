"""Presence knows the last delivery that touched it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Homes made before count every day as untouched since: what was derived from it is made anew."""
    with op.batch_alter_table("presence") as table:
        table.add_column(sa.Column("delivery", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Forget it."""
    with op.batch_alter_table("presence") as table:
        table.drop_column("delivery")
