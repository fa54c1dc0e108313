"""`taxi-qa complaint find`: what speaks for and against each trip a passenger may mean."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call

TRIPS = """trip_id,vehicle_id,driver_id,boarded_at,alighted_at,metered_km,fare_yuan,passengers,\
boarded_lon,boarded_lat,alighted_lon,alighted_lat
T1,粤A12345,D1,2026-10-20 10:00:10,2026-10-20 10:20:10,5,18,2,113.26,23.13,113.31,23.13
T2,粤A12399,D2,2026-10-20 10:05:10,2026-10-20 10:25:10,9,30,1,113.40,23.20,113.30,23.20
T3,粤A55555,D3,2026-10-20 10:05:10,2026-10-20 10:15:10,5,18,2,113.26,23.13,113.31,23.13
T4,粤A12345,D1,2026-10-20 13:00:10,2026-10-20 13:20:10,5,18,2,113.26,23.13,113.31,23.13
"""
VEHICLES = "vehicle_id,company_id\n粤A12345,C1\n粤A12399,C1\n粤A55555,C2\n粤A12388,C2\n"
SHIFTS = "vehicle_id,driver_id,start,end\n粤A12345,D1,2026-10-20 08:00,2026-10-20 18:00\n"


def positions() -> str:
    """T1's car stands at 113.26, 23.13; the others are 7 to 14 km away."""
    places = {"粤A12345": (113.26, 23.13), "粤A12399": (113.40, 23.20), "粤A12388": (113.33, 23.13)}
    rows = [
        f"{car},2026-10-20 10:{minute:02d}:00,{lon},{lat}"
        for car, (lon, lat) in places.items()
        for minute in range(30)
    ]
    return "\n".join(["vehicle_id,time,lon,lat", *rows]) + "\n"


@pytest.fixture
def known(home: Path, tmp_path: Path, call: Call) -> Path:
    files = {"trips": TRIPS, "vehicles": VEHICLES, "shifts": SHIFTS, "positions": positions()}
    for kind, text in files.items():
        (tmp_path / f"{kind}.csv").write_text(text, encoding="utf-8")
    status, _, err = call("ingest", "--home", home, *(tmp_path / f"{kind}.csv" for kind in files))
    assert status == 0, err
    return home


TIME = ("--from", "2026-10-20T10:00", "--to", "2026-10-20T10:10")


def test_the_trip_that_fits_best_comes_first_and_the_others_say_why_not(known: Path, call: Call) -> None:
    clues = (
        "--place",
        "113.2605,23.13",
        "--plate",
        "a123",
        "--fare",
        "18",
        "--passengers",
        "2",
        "--heading",
        "E",
    )
    status, out, err = call("complaint", "find", "--home", known, *TIME, *clues, "--json")
    assert status == 0, err
    told = json.loads(out)
    assert told[0]["trip_id"] == "T1"
    # time 1, place 2, plate 2, duty 1, fare 1, passengers 1, direction 1
    assert told[0]["score"] == 9
    assert {one["trip_id"] for one in told} == {"T1", "T2", "T3", ""}
    by_trip = {one["trip_id"]: {clue["clue"]: clue for clue in one["clues"]} for one in told}
    assert by_trip["T2"]["place"]["speaks"] == "against"
    assert by_trip["T2"]["fare"]["speaks"] == "against"
    assert by_trip["T2"]["direction"]["speaks"] == "against"
    assert by_trip["T3"]["place"]["speaks"] == "open"
    # A123 and A55555 have one sign in common
    assert by_trip["T3"]["plate"]["speaks"] == "against"
    assert by_trip["T3"]["plate"]["zh"] == "车牌 4 位中 1 位相符"
    assert by_trip["T3"]["plate"]["en"] == "1 of 4 signs of the plate fit"
    # The car without a trip was 0.0695 degrees of 102,450 m off: 7.1 km.
    assert by_trip[""]["place"]["en"] == "never nearer than 7.1 km to the place"
    assert "D1" not in out
    assert "driver" not in out


def test_people_read_chinese_first(known: Path, call: Call) -> None:
    status, out, err = call("complaint", "find", "--home", known, *TIME, "--plate", "12345", "--limit", "1")
    assert status == 0, err
    assert out.splitlines()[0] == "1. 粤A12345  T1  2026-10-20T10:00:10 – 10:20:10  ¥18.00  [+4]"
    assert "   + 车牌含 12345 · the plate holds 12345" in out.splitlines()
    assert "listed" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (TIME, "tell at least one of"),
        ((*TIME, "--place", "113.2"), "no zone '113.2'"),
        ((*TIME, "--place", "north,23"), "no place"),
        (("--from", "yesterday", "--to", "2026-10-20", "--fare", "18"), "'yesterday' is no time"),
        (("--from", "2026-10-20T11:00", "--to", "2026-10-20T10:00", "--fare", "18"), "lies before --from"),
    ],
)
def test_a_wrong_call_says_what_was_expected(
    known: Path, call: Call, arguments: tuple[str, ...], said: str
) -> None:
    status, out, err = call("complaint", "find", "--home", known, *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1
