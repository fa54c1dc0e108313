"""Records, deliveries and findings as these tests need them."""

from typing import Any

import pandas as pd

from taxi_qa.findings.finding import UNJUDGED_COLUMNS, Finding, Outcome, finding_key
from taxi_qa.records.kinds import KINDS
from taxi_qa.store.home import Home
from taxi_qa.store.inbox import Delivery
from taxi_qa.values.columns import columns_of

RULE = "fare.overcharge"


def rows(kind: str, *records: dict[str, Any]) -> pd.DataFrame:
    """A frame of a kind with inside columns and dtypes, and the places of the rows in a file."""
    frame = pd.DataFrame(list(records))
    dtypes = {column.inside: column.dtype for column in KINDS[kind].columns}
    frame = frame.astype({name: dtypes[name] for name in frame.columns})
    return frame.assign(row=range(2, len(frame) + 2), record=range(1, len(frame) + 1))


def trip(
    trip_id: str, *, paid_fen: int = 1_200, boarded_ms: int = 1_790_000_000_000, **more: object
) -> dict[str, Any]:
    """A trip with everything that is required."""
    return {
        "trip_id": trip_id,
        "vehicle_id": "粤T12345",
        "boarded_ms": boarded_ms,
        "alighted_ms": boarded_ms + 600_000,
        "metered_m": 5_000,
        "fare_fen": 1_200,
        "paid_fen": paid_fen,
        **more,
    }


def delivery(home: Home, *, kind: str = "trips", sha256: str = "sha", name: str = "trips.csv") -> Delivery:
    """A delivery of one file."""
    return Delivery(
        home, name=name, sha256=sha256, kind=kind, profile="", datum="wgs84", taken_at_ms=1_790_000_000_000
    )


def refused(*raws: str) -> pd.DataFrame:
    """Refused rows of a file, from its second line on."""
    frame = pd.DataFrame({"raw": raws, "column": "lon", "reason": "213 is no longitude"})
    return frame.assign(row=range(2, len(raws) + 2), record=range(1, len(raws) + 1))


def finding(subject: str, **more: Any) -> Finding:  # noqa: ANN401 - any field
    """A finding of the overcharge rule about a trip."""
    values: dict[str, Any] = {
        "finding_id": finding_key(more.get("rule", RULE), 1, [subject]), "rule": RULE, "clause": "六.5",
        "verdict": "found", "stage": "stable", "status": "detected", "vehicle_id": "粤T12345",
        "driver_id": "D1", "company_id": "C1", "trip_id": subject, "start_ms": 1_790_000_000_000,
        "end_ms": 1_790_000_600_000, "lon": 113.38, "lat": None, "measured": 1_300.0, "allowed": 1_200.0,
        "unit": "fen", "sources": "meter", "leans_on": "fare.per_km@2022-07-01", "rule_version": 1,
        "evidence": {"paid_fen": 1_300},
    }  # fmt: skip
    return Finding(**(values | more))


def unjudged(*subjects: str, **more: Any) -> pd.DataFrame:  # noqa: ANN401
    """Rows that could not be judged."""
    frame = pd.DataFrame(
        {"subject": pd.array(subjects, dtype="str"), "trip_id": pd.array(subjects, dtype="str")}
    )
    values: dict[str, Any] = {
        "vehicle_id": "粤T12345", "driver_id": "", "company_id": "", "start_ms": 1_790_000_000_000,
        "end_ms": 1_790_000_600_000, "missing": "metered_m",
    }  # fmt: skip
    return frame.assign(**(values | more))[list(UNJUDGED_COLUMNS)]


def outcome(*found: Finding, cannot_tell: pd.DataFrame | None = None, rule: str = RULE) -> Outcome:
    """What a rule says of ten rows."""
    return Outcome(rule, 1, 10, found, columns_of(unjudged() if cannot_tell is None else cannot_tell))
