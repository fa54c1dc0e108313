"""Each driver's turns at the hubs, kept for his own page."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TEXTS = ("company_id", "waits_say", "shorts_say")
_COUNTS = (
    "turns", "loaded", "left_empty", "over_max_wait", "compared", "waited_least", "waited_most", "overtook",
    "overtaken", "short_compared", "short_trips", "rounds", "laps", "circled", "fleet_n", "fleet_short_n",
    "from_day", "to_day",
)  # fmt: skip
_SUMS = ("beyond_median_s", "short_expected")
_PERHAPS = (
    "wait_median_s", "ahead_median", "fleet_wait_low_s", "fleet_wait_mid_s", "fleet_wait_high_s",
    "fleet_short_low", "fleet_short_mid", "fleet_short_high",
)  # fmt: skip


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "driver_hubs",
        sa.Column("driver_id", AutoString(), primary_key=True),
        sa.Column("hub", AutoString(), primary_key=True),
        *(sa.Column(name, AutoString(), nullable=False) for name in _TEXTS),
        *(sa.Column(name, sa.Integer, nullable=False) for name in _COUNTS),
        *(sa.Column(name, sa.Double, nullable=False) for name in _SUMS),
        *(sa.Column(name, sa.Double, nullable=True) for name in _PERHAPS),
        sa.Column("kept_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_driver_hubs_company", "driver_hubs", ["company_id", "hub", "wait_median_s"])


def downgrade() -> None:
    """Back."""
    op.drop_table("driver_hubs")
