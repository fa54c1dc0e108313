"""The HTTP API: its tokens, and the answers given to posts with a key."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "api_tokens",
        sa.Column("token_id", AutoString(), primary_key=True),
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("account_id", AutoString(), nullable=False),
        sa.Column("digest", AutoString(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("name", name="uq_api_tokens_name"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_api_tokens_account_id_accounts"
        ),
    )
    op.create_table(
        "api_posts",
        sa.Column("token_id", AutoString(), primary_key=True),
        sa.Column("key_digest", AutoString(), primary_key=True),
        sa.Column("body_digest", AutoString(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_api_posts_at", "api_posts", ["at_ms"])


def downgrade() -> None:
    """Back."""
    op.drop_table("api_posts")
    op.drop_table("api_tokens")
