"""What a run judged by, so that jobs nothing has touched since need not be done again."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("basis", AutoString(), nullable=True))


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("runs") as table:
        table.drop_column("basis")
