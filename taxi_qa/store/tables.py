"""Every table, one section a noun. Tables of records are made from `records.KINDS`, not written out.

Tables never validate (a SQLModel table takes anything in its constructor): what goes in was checked
at the door. Times are whole milliseconds (`*_ms`), days whole city days, money whole fen.
"""

from typing import Any, ClassVar, Final

from pydantic import create_model
from sqlalchemy import BigInteger, Boolean, Double, Index, Integer, MetaData, Table, Text
from sqlmodel import AutoString, Field, SQLModel

from taxi_qa.records.column import Column, Kind
from taxi_qa.records.kinds import KINDS

# A 64-bit key that is SQLite's own row number (there only the word INTEGER makes it that).
BigKey: Final[Any] = BigInteger().with_variant(Integer(), "sqlite")

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(SQLModel):
    """What all tables share: one metadata with names for every constraint, so migrations can drop them."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMING)


def table_of(model: type[SQLModel]) -> Table:
    """The table under a model."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


# --- settings ---------------------------------------------------------------------------------------


class Setting(Base, table=True):
    """One setting of the home: city, timezone, buckets, home_id."""

    __tablename__ = "settings"

    name: str = Field(primary_key=True)
    value: str


# --- what came in -----------------------------------------------------------------------------------


class Source(Base, table=True):
    """A source file that was taken in whole."""

    __tablename__ = "sources"

    id: int = Field(primary_key=True, sa_type=BigKey, sa_column_kwargs={"autoincrement": False})
    sha256: str = Field(index=True)
    name: str
    kind: str
    profile: str
    datum: str
    layout: str = Field(sa_type=Text)
    taken_at_ms: int = Field(sa_type=BigInteger)
    rows: int = Field(sa_type=BigInteger)
    accepted: int = Field(sa_type=BigInteger)
    duplicates: int = Field(sa_type=BigInteger)
    corrections: int = Field(sa_type=BigInteger)
    quarantined: int = Field(sa_type=BigInteger)
    unknown_columns: str = Field(sa_type=Text)


class Refused(Base, table=True):
    """A row that was refused, with the raw text to mend it. `digest` makes the same bad row once."""

    __tablename__ = "refused"
    __table_args__ = (Index("ix_refused_state_kind", "state", "kind"),)

    id: int = Field(primary_key=True, sa_type=BigKey, sa_column_kwargs={"autoincrement": False})
    source_id: int = Field(foreign_key="sources.id", sa_type=BigInteger, index=True)
    digest: bytes = Field(unique=True)
    kind: str
    row: int = Field(sa_type=BigInteger)
    record: int = Field(sa_type=BigInteger)
    column: str
    reason: str = Field(sa_type=Text)
    raw: str = Field(sa_type=Text)
    state: str


class Presence(Base, table=True):
    """How many rows of a kind a city day and bucket hold (bucket -1: rows without a vehicle).

    `delivery` is the last source that brought or corrected any of them.
    """

    __tablename__ = "presence"

    day: int = Field(primary_key=True, sa_type=Integer, sa_column_kwargs={"autoincrement": False})
    bucket: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str = Field(primary_key=True)
    rows: int = Field(sa_type=BigInteger)
    delivery: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


# --- tracks -----------------------------------------------------------------------------------------


class Segment(Base, table=True):
    """The manifest of track files: one that is not named here does not exist."""

    __tablename__ = "segments"
    __table_args__ = (Index("ix_segments_day_bucket", "day", "bucket"),)

    name: str = Field(primary_key=True)
    day: int
    bucket: int
    kind: str
    rows: int = Field(sa_type=BigInteger)
    bytes: int = Field(sa_type=BigInteger)
    first_ms: int = Field(sa_type=BigInteger)
    last_ms: int = Field(sa_type=BigInteger)
    has_received: bool
    source_id: int = Field(foreign_key="sources.id", sa_type=BigInteger)


class SeenVehicle(Base, table=True):
    """A vehicle that sent positions, with its first and last city day."""

    __tablename__ = "seen_vehicles"

    vehicle_id: str = Field(primary_key=True)
    bucket: int = Field(index=True)
    first_day: int
    last_day: int


# --- the casebook -----------------------------------------------------------------------------------


class Run(Base, table=True):
    """A check of some days by some rules; its id is made of what it judged."""

    __tablename__ = "runs"

    run_id: str = Field(primary_key=True)
    from_day: int
    to_day: int
    rules: str = Field(sa_type=Text)
    vehicles: str = Field(sa_type=Text)
    as_of_day: int | None
    started_ms: int = Field(sa_type=BigInteger)
    finished_ms: int | None = Field(sa_type=BigInteger)
    # Law, roads and rules it judged by; None of runs before this was kept.
    basis: str | None = None


class RunJob(Base, table=True):
    """A job of a run that is done."""

    __tablename__ = "run_jobs"

    run_id: str = Field(primary_key=True, foreign_key="runs.run_id")
    day: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    bucket: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    scope: str = Field(primary_key=True)


