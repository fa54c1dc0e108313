"""An event may name several files by their digests: a text, not one name."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    with op.batch_alter_table("events") as table:
        table.alter_column(
            "media_sha256", existing_type=AutoString(), type_=sa.Text(), existing_nullable=True
        )


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("events") as table:
        table.alter_column(
            "media_sha256", existing_type=sa.Text(), type_=AutoString(), existing_nullable=True
        )
