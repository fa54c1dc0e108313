"""The web's tables: accounts, tries to sign in, and who looked at what.

`access_log` only grows: the database itself refuses to change or delete its rows (migration 0005).
"""

from sqlalchemy import BigInteger, Double, Index, Text
from sqlmodel import Field

from taxi_qa.store.tables import Base, BigKey


class AccountRow(Base, table=True):
    """Who may sign in, and as what; `stamp` changes with the password, and ends every session before."""

    __tablename__ = "accounts"

    account_id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    shown_name: str
    role: str
    driver_id: str
    company_id: str
    zone_ids: str = Field(sa_type=Text)
    password_hash: str = Field(sa_type=Text)
    must_change: bool
    stamp: str
    language: str
    created_ms: int = Field(sa_type=BigInteger)
    disabled_ms: int | None = Field(sa_type=BigInteger)


class SignInTry(Base, table=True):
    """A try to sign in that failed; name and address are digests, so that nobody reads them here."""

    __tablename__ = "sign_in_tries"
    __table_args__ = (
        Index("ix_sign_in_tries_name", "name_digest", "at_ms"),
        Index("ix_sign_in_tries_address", "address_digest", "at_ms"),
    )

    try_id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    name_digest: str
    address_digest: str
    at_ms: int = Field(sa_type=BigInteger)


class AccessEntry(Base, table=True):
    """Somebody looked at a track, at media or at somebody's papers: who, at what, why."""

    __tablename__ = "access_log"
    __table_args__ = (
        Index("ix_access_log_at", "at_ms"),
        Index("ix_access_log_account", "account_id", "at_ms"),
    )

    entry_id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    at_ms: int = Field(sa_type=BigInteger)
    account_id: str
    role: str
    what: str
    subject: str
    why: str = Field(sa_type=Text)


class CaseZone(Base, table=True):
    """In which zone an act lies, so that an inspector's list knows it without looking at places."""

    __tablename__ = "case_zones"

    case_id: str = Field(primary_key=True, foreign_key="cases.case_id")
    zone_id: str = Field(primary_key=True, index=True)


class ListVersion(Base, table=True):
    """One row: how often rows of lists were written, and how often a case moved on. See `kept_counts`."""

    __tablename__ = "list_version"

    only: int = Field(primary_key=True)
    written: int = Field(sa_type=BigInteger)
    moved: int = Field(sa_type=BigInteger)


class DriverStanding(Base, table=True):
    """Where a driver stood when the city was scored last: for lists; the driver's page counts anew."""

    __tablename__ = "driver_standings"
    __table_args__ = (
        Index("ix_driver_standings_company", "company_id", "score", "driver_id"),
        Index("ix_driver_standings_score", "score", "driver_id"),
    )

    driver_id: str = Field(primary_key=True)
    name: str
    company_id: str
    cycle: str
    assessed: bool
    score: int
    grade: str
    deductions: int
    bonus: int
    observations: int
    as_of_day: int
    scored_ms: int = Field(sa_type=BigInteger)


class DriverHub(Base, table=True):
    """A driver's turns at a hub over some weeks, and the fleet's band beside it; hub "" is all of them."""

    __tablename__ = "driver_hubs"
    __table_args__ = (Index("ix_driver_hubs_company", "company_id", "hub", "wait_median_s"),)

    driver_id: str = Field(primary_key=True)
    hub: str = Field(primary_key=True)
    company_id: str
    turns: int
    loaded: int
    left_empty: int
    wait_median_s: float | None = Field(sa_type=Double)
    ahead_median: float | None = Field(sa_type=Double)
    over_max_wait: int
    compared: int
    waited_least: int
    waited_most: int
    beyond_median_s: float = Field(sa_type=Double)
    overtook: int
    overtaken: int
    short_compared: int
    short_trips: int
    short_expected: float = Field(sa_type=Double)
    rounds: int
    laps: int
    circled: int
    waits_say: str
    shorts_say: str
    fleet_n: int
    fleet_wait_low_s: float | None = Field(sa_type=Double)
    fleet_wait_mid_s: float | None = Field(sa_type=Double)
    fleet_wait_high_s: float | None = Field(sa_type=Double)
    fleet_short_n: int
    fleet_short_low: float | None = Field(sa_type=Double)
    fleet_short_mid: float | None = Field(sa_type=Double)
    fleet_short_high: float | None = Field(sa_type=Double)
    from_day: int
    to_day: int
    kept_ms: int = Field(sa_type=BigInteger)


class DriverIndex(Base, table=True):
    """A driver beside his fleet by one rule when the index was counted last; never points."""

    __tablename__ = "driver_indices"
    __table_args__ = (
        Index("ix_driver_indices_company", "company_id", "low"),
        Index("ix_driver_indices_low", "low"),
        Index("ix_driver_indices_driver", "driver_id"),
    )

    rule: str = Field(primary_key=True)
    driver_id: str = Field(primary_key=True)
    company_id: str
    unit: str
    stratum: str
    findings: float = Field(sa_type=Double)
    exposure: float = Field(sa_type=Double)
    rate: float | None = Field(sa_type=Double)
    low: float | None = Field(sa_type=Double)
    high: float | None = Field(sa_type=Double)
    fleet_rate: float | None = Field(sa_type=Double)
    excess: float | None = Field(sa_type=Double)
    beside_fleet: str
    why_not: str
    moved: str = Field(sa_type=Text)
    from_day: int
    to_day: int
    counted_ms: int = Field(sa_type=BigInteger)
