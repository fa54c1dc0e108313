"""Homes on both databases: a test that takes `home` runs on each."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from taxi_qa.records.kinds import KINDS
from taxi_qa.store.home import Home, make_home, writing
from taxi_qa.store.inbox import Counts, Delivery

Put = Callable[..., Counts]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    """None for the home's own SQLite file, or the URL of an empty PostgreSQL database."""
    if request.param == "sqlite":
        return None
    found: str = request.getfixturevalue("postgresql_url")
    return found


@pytest.fixture
def home(tmp_path: Path, url: str | None) -> Iterator[Home]:
    """A new home; its path has a blank and Chinese characters."""
    made = make_home(tmp_path / "出租车 home", url, buckets=4)
    yield made
    made.engine.dispose()


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


@pytest.fixture
def put(home: Home) -> Put:
    """Take records of a kind in as one source file."""
    taken = iter(range(1, 1_000_000))

    def taken_in(kind: str, *records: dict[str, Any]) -> Counts:
        number = next(taken)
        with writing(home), delivery(home, kind=kind, sha256=f"sha {number}") as going_in:
            going_in.add_records(kind, rows(kind, *records))
            return going_in.commit()

    return taken_in


def delivery(home: Home, *, kind: str = "trips", sha256: str = "sha", name: str = "trips.csv") -> Delivery:
    """A delivery of one file."""
    return Delivery(
        home, name=name, sha256=sha256, kind=kind, profile="", datum="wgs84", taken_at_ms=1_790_000_000_000
    )
