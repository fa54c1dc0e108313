"""How often the rows of a list were written, so that counts of them can be kept."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    table = op.create_table(
        "list_version",
        sa.Column("only", sa.Integer, primary_key=True),
        sa.Column("written", sa.BigInteger, nullable=False),
        sa.Column("moved", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(table, [{"only": 1, "written": 0, "moved": 0}])


def downgrade() -> None:
    """Back."""
    op.drop_table("list_version")