class Tally(Base, table=True):
    """What one rule answered in one job; the three answers add up to what was examined."""

    __tablename__ = "tallies"

    run_id: str = Field(primary_key=True, foreign_key="runs.run_id")
    day: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    bucket: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    scope: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)
    rule_version: int
    examined: int = Field(sa_type=BigInteger)
    found: int = Field(sa_type=BigInteger)
    clean: int = Field(sa_type=BigInteger)
    cannot_tell: int = Field(sa_type=BigInteger)
    excused: int = Field(sa_type=BigInteger)


class FindingRow(Base, table=True):
    """A finding as it stands. Once people work on it (`status`), its content is never overwritten."""

    __tablename__ = "findings"
    __table_args__ = (
        Index("ix_findings_job", "day", "bucket", "scope", "rule"),
        Index("ix_findings_start", "start_ms", "finding_id"),
        Index("ix_findings_driver", "driver_id", "start_ms"),
    )

    finding_id: str = Field(primary_key=True)
    rule: str
    rule_version: int
    clause: str
    stage: str
    status: str
    vehicle_id: str
    driver_id: str
    company_id: str
    trip_id: str
    start_ms: int = Field(sa_type=BigInteger)
    end_ms: int = Field(sa_type=BigInteger)
    lon: float | None = Field(sa_type=Double)
    lat: float | None = Field(sa_type=Double)
    measured: float | None = Field(sa_type=Double)
    allowed: float | None = Field(sa_type=Double)
    unit: str
    sources: str
    evidence: str = Field(sa_type=Text)
    leans_on: str = Field(sa_type=Text)
    day: int
    bucket: int
    scope: str
    digest: int = Field(sa_type=BigInteger)
    run_id: str
    withdrawn_by: str | None
    unsettled_by: str | None


class UnjudgedBlob(Base, table=True):
    """The rows one rule could not judge in one job, packed (`casebook`)."""

    __tablename__ = "unjudged"

    day: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    bucket: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    scope: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)
    rule_version: int
    run_id: str
    rows: int
    first_ms: int = Field(sa_type=BigInteger)
    last_ms: int = Field(sa_type=BigInteger)
    packed: bytes


# --- records, one table a kind ----------------------------------------------------------------------


_SA_TYPES: Final[dict[str, tuple[type, Any]]] = {
    "Int64": (int, BigInteger),
    "float64": (float, Double),
    "boolean": (bool, Boolean),
    "str": (str, AutoString),
}


def _field(column: Column) -> tuple[Any, Any]:
    python, sa_type = _SA_TYPES[column.dtype]
    if column.meaning in ("text", "json"):
        sa_type = Text
    if column.required:
        return python, Field(sa_type=sa_type)
    return python | None, Field(default=None, sa_type=sa_type)


def _record_model(kind: Kind) -> type[SQLModel]:
    """The table of one kind: its own columns and the kept ones, indexed by job, by key and by vehicle."""
    fields: dict[str, Any] = {
        "id": (int, Field(primary_key=True, sa_type=BigKey, sa_column_kwargs={"autoincrement": False})),
        **{column.inside: _field(column) for column in kind.columns},
        "bucket": (int | None, Field(default=None)),
        "day": (int | None, Field(default=None)),
        "digest": (int, Field(sa_type=BigInteger)),
        "source_id": (int, Field(foreign_key="sources.id", sa_type=BigInteger)),
        "row": (int, Field(sa_type=BigInteger)),
        "record": (int, Field(sa_type=BigInteger)),
        "superseded_by": (int | None, Field(default=None, sa_type=BigInteger)),
    }
    model: type[SQLModel] = create_model(
        kind.name, __base__=Base, __cls_kwargs__={"table": True}, __doc__=kind.about, **fields
    )
    columns = table_of(model).c
    key = [columns[name] for name in key_columns(kind)]
    Index(f"ix_{kind.name}_key", *key)
    if kind.moment is not None:
        # Bucket first: a job reads one bucket over a few days.
        Index(f"ix_{kind.name}_bucket_day", columns["bucket"], columns["day"])
    if kind.has_vehicle and kind.key[0] != "vehicle_id":
        moment = [] if kind.moment is None else [columns[kind.column(kind.moment).inside]]
        Index(f"ix_{kind.name}_vehicle", columns["vehicle_id"], *moment)
    return model


def key_columns(kind: Kind) -> list[str]:
    """The inside names of the columns that name a row."""
    return [kind.column(name).inside for name in kind.key]


RECORD_KINDS: Final[dict[str, Kind]] = {name: kind for name, kind in KINDS.items() if name != "positions"}
RECORD_TABLES: Final[dict[str, Table]] = {
    name: table_of(_record_model(kind)) for name, kind in RECORD_KINDS.items()
}
