"""What is said of trips at the very limit: repairs, clear lines, draws, and ratios of a week."""

import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxi_qa.facts import driven_trips, hub_ledger, meters, trips
from taxi_qa.facts.downs import downs
from taxi_qa.facts.usual_routes import LEG_M
from taxi_qa.values.columns import Columns
from tests.facts.frames import DAY_MS, MIN, H, S, day_with
from tests.small_city import City, law_of

AT = DAY_MS + 8 * H
# City days are counted from 1970: 20,746 is 2026-10-20.
DAY = 20_746
CARS = np.array(["A", "B"], dtype=object)
LAW = law_of("guangzhou")


@pytest.mark.parametrize(
    ("repair", "ticket"),
    [
        # From the repair on, until the day on which it was proven again.
        ({"repaired_ms": AT}, "R"),
        ({"repaired_ms": AT + 1}, ""),
        ({"reported_ms": AT}, "R"),
        ({"reported_ms": AT - H, "repaired_ms": AT + 1}, ""),
        ({"repaired_ms": AT - H, "reverified_on_day": DAY + 1}, "R"),
        ({"repaired_ms": AT - H, "reverified_on_day": DAY}, ""),
        ({"repaired_ms": AT - H, "device": "camera"}, ""),
    ],
)
def test_a_meter_not_proven_again(repair: dict[str, Any], ticket: str) -> None:
    told = {"ticket_id": "R", "vehicle_id": "A", "device": "meter", "reported_ms": AT - 2 * H} | repair
    said = trips._meter_unverified(day_with(repairs=[told]), CARS, np.array([AT, AT]))
    assert said.tolist() == [ticket, ""]


@pytest.mark.parametrize(
    ("done", "last"),
    [
        ([0], 0.0),
        ([1], np.nan),
        ([-60, -30], -30.0),
        ([-30, -60], -30.0),
        ([None], np.nan),
        ([-30, 1], -30.0),
    ],
)
def test_the_last_repair_before_a_trip(done: list[int | None], last: float) -> None:
    rows = [
        {
            "ticket_id": f"R{at}",
            "vehicle_id": "A",
            "device": device,
            "reported_ms": AT - H,
            # A camera's repair is no meter's.
            "repaired_ms": None if minute is None else AT + minute * MIN + (device == "camera"),
        }
        for at, minute in enumerate(done)
        for device in ("meter", "camera")
    ]
    asked = Columns({"vehicle_id": CARS, "start_ms": np.array([AT, AT])})
    said = meters._last_repair(day_with(repairs=rows), asked)
    assert said.tolist() == pytest.approx([AT + last * MIN, np.nan], nan_ok=True)


@pytest.mark.parametrize(("at_s", "hit"), [(0, True), (-1, False), (600, True), (601, False)])
def test_another_driver_within_a_trip(at_s: int, *, hit: bool) -> None:
    event = {"vehicle_id": "A", "kind": "driver_mismatch", "time_ms": AT + at_s * S}
    times = trips._Times(np.array([AT, AT]), np.array([AT + 10 * MIN] * 2), np.array([0, 1]))
    assert trips._mismatch(day_with(events=[event]), CARS, times).tolist() == [hit, False]


@pytest.mark.parametrize(
    ("begin_s", "end_s", "slack_s"), [(0, 600, 60.0), (1, 600, 0.0), (0, 601, 0.0), (30, 630, 0.0)]
)
def test_times_of_whole_minutes(begin_s: int, end_s: int, slack_s: float) -> None:
    times = trips._Times(np.array([AT + begin_s * S]), np.array([AT + end_s * S]), np.array([0]))
    assert times.slack_s.tolist() == [slack_s]


def test_clear_trips() -> None:
    told = [
        # Missing, longest gap, leaps, metres; a gap of 30 s is still clear.
        ("", 30.0, 0, 900.0, True),
        ("", 30.1, 0, 900.0, False),
        ("positions", 10.0, 0, 900.0, False),
        ("", 10.0, 1, 900.0, False),
        ("", 10.0, 0, 0.0, False),
        ("", 10.0, 0, np.nan, False),
    ]
    names = ("missing", "longest_gap_s", "leaps", "chord_low_m")
    rows = Columns({name: np.array([row[at] for row in told], dtype=object if not at else None)
                    for at, name in enumerate(names)})  # fmt: skip
    assert driven_trips.clear_trips(rows, 30.0).tolist() == [row[-1] for row in told]


