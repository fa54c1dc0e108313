"""The web: accounts, failed tries to sign in, who looked at what, and what its lists are made of."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine
from sqlmodel.sql.sqltypes import AutoString

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("accounts", "sign_in_tries", "access_log", "case_zones", "driver_standings", "driver_indices")
INDICES = (
    ("ix_sign_in_tries_name", "sign_in_tries", ["name_digest", "at_ms"]),
    ("ix_sign_in_tries_address", "sign_in_tries", ["address_digest", "at_ms"]),
    ("ix_access_log_at", "access_log", ["at_ms"]),
    ("ix_access_log_account", "access_log", ["account_id", "at_ms"]),
    ("ix_case_zones_zone_id", "case_zones", ["zone_id"]),
    ("ix_driver_standings_company", "driver_standings", ["company_id", "score", "driver_id"]),
    ("ix_driver_standings_score", "driver_standings", ["score", "driver_id"]),
    ("ix_driver_indices_company", "driver_indices", ["company_id", "low"]),
    ("ix_driver_indices_low", "driver_indices", ["low"]),
    ("ix_cases_company", "cases", ["company_id", "start_ms"]),
    ("ix_cases_start", "cases", ["start_ms"]),
)


def _columns(sa_type: TypeEngine[Any], *names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa_type, nullable=null, autoincrement=False) for name in names]


def _number(name: str) -> sa.Column[Any]:
    """A key the database counts up by itself."""
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def upgrade() -> None:
    """Forwards."""
    _accounts()
    _lists()
    for name, table, columns in INDICES:
        op.create_index(name, table, columns)
    _only_grows("access_log")


def _accounts() -> None:
    op.create_table(
        "accounts",
        *_columns(AutoString(), "account_id", "name", "shown_name", "role", "driver_id", "company_id"),
        *_columns(sa.Text(), "zone_ids", "password_hash"),
        *_columns(sa.Boolean(), "must_change"),
        *_columns(AutoString(), "stamp", "language"),
        *_columns(sa.BigInteger(), "created_ms"),
        *_columns(sa.BigInteger(), "disabled_ms", null=True),
        sa.PrimaryKeyConstraint("account_id", name="pk_accounts"),
        sa.UniqueConstraint("name", name="uq_accounts_name"),
    )
    op.create_table(
        "sign_in_tries",
        _number("try_id"),
        *_columns(AutoString(), "name_digest", "address_digest"),
        *_columns(sa.BigInteger(), "at_ms"),
        sa.PrimaryKeyConstraint("try_id", name="pk_sign_in_tries"),
    )
    op.create_table(
        "access_log",
        _number("entry_id"),
        *_columns(sa.BigInteger(), "at_ms"),
        *_columns(AutoString(), "account_id", "role", "what", "subject"),
        *_columns(sa.Text(), "why"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_access_log"),
    )


def _lists() -> None:
    op.create_table(
        "case_zones",
        *_columns(AutoString(), "case_id", "zone_id"),
        sa.PrimaryKeyConstraint("case_id", "zone_id", name="pk_case_zones"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name="fk_case_zones_case_id_cases"),
    )
    op.create_table(
        "driver_standings",
        *_columns(AutoString(), "driver_id", "name", "company_id", "cycle"),
        *_columns(sa.Boolean(), "assessed"),
        *_columns(sa.Integer(), "score"),
        *_columns(AutoString(), "grade"),
        *_columns(sa.Integer(), "deductions", "bonus", "observations", "as_of_day"),
        *_columns(sa.BigInteger(), "scored_ms"),
        sa.PrimaryKeyConstraint("driver_id", name="pk_driver_standings"),
    )
    op.create_table(
        "driver_indices",
        *_columns(AutoString(), "rule", "driver_id", "company_id", "unit", "stratum"),
        *_columns(sa.Double(), "findings", "exposure"),
        *_columns(sa.Double(), "rate", "low", "high", "fleet_rate", "excess", null=True),
        *_columns(AutoString(), "beside_fleet", "why_not"),
        *_columns(sa.Text(), "moved"),
        *_columns(sa.Integer(), "from_day", "to_day"),
        *_columns(sa.BigInteger(), "counted_ms"),
        sa.PrimaryKeyConstraint("rule", "driver_id", name="pk_driver_indices"),
    )


def _only_grows(table: str) -> None:
    words = f"{table} only grows: nothing in it is changed or deleted"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{words}'; END $$"
        )
        for name, what, each in (("rows", "UPDATE OR DELETE", "ROW"), ("all", "TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {what} ON {table}"
                f" FOR EACH {each} EXECUTE FUNCTION {table}_only_grows()"
            )
        return
    for what in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_{what.lower()} BEFORE {what} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )
    op.execute(
        f"CREATE TRIGGER {table}_insert BEFORE INSERT ON {table}"
        f" WHEN EXISTS (SELECT 1 FROM {table} WHERE entry_id = NEW.entry_id)"
        f" BEGIN SELECT RAISE(ABORT, '{words}'); END"
    )


def downgrade() -> None:
    """Back."""
    op.drop_index("ix_cases_start", "cases")
    op.drop_index("ix_cases_company", "cases")
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION access_log_only_grows()")
