"""Homes on both databases: a test that takes `home` runs on each."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taxi_qa.store.home import Home, make_home, writing
from taxi_qa.store.inbox import Counts
from tests.store.making import delivery, rows

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
