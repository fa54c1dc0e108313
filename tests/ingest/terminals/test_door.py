"""What terminals say goes through the same door as files, and the door takes it."""

from pathlib import Path

import pytest

from taxi_qa.ingest.take import take
from taxi_qa.ingest.terminals.frame import Frame
from taxi_qa.ingest.terminals.records_of import records_of
from taxi_qa.store.home import Home, make_home
from taxi_qa.store.quarantine import listed
from tests.ingest.terminals.wire import (
    NOON_MS,
    WHOSE,
    bcd,
    camera,
    f808,
    f905,
    place,
    place_808,
    text,
    trip,
)

MIN = 60_000
METER_FAULT = 1 << 10


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


def put(home: Home, folder: Path, entries: list[tuple[int, Frame]], name: str) -> dict[str, tuple[int, int]]:
    """Accepted (corrections too) and quarantined rows by kind."""
    told = {}
    for kind, table in records_of(entries, WHOSE, dialect="gdrta").tables.items():
        file = folder / f"{kind}-{name}.parquet"
        table.to_parquet(file, index=False)
        (report,) = take(home, [file], kind=kind, now_ms=NOON_MS, workers=1)
        assert report.refused is None
        told[kind] = (report.accepted + report.corrections, report.quarantined)
    return told


def everything() -> list[tuple[int, Frame]]:
    sign_in = (
        place(NOON_MS) + text("", 16) + text("TEST1", 19) + text("AA3333", 6) + bcd(NOON_MS, "%Y%m%d%H%M")
    )
    due = "0000004d01" + bcd(NOON_MS) + "00"
    bodies = [
        (0x0200, place(NOON_MS)),
        (0x0200, place(NOON_MS + MIN, METER_FAULT)),
        (0x0200, place(NOON_MS + 2 * MIN, status=0x301, lon=0, lat=0)),
        (0x0200, place(1_262_304_827_000)),
        (0x0B03, sign_in),
        (0x0B05, trip(rating=1, surcharge="000020")),
        (0x8B00, due),
        (0x0B01, "0000004d"),
        (0x0B07, "0000004d"),
    ]
    seen = f808(0x0200, place_808(NOON_MS + 3 * MIN, status=0x322) + camera(7, 0x0A, 0, NOON_MS))
    return [*((NOON_MS + 4 * MIN, f905(*body)) for body in bodies), (NOON_MS + 4 * MIN, seen)]


def test_every_kind_goes_in_wrong_clocks_and_all(home: Home, tmp_path: Path) -> None:
    assert put(home, tmp_path, everything(), "a") == {
        "positions": (5, 0),
        "trips": (1, 0),
        "shifts": (1, 0),
        "events": (2, 0),
        "device_status": (2, 0),
        "orders": (1, 0),
    }


def test_the_same_said_again_under_new_serials_is_nothing_new(home: Home, tmp_path: Path) -> None:
    put(home, tmp_path, everything(), "a")
    again = [
        (moment + MIN, Frame(frame.protocol, frame.message_id, frame.terminal, 9_000 + at, frame.body))
        for at, (moment, frame) in enumerate(everything())
        if frame.message_id in {0x0B03, 0x0B05}
    ]
    assert put(home, tmp_path, again, "b") == {"trips": (0, 0), "shifts": (0, 0)}


def test_a_trip_of_impossible_length_or_with_digits_that_are_none_is_held_at_the_door(
    home: Home, tmp_path: Path
) -> None:
    # A real frame told 1,109.8 km for 13 hours.
    entries = [
        (NOON_MS, f905(0x0B05, trip(km="011098", trip_no=1))),
        (NOON_MS, f905(0x0B05, trip(fare="00f125", trip_no=2))),
        (NOON_MS, f905(0x0B05, trip(trip_no=3))),
    ]
    assert put(home, tmp_path, entries, "a") == {"trips": (1, 2)}
    held = listed(home)
    assert sorted(str(column) for column in held["column"]) == ["fare_yuan", "metered_km"]
