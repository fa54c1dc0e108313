"""Indices for pages of lists, and one open ticket a cause, guaranteed by the database."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Made anew with what tells rows apart as the last column.
_OLD = (
    ("ix_cases_state_deadline", "cases", ["state", "deadline_ms"]),
    ("ix_cases_company", "cases", ["company_id", "start_ms"]),
    ("ix_cases_driver", "cases", ["driver_id", "start_ms"]),
    ("ix_cases_start", "cases", ["start_ms"]),
)
_NEW = (
    *((name, table, [*columns, "case_id"]) for name, table, columns in _OLD),
    ("ix_cases_company_state", "cases", ["company_id", "state", "deadline_ms", "case_id"]),
    ("ix_cases_rule", "cases", ["rule", "start_ms", "case_id"]),
    ("ix_driver_indices_driver", "driver_indices", ["driver_id"]),
    ("ix_case_events_decisions", "case_events", ["role", "action", "at_ms"]),
)
_OPEN = "closed_ms IS NULL"


def upgrade() -> None:
    """Forwards."""
    for name, table, _ in _OLD:
        op.drop_index(name, table)
    for name, table, columns in _NEW:
        op.create_index(name, table, columns)
    # Of several open tickets of one cause the oldest stays; its cases and theirs go on together.
    op.execute(
        "UPDATE tickets SET closed_ms = opened_ms, actor = 'machine', reason = 'duplicate'"
        " WHERE closed_ms IS NULL AND EXISTS (SELECT 1 FROM tickets AS first WHERE first.closed_ms IS NULL"
        " AND first.kind = tickets.kind AND first.rule = tickets.rule AND first.subject = tickets.subject"
        " AND (first.opened_ms < tickets.opened_ms"
        " OR (first.opened_ms = tickets.opened_ms AND first.ticket_id < tickets.ticket_id)))"
    )
    op.create_index(
        "uq_tickets_open", "tickets", ["kind", "rule", "subject"], unique=True,
        sqlite_where=sa.text(_OPEN), postgresql_where=sa.text(_OPEN),
    )  # fmt: skip


def downgrade() -> None:
    """Back."""
    op.drop_index("uq_tickets_open", "tickets")
    for name, table, _ in _NEW:
        op.drop_index(name, table)
    for name, table, columns in _OLD:
        op.create_index(name, table, columns)