def test_lots_are_those_of_splitmix() -> None:
    whole = (1 << 64) - 1

    def lot(name: str, moment: int) -> float:
        x = (moment + zlib.crc32(name.encode()) * 0x9E3779B97F4A7C15) & whole
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & whole
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & whole
        return (x ^ (x >> 31)) / 2**64

    moments = np.array([AT, AT + 1])
    assert driven_trips._lots(CARS, moments).tolist() == [lot("A", AT), lot("B", AT + 1)]


@pytest.mark.parametrize(("of_city", "some"), [(400, "all"), (200, "half"), (0, "none")])
def test_a_draw_of_clear_trips(of_city: int, some: str) -> None:
    n = 400
    rows = Columns(
        {
            "vehicle_id": np.full(n, "A", dtype=object),
            "start_ms": AT + np.arange(n) * MIN,
            "missing": np.full(n, "", dtype=object),
            "longest_gap_s": np.zeros(n),
            # Every second one leaps.
            "leaps": np.arange(n) % 2,
            "chord_low_m": np.full(n, 900.0),
        }
    )
    drawn = driven_trips._sample(rows, replace(day_with(), city_trips=n), LAW, of_city)
    assert (drawn % 2 == 0).all()
    # Of 200 clear ones a half: 100, give or take four times 7.
    assert {"all": drawn.size == 200, "half": 72 <= drawn.size <= 128, "none": drawn.size == 0}[some]


@pytest.mark.parametrize(
    ("trips_in_week", "rank"),
    # n/2 - 1.645 sqrt(n)/2, down to a whole: 10 - 3.68; 2 - 1.645; 50 - 8.2; 0.5 - 0.8 is the first.
    [(20, 6), (4, 0), (100, 41), (1, 0)],
)
def test_the_low_end_of_a_median(trips_in_week: int, rank: int) -> None:
    values = pd.Series(np.random.default_rng(1).permutation(trips_in_week).astype(np.float64))
    assert meters._median_low(values) == rank


