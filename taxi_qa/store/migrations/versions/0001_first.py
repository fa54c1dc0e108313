"""The first tables: settings, what came in, tracks, the casebook, one table a kind of record."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine
from sqlmodel.sql.sqltypes import AutoString

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _columns(sa_type: TypeEngine[Any], *names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa_type, nullable=null, autoincrement=False) for name in names]


def _key() -> sa.Column[Any]:
    # Only the word INTEGER makes a key SQLite's own row number.
    sa_type = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", sa_type, nullable=False, autoincrement=False)


def _record_table(
    name: str,
    columns: list[sa.Column[Any]],
    *,
    key: list[str],
    dated: bool = True,
    vehicle: list[str] | None = None,
) -> None:
    op.create_table(
        name,
        _key(),
        *columns,
        *_columns(sa.Integer(), "bucket", "day", null=True),
        *_columns(sa.BigInteger(), "digest", "source_id", "row", "record"),
        *_columns(sa.BigInteger(), "superseded_by", null=True),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=f"fk_{name}_source_id_sources"),
    )
    op.create_index(f"ix_{name}_key", name, key)
    if dated:
        op.create_index(f"ix_{name}_bucket_day", name, ["bucket", "day"])
    if vehicle:
        op.create_index(f"ix_{name}_vehicle", name, vehicle)


def upgrade() -> None:
    """Forwards."""
    _own_tables()
    _record_tables()


def _own_tables() -> None:
    op.create_table(
        "findings",
        *_columns(AutoString(), "finding_id", "rule"),
        *_columns(sa.Integer(), "rule_version"),
        *_columns(
            AutoString(), "clause", "stage", "status", "vehicle_id", "driver_id", "company_id", "trip_id"
        ),
        *_columns(sa.BigInteger(), "start_ms", "end_ms"),
        *_columns(sa.Double(), "lon", "lat", "measured", "allowed", null=True),
        *_columns(AutoString(), "unit", "sources"),
        *_columns(sa.Text(), "evidence", "leans_on"),
        *_columns(sa.Integer(), "day", "bucket"),
        *_columns(AutoString(), "scope"),
        *_columns(sa.BigInteger(), "digest"),
        *_columns(AutoString(), "run_id"),
        *_columns(AutoString(), "withdrawn_by", "unsettled_by", null=True),
        sa.PrimaryKeyConstraint("finding_id", name="pk_findings"),
    )
    op.create_index("ix_findings_driver", "findings", ["driver_id", "start_ms"])
    op.create_index("ix_findings_job", "findings", ["day", "bucket", "scope", "rule"])
    op.create_index("ix_findings_start", "findings", ["start_ms", "finding_id"])
    op.create_table(
        "presence",
        *_columns(sa.Integer(), "day", "bucket"),
        *_columns(AutoString(), "kind"),
        *_columns(sa.BigInteger(), "rows"),
        sa.PrimaryKeyConstraint("day", "bucket", "kind", name="pk_presence"),
    )
    op.create_table(
        "runs",
        *_columns(AutoString(), "run_id"),
        *_columns(sa.Integer(), "from_day", "to_day"),
        *_columns(sa.Text(), "rules", "vehicles"),
        *_columns(sa.Integer(), "as_of_day", null=True),
        *_columns(sa.BigInteger(), "started_ms"),
        *_columns(sa.BigInteger(), "finished_ms", null=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
    )
    op.create_table(
        "seen_vehicles",
        *_columns(AutoString(), "vehicle_id"),
        *_columns(sa.Integer(), "bucket", "first_day", "last_day"),
        sa.PrimaryKeyConstraint("vehicle_id", name="pk_seen_vehicles"),
    )
    op.create_index("ix_seen_vehicles_bucket", "seen_vehicles", ["bucket"])
    op.create_table(
        "settings",
        *_columns(AutoString(), "name", "value"),
        sa.PrimaryKeyConstraint("name", name="pk_settings"),
    )
    op.create_table(
        "sources",
        _key(),
        *_columns(AutoString(), "sha256", "name", "kind", "profile", "datum"),
        *_columns(sa.Text(), "layout"),
        *_columns(
            sa.BigInteger(), "taken_at_ms", "rows", "accepted", "duplicates", "corrections", "quarantined"
        ),
        *_columns(sa.Text(), "unknown_columns"),
        sa.PrimaryKeyConstraint("id", name="pk_sources"),
    )
    op.create_index("ix_sources_sha256", "sources", ["sha256"])
    op.create_table(
        "unjudged",
        *_columns(sa.Integer(), "day", "bucket"),
        *_columns(AutoString(), "scope", "rule"),
        *_columns(sa.Integer(), "rule_version"),
        *_columns(AutoString(), "run_id"),
        *_columns(sa.Integer(), "rows"),
        *_columns(sa.BigInteger(), "first_ms", "last_ms"),
        *_columns(sa.LargeBinary(), "packed"),
        sa.PrimaryKeyConstraint("day", "bucket", "scope", "rule", name="pk_unjudged"),
    )
    op.create_table(
        "refused",
        _key(),
        *_columns(sa.BigInteger(), "source_id"),
        *_columns(sa.LargeBinary(), "digest"),
        *_columns(AutoString(), "kind"),
        *_columns(sa.BigInteger(), "row", "record"),
        *_columns(AutoString(), "column"),
        *_columns(sa.Text(), "reason", "raw"),
        *_columns(AutoString(), "state"),
        sa.PrimaryKeyConstraint("id", name="pk_refused"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_refused_source_id_sources"),
        sa.UniqueConstraint("digest", name="uq_refused_digest"),
    )
    op.create_index("ix_refused_source_id", "refused", ["source_id"])
    op.create_index("ix_refused_state_kind", "refused", ["state", "kind"])
    op.create_table(
        "run_jobs",
        *_columns(AutoString(), "run_id"),
        *_columns(sa.Integer(), "day", "bucket"),
        *_columns(AutoString(), "scope"),
        sa.PrimaryKeyConstraint("run_id", "day", "bucket", "scope", name="pk_run_jobs"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_run_jobs_run_id_runs"),
    )
    op.create_table(
        "segments",
        *_columns(AutoString(), "name"),
        *_columns(sa.Integer(), "day", "bucket"),
        *_columns(AutoString(), "kind"),
        *_columns(sa.BigInteger(), "rows", "bytes", "first_ms", "last_ms"),
        *_columns(sa.Boolean(), "has_received"),
        *_columns(sa.BigInteger(), "source_id"),
        sa.PrimaryKeyConstraint("name", name="pk_segments"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_segments_source_id_sources"),
    )
    op.create_index("ix_segments_day_bucket", "segments", ["day", "bucket"])
    op.create_table(
        "tallies",
        *_columns(AutoString(), "run_id"),
        *_columns(sa.Integer(), "day", "bucket"),
        *_columns(AutoString(), "scope", "rule"),
        *_columns(sa.Integer(), "rule_version"),
        *_columns(sa.BigInteger(), "examined", "found", "clean", "cannot_tell", "excused"),
        sa.PrimaryKeyConstraint("run_id", "day", "bucket", "scope", "rule", name="pk_tallies"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_tallies_run_id_runs"),
    )


def _record_tables() -> None:
    _record_table(
        "companies",
        [
            *_columns(AutoString(), "company_id"),
            *_columns(sa.Text(), "name"),
            *_columns(AutoString(), "permit_no", null=True),
            *_columns(sa.Text(), "contact", null=True),
        ],
        key=["company_id"],
        dated=False,
    )
    _record_table(
        "drivers",
        [
            *_columns(AutoString(), "driver_id"),
            *_columns(sa.Text(), "name"),
            *_columns(AutoString(), "company_id"),
            *_columns(sa.BigInteger(), "registered_from_day"),
            *_columns(sa.BigInteger(), "registered_to_day", "licence_valid_to_day", null=True),
            *_columns(AutoString(), "phone", null=True),
        ],
        key=["driver_id"],
        dated=False,
    )
    _record_table(
        "vehicles",
        [
            *_columns(AutoString(), "vehicle_id", "company_id"),
            *_columns(sa.BigInteger(), "seats", null=True),
            *_columns(AutoString(), "energy", null=True),
            *_columns(sa.BigInteger(), "permit_valid_to_day", null=True),
            *_columns(AutoString(), "terminal_id", "meter_no", null=True),
            *_columns(sa.BigInteger(), "meter_verified_on_day", null=True),
            *_columns(sa.Boolean(), "has_belt_sensor", "has_seat_sensor", "has_camera", null=True),
        ],
        key=["vehicle_id"],
        dated=False,
    )
    _record_table(
        "shifts",
        [
            *_columns(AutoString(), "vehicle_id", "driver_id"),
            *_columns(sa.BigInteger(), "start_ms"),
            *_columns(sa.BigInteger(), "end_ms", null=True),
            *_columns(AutoString(), "source", null=True),
        ],
        key=["vehicle_id", "driver_id", "start_ms"],
    )
    _record_table(
        "trips",
        [
            *_columns(AutoString(), "trip_id", "vehicle_id"),
            *_columns(AutoString(), "driver_id", null=True),
            *_columns(sa.BigInteger(), "boarded_ms", "alighted_ms", "metered_m"),
            *_columns(sa.BigInteger(), "empty_m", null=True),
            *_columns(sa.Double(), "waiting_s", null=True),
            *_columns(sa.BigInteger(), "fare_fen"),
            *_columns(sa.BigInteger(), "surcharge_fen", "tolls_fen", "paid_fen", "tip_fen", null=True),
            *_columns(AutoString(), "payment", null=True),
            *_columns(sa.BigInteger(), "rating", null=True),
            *_columns(AutoString(), "order_id", null=True),
            *_columns(sa.BigInteger(), "passengers", null=True),
            *_columns(sa.Text(), "rate_code", null=True),
            *_columns(sa.Boolean(), "receipt_printed", null=True),
            *_columns(sa.Double(), "boarded_lon", "boarded_lat", "alighted_lon", "alighted_lat", null=True),
            *_columns(AutoString(), "boarded_zone", "alighted_zone", "datum", null=True),
        ],
        key=["trip_id"],
        vehicle=["vehicle_id", "boarded_ms"],
    )
    _record_table(
        "events",
        [
            *_columns(AutoString(), "event_id", "vehicle_id"),
            *_columns(sa.BigInteger(), "time_ms"),
            *_columns(AutoString(), "kind"),
            *_columns(AutoString(), "driver_id", null=True),
            *_columns(sa.Double(), "value", "confidence", "duration_s", null=True),
            *_columns(sa.BigInteger(), "level", null=True),
            *_columns(sa.Text(), "media", null=True),
            *_columns(AutoString(), "media_sha256", null=True),
            *_columns(sa.Text(), "source", null=True),
        ],
        key=["event_id"],
        vehicle=["vehicle_id", "time_ms"],
    )
    _record_table(
        "device_status",
        [
            *_columns(AutoString(), "vehicle_id", "device"),
            *_columns(sa.BigInteger(), "from_ms"),
            *_columns(sa.BigInteger(), "to_ms", null=True),
            *_columns(AutoString(), "state"),
            *_columns(sa.Text(), "detail", null=True),
        ],
        key=["vehicle_id", "device", "from_ms"],
    )
    _record_table(
        "orders",
        [
            *_columns(AutoString(), "order_id", "vehicle_id"),
            *_columns(AutoString(), "driver_id", null=True),
            *_columns(sa.BigInteger(), "accepted_ms", "pickup_due_ms"),
            *_columns(sa.Double(), "pickup_lon", "pickup_lat", null=True),
            *_columns(AutoString(), "outcome"),
            *_columns(sa.BigInteger(), "cancelled_ms", null=True),
            *_columns(sa.Text(), "cancel_reason", null=True),
        ],
        key=["order_id"],
        vehicle=["vehicle_id", "pickup_due_ms"],
    )
    _record_table(
        "complaints",
        [
            *_columns(AutoString(), "complaint_id"),
            *_columns(sa.BigInteger(), "received_ms"),
            *_columns(AutoString(), "category"),
            *_columns(sa.BigInteger(), "happened_ms", null=True),
            *_columns(AutoString(), "vehicle_id", "driver_id", "trip_id", null=True),
            *_columns(sa.Text(), "text", null=True),
            *_columns(sa.BigInteger(), "first_reply_ms", "closed_ms", null=True),
            *_columns(AutoString(), "outcome", null=True),
            *_columns(sa.Boolean(), "cooperated", null=True),
        ],
        key=["complaint_id"],
        vehicle=["vehicle_id", "received_ms"],
    )
    _record_table(
        "inspections",
        [
            *_columns(AutoString(), "inspection_id"),
            *_columns(sa.BigInteger(), "at_ms"),
            *_columns(AutoString(), "inspector", "vehicle_id"),
            *_columns(AutoString(), "driver_id", "zone_id", null=True),
            *_columns(sa.Text(), "items"),
            *_columns(sa.Text(), "note", "media", null=True),
        ],
        key=["inspection_id"],
        vehicle=["vehicle_id", "at_ms"],
    )
    _record_table(
        "commendations",
        [
            *_columns(AutoString(), "commendation_id"),
            *_columns(sa.BigInteger(), "at_ms"),
            *_columns(AutoString(), "driver_id", "kind"),
            *_columns(sa.Text(), "proof", null=True),
        ],
        key=["commendation_id"],
    )
    _record_table(
        "records",
        [
            *_columns(AutoString(), "record_id"),
            *_columns(sa.BigInteger(), "at_ms"),
            *_columns(AutoString(), "driver_id", "kind"),
            *_columns(AutoString(), "document_no", null=True),
            *_columns(sa.Text(), "detail", null=True),
        ],
        key=["record_id"],
    )
    _record_table(
        "repairs",
        [
            *_columns(AutoString(), "ticket_id", "vehicle_id", "device"),
            *_columns(sa.BigInteger(), "reported_ms"),
            *_columns(sa.BigInteger(), "repaired_ms", null=True),
            *_columns(sa.Text(), "cause", "reported_by", "supplier", "part_maker", null=True),
            *_columns(AutoString(), "part_serial", "part_grade", null=True),
            *_columns(sa.BigInteger(), "price_fen", "reverified_on_day", null=True),
        ],
        key=["ticket_id"],
        vehicle=["vehicle_id", "reported_ms"],
    )
    _record_table(
        "excuses",
        [
            *_columns(AutoString(), "excuse_id", "scope"),
            *_columns(AutoString(), "scope_id", null=True),
            *_columns(sa.BigInteger(), "from_ms", "to_ms"),
            *_columns(AutoString(), "cause"),
            *_columns(AutoString(), "rules", null=True),
            *_columns(sa.Text(), "proof", "approved_by", null=True),
        ],
        key=["excuse_id"],
    )
    _record_table(
        "zones",
        [
            *_columns(AutoString(), "zone_id"),
            *_columns(sa.Text(), "name"),
            *_columns(AutoString(), "kind"),
            *_columns(AutoString(), "hub_id", null=True),
            *_columns(sa.BigInteger(), "valid_from_day", "valid_to_day", null=True),
            *_columns(sa.Text(), "hours", null=True),
            *_columns(sa.Double(), "max_wait_min", null=True),
            *_columns(sa.Boolean(), "loading", null=True),
            *_columns(sa.Text(), "geometry"),
        ],
        key=["zone_id"],
        dated=False,
    )


def downgrade() -> None:
    """Back: there is nothing before the first tables."""
    for table in (
        "companies", "drivers", "vehicles", "shifts", "trips", "events", "device_status",
        "orders", "complaints", "inspections", "commendations", "records", "repairs", "excuses",
        "zones", "tallies", "segments", "run_jobs", "refused", "unjudged", "sources", "settings",
        "seen_vehicles", "runs", "presence", "findings",
    ):  # fmt: skip
        op.drop_table(table)
