"""The desk: cases and their history, answers, evidence, second looks, and a ledger nobody can rewrite."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine
from sqlmodel.sql.sqltypes import AutoString

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Tables that only grow, with what no second row may have (SQLite's REPLACE deletes without asking a trigger).
ONLY_GROW = {
    "case_events": ["case_id = NEW.case_id AND version = NEW.version"],
    "ledger_entries": ["entry_id = NEW.entry_id", "seal = NEW.seal", "reverses = NEW.reverses"],
}
TABLES = (
    "ledger_entries",
    "second_looks",
    "evidence_files",
    "answers",
    "case_events",
    "case_findings",
    "cases",
)


def _columns(sa_type: TypeEngine[Any], *names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa_type, nullable=null, autoincrement=False) for name in names]


def _of_case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=f"fk_{table}_case_id_cases")


def upgrade() -> None:
    """Forwards."""
    _cases()
    _said()
    _ledger()
    for table, alike in ONLY_GROW.items():
        _only_grows(table, alike)


def _cases() -> None:
    op.create_table(
        "cases",
        *_columns(AutoString(), "case_id", "rule"),
        *_columns(sa.Text(), "rules"),
        *_columns(AutoString(), "family", "stage", "vehicle_id", "driver_id", "company_id", "trip_id"),
        *_columns(sa.BigInteger(), "start_ms", "end_ms"),
        *_columns(AutoString(), "sources", "missing", "sufficiency"),
        *_columns(sa.BigInteger(), "opened_ms"),
        *_columns(AutoString(), "state"),
        *_columns(sa.Integer(), "version"),
        *_columns(sa.BigInteger(), "deadline_ms", null=True),
        sa.PrimaryKeyConstraint("case_id", name="pk_cases"),
    )
    op.create_index("ix_cases_state_deadline", "cases", ["state", "deadline_ms"])
    op.create_index("ix_cases_vehicle", "cases", ["vehicle_id", "start_ms"])
    op.create_index("ix_cases_driver", "cases", ["driver_id", "start_ms"])
    op.create_table(
        "case_findings",
        *_columns(AutoString(), "finding_id", "case_id"),
        *_columns(sa.BigInteger(), "joined_ms"),
        *_columns(sa.BigInteger(), "left_ms", null=True),
        sa.PrimaryKeyConstraint("finding_id", name="pk_case_findings"),
        _of_case("case_findings"),
    )
    op.create_index("ix_case_findings_case_id", "case_findings", ["case_id"])
    op.create_table(
        "case_events",
        *_columns(AutoString(), "case_id"),
        *_columns(sa.Integer(), "version"),
        *_columns(sa.BigInteger(), "at_ms"),
        *_columns(AutoString(), "actor", "role", "action", "from_state", "to_state", "reason"),
        *_columns(sa.Text(), "note"),
        sa.PrimaryKeyConstraint("case_id", "version", name="pk_case_events"),
        _of_case("case_events"),
    )
    op.create_index("ix_case_events_actor", "case_events", ["actor", "at_ms"])


def _said() -> None:
    op.create_table(
        "answers",
        *_columns(AutoString(), "case_id"),
        *_columns(sa.Integer(), "version"),
        *_columns(AutoString(), "kind", "driver_id"),
        *_columns(sa.BigInteger(), "at_ms"),
        *_columns(sa.Boolean(), "accepts"),
        *_columns(AutoString(), "reason"),
        *_columns(sa.Text(), "text"),
        sa.PrimaryKeyConstraint("case_id", "version", name="pk_answers"),
        _of_case("answers"),
    )
    op.create_table(
        "evidence_files",
        *_columns(AutoString(), "case_id"),
        *_columns(sa.Integer(), "version"),
        *_columns(AutoString(), "sha256", "name", "media_type"),
        *_columns(sa.BigInteger(), "bytes"),
        sa.PrimaryKeyConstraint("case_id", "version", "sha256", name="pk_evidence_files"),
        _of_case("evidence_files"),
    )
    op.create_table(
        "second_looks",
        *_columns(AutoString(), "case_id", "reviewer"),
        *_columns(sa.BigInteger(), "at_ms"),
        *_columns(AutoString(), "verdict"),
        sa.PrimaryKeyConstraint("case_id", name="pk_second_looks"),
        _of_case("second_looks"),
    )


def _ledger() -> None:
    op.create_table(
        "ledger_entries",
        *_columns(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), "entry_id"),
        *_columns(AutoString(), "driver_id", "kind", "item", "case_id", "rule"),
        *_columns(sa.Integer(), "points", "act_day"),
        *_columns(sa.BigInteger(), "decided_ms"),
        *_columns(AutoString(), "decider"),
        *_columns(sa.Text(), "leans_on"),
        *_columns(AutoString(), "certainty"),
        *_columns(sa.BigInteger(), "reverses", null=True),
        *_columns(AutoString(), "seal"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_ledger_entries"),
        sa.ForeignKeyConstraint(
            ["reverses"], ["ledger_entries.entry_id"], name="fk_ledger_entries_reverses_ledger_entries"
        ),
        sa.UniqueConstraint("reverses", name="uq_ledger_entries_reverses"),
        sa.UniqueConstraint("seal", name="uq_ledger_entries_seal"),
    )
    op.create_index("ix_ledger_entries_case_id", "ledger_entries", ["case_id"])
    op.create_index("ix_ledger_entries_driver", "ledger_entries", ["driver_id", "act_day"])


def _only_grows(table: str, alike: list[str]) -> None:
    words = f"{table} only grows: nothing in it is changed or deleted"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{words}'; END $$"
        )
        for name, what, each in (
            ("rows", "UPDATE OR DELETE", "ROW"),
            ("all", "TRUNCATE", "STATEMENT"),
        ):
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
    seen = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {one})" for one in alike)
    op.execute(
        f"CREATE TRIGGER {table}_insert BEFORE INSERT ON {table} WHEN {seen}"
        f" BEGIN SELECT RAISE(ABORT, '{words}'); END"
    )


def downgrade() -> None:
    """Forget the desk, the ledger with it; its triggers go with their tables."""
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in ONLY_GROW:
            op.execute(f"DROP FUNCTION {table}_only_grows()")