def test_a_camera_lives_from_what_it_recognised_next() -> None:
    seen = [{"vehicle_id": car, "kind": "phone", "time_ms": AT + at * MIN} for car, at in
            (("A", 5), ("A", 10), ("A", 15), ("B", 12), ("C", 1), ("C", 30))]  # fmt: skip
    status = [
        {"vehicle_id": car, "device": "camera", "state": "down", "from_ms": AT + 10 * MIN}
        for car in ("A", "B", "C", "D")
    ]
    one = replace(day_with(events=seen, device_status=status), heard_to_ms=AT + 60 * MIN)
    found = downs(one, "camera")
    ends = dict(zip(found["vehicle_id"].tolist(), ((found["end_ms"] - AT) // MIN).tolist(), strict=True))
    assert ends == {"A": 15, "B": 12, "C": 30, "D": 60}


def test_what_a_ledger_of_a_hub_says() -> None:
    few, enough = float(hub_ledger.LEAST_TURNS - 1), float(hub_ledger.LEAST_TURNS)
    chance, more = hub_ledger.CHANCE, hub_ledger.CHANCE + 0.1
    told = [
        # Deviations, turns, overtook, overtaken.
        (more, few, 1.0, 1.0, "too few turns", "too few turns"),
        (chance, enough, 1.0, 1.0, "chance", "chance"),
        (-chance, enough, 1.0, 1.0, "chance", "chance"),
        (more, enough, 0.0, 1.0, "longer, and overtaken", "more short trips"),
        (more, enough, 1.0, 0.0, "longer, in turn", "more short trips"),
        (-more, enough, 1.0, 0.0, "shorter, and overtook", "fewer short trips"),
        (-more, enough, 0.0, 1.0, "shorter, in turn", "fewer short trips"),
    ]
    deviations, turns, overtook, overtaken = (
        np.array([row[at] for row in told], dtype=float) for at in range(4)
    )
    assert hub_ledger._waits_say(deviations, turns, overtook, overtaken).tolist() == [row[4] for row in told]
    assert hub_ledger._shorts_say(deviations, turns).tolist() == [row[5] for row in told]
    # 6 beyond with a variance of 4: three standard deviations; none where nothing varies.
    said = hub_ledger._deviations(np.array([6.0, 6.0]), np.array([4.0, 0.0]))
    assert said.tolist() == pytest.approx([3.0, np.nan], nan_ok=True)


def _driven(cars: int) -> tuple[Columns, City]:
    """Trips of so many cars, one each, ten minutes long; a car drives 10 m a second, seen every 10 s."""
    track = [{"leave": [113.3, 23.1], "at": "08:00:00"}, {"drive_m": 6_000, "kmh": 36}]
    city = City(tracks=[{"vehicle_id": f"V{number}", "track": track} for number in range(cars)])
    names = np.array([f"V{number}" for number in range(cars)], dtype=object)
    rows = {
        "vehicle_id": names,
        "start_ms": np.full(cars, AT),
        "end_ms": np.full(cars, AT + 10 * MIN),
        "slack_s": np.full(cars, 60.0),
        "missing": np.full(cars, "", dtype=object),
        "longest_gap_s": np.full(cars, 10.0),
        "leaps": np.zeros(cars),
        "chord_low_m": np.full(cars, 5_400.0),
    }
    return Columns(rows), city


def test_what_a_day_leaves_of_its_trips() -> None:
    rows, city = _driven(2)
    part = driven_trips.trips_part(rows, city.given(), LAW)
    assert part["vehicle_id"].tolist() == ["V0", "V1"]
    assert part["start_ms"].tolist() == [AT, AT]
    # Of whole minutes: its first minute may not have been driven.
    assert part["took_s"].tolist() == [540.0, 540.0]
    for lon, lat in zip(part["lon_e7"], part["lat_e7"], strict=True):
        # From 08:01 on, 600 m along; corners of a straight line stand LEG_M or a step more apart.
        assert lon[0] == pytest.approx(1_133_000_000 + 600 / 102_470 * 1e7, rel=2e-8)
        assert lon[-1] == pytest.approx(1_133_000_000 + 6_000 / 102_470 * 1e7, rel=2e-7)
        assert (np.diff(lon) >= LEG_M / 102_470 * 1e7 - 2).all()
        assert lat.tolist() == [231_000_000] * len(lon)
    # Nobody drove: nothing is left.
    assert len(driven_trips.trips_part(rows.cut(np.zeros(2, dtype=bool)), city.given(), LAW)) == 0


@pytest.mark.parametrize(("city_trips", "of_trips", "of_passes"), [(4_000, 400, 100), (16_000, 100, 25)])
def test_of_a_city_s_day_so_many_trips(
    city_trips: int, of_trips: int, of_passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = 400
    rows, city = _driven(1)
    many = Columns({name: np.repeat(rows[name], n) for name in rows})
    many = many.but({"start_ms": AT + np.arange(n) * MIN})
    asked: list[int] = []

    given = replace(city.given(), city_trips=city_trips)
    lots = driven_trips._lots(many["vehicle_id"], many["start_ms"])
    sample = driven_trips._sample

    def drawn(*said: Any) -> None:  # noqa: ANN401 - as it is asked
        asked.extend(sample(*said).tolist())
        raise StopIteration

    monkeypatch.setattr(driven_trips, "_sample", drawn)
    for make, wanted in ((driven_trips.trips_part, of_trips), (driven_trips.passes_part, of_passes)):
        asked.clear()
        with pytest.raises(StopIteration):
            make(many, given, LAW)
        # 4,000 trips of a city's day are left, and 1,000 tell of speeds.
        assert asked == np.flatnonzero(lots < wanted / n).tolist()
