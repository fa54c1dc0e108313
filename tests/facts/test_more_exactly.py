"""Facts about single moments, places and cars: what is inside, what is beside it, and what is just beyond."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings

from taxi_qa.facts import candidates, equipment, hub_pickups, hub_turns, streams, track, trip_roads
from taxi_qa.facts.carriages import occupied_runs
from taxi_qa.facts.delays import delay_part
from taxi_qa.facts.duty import duties
from taxi_qa.facts.exposure import Exposed
from taxi_qa.facts.hub_zones import hub_zones
from taxi_qa.facts.meters import meter_trips
from taxi_qa.facts.trips import metered_trips
from taxi_qa.facts.tunnels import near_tunnels
from taxi_qa.facts.units import DayUnits
from taxi_qa.facts.uptime import outages
from taxi_qa.facts.watching import _moments
from taxi_qa.values.columns import Columns
from taxi_qa.values.place import metres_per_degree
from tests.facts.frames import DAY_MS, MIN, H, S, day_with
from tests.facts.wild import seeds
from tests.small_city import City, fixes_of, law_of

AT = DAY_MS + 12 * H
LAW = law_of("guangzhou")
PER_LON, PER_LAT = metres_per_degree(23.1)


def _texts(*words: str) -> np.ndarray[Any, Any]:
    return np.array(words, dtype=object)


def _times(*moments: float) -> np.ndarray[Any, Any]:
    return np.array(moments, dtype=np.int64)


def _square(lon: float, lat: float, half_m: float) -> shapely.Geometry:
    return shapely.box(
        lon - half_m / PER_LON, lat - half_m / PER_LAT, lon + half_m / PER_LON, lat + half_m / PER_LAT
    )


def _exposed(kmh: list[float]) -> Exposed:
    """A car with a fix every ten seconds at these speeds, on duty all day."""
    steps: list[dict[str, Any]] = [{"leave": [113.3, 23.1], "at": "12:00:00"}]
    steps += [{"gap_s": 10, "drive_m": one / 3.6 * 10, "kmh": one} for one in kmh]
    shifts = [{"vehicle_id": "A", "driver_id": "D", "start": "08:00:00", "end": "20:00:00"}]
    one = City(records={"shifts": shifts}, tracks=[{"vehicle_id": "A", "track": steps}]).given()
    return Exposed(DayUnits(one, LAW))


def test_driving_freely_begins_at_its_speed() -> None:
    least = LAW.number("house.review.free_driving_kmh", DAY_MS)
    # The first fix stands, the last has nothing after it.
    told = _exposed([least - 0.01, least, least + 0.01, least])._free_ms
    assert told.tolist() == [0, 0, 10 * S, 10 * S, 0]


@pytest.mark.parametrize(("to_s", "left_s"), [(9, 20), (10, 10), (19, 10), (20, 0)])
def test_what_begins_at_the_last_moment_of_a_dark_span_is_dark(to_s: int, left_s: int) -> None:
    least = LAW.number("house.review.free_driving_kmh", DAY_MS)
    one = _exposed([least] * 3)
    dark = Columns({"vehicle_id": _texts("A"), "start_ms": _times(AT), "end_ms": _times(AT + to_s * S)})
    assert one._free_outside(dark).sum() == left_s * S


@pytest.mark.parametrize("missing", ["", "positions"])
def test_an_outage_that_cannot_be_told_is_not_counted(missing: str) -> None:
    shifts = [{"vehicle_id": "A", "driver_id": "D", "start_ms": AT, "end_ms": AT + 2 * H}]
    row = {
        "vehicle_id": _texts("A"), "start_ms": _times(AT), "end_ms": _times(AT + H),
        "dark_s": np.array([3600.0]), "missing": _texts(missing), "lon": np.array([np.nan]),
        "lat": np.array([np.nan]),
    }  # fmt: skip
    causes = {cause: np.array([False]) for *_rest, some in equipment.DEVICES.values() for cause in some}
    units = {unit: Columns({**row, **causes}) for unit, *_rest in equipment.DEVICES.values()}
    part = equipment.equipment_part(day_with(shifts=shifts), LAW, units)
    assert part["dark_s"].tolist() == [0.0 if missing else 3600.0] * len(equipment.DEVICES)
    assert part["untold_s"].tolist() == [3600.0 if missing else 0.0] * len(equipment.DEVICES)


@pytest.mark.parametrize(
    ("east_m", "north_m", "away_m"),
    [(0, 0, 0), (0, 300, 200), (300, 0, 200), (0, -150, 50), (-130, 140, 50), (99, 99, 0)],
)
def test_metres_to_an_area_are_the_same_all_round(east_m: float, north_m: float, away_m: float) -> None:
    # A square of 100 m to every side; beyond a corner by 30 and 40 are 50 m.
    lon, lat = np.array([113.3 + east_m / PER_LON]), np.array([23.1 + north_m / PER_LAT])
    assert hub_pickups._metres(_square(113.3, 23.1, 100), lon, lat) == pytest.approx([away_m], abs=0.2)


@pytest.mark.parametrize(
    ("east_m", "valid_to", "depth_m"),
    [
        (0, None, 100),
        (60, None, 40),
        (101, None, 0),
        (500, None, 0),
        (0, "2026-10-19", 0),
        (0, "2026-10-20", 100),
    ],
)
def test_how_deep_in_a_zone_without_pick_up(east_m: float, valid_to: str | None, depth_m: float) -> None:
    ring = shapely.get_coordinates(_square(113.3, 23.1, 100)).tolist()
    zone = {"zone_id": "N", "name": "站前", "kind": "no_pickup", "valid_to": valid_to,
            "geometry": {"type": "Polygon", "coordinates": [ring]}}  # fmt: skip
    one = City(records={"zones": [zone]}).given()
    zones = hub_zones(one)
    assert zones is not None
    places = (_times(0), _times(AT), np.array([113.3 + east_m / PER_LON]), np.array([23.1]))
    depth = hub_pickups._depth(zones, one, _times(0), np.array([True]), places)
    assert depth.tolist() == pytest.approx([depth_m], abs=0.2)


@pytest.mark.parametrize(("share", "in_time"), [(0.9, True), (1.0, True), (1.4, False), (1.9, False)])
def test_an_outage_is_reported_in_time(share: float, *, in_time: bool) -> None:
    allowed_s = LAW.number("house.vehicle.report_in_time_s", DAY_MS)
    steps = [
        {"leave": [113.3, 23.1], "at": "08:00:00"},
        {"stand_s": 600, "every_s": 30},
        {"gap_s": int(2.5 * allowed_s), "drive_m": 5_000, "kmh": 20},
        {"stand_s": 600, "every_s": 30},
    ]
    shifts = [{"vehicle_id": "A", "driver_id": "D", "start": "08:00:00", "end": "23:59:00"}]
    begin_ms = DAY_MS + 8 * H + 10 * MIN
    ticket = {"ticket_id": "R", "vehicle_id": "A", "device": "gnss", "cause": "x", "reported_by": "D",
              "reported_ms": begin_ms + int(share * allowed_s * S)}  # fmt: skip
    one = City(records={"shifts": shifts}, tracks=[{"vehicle_id": "A", "track": steps}]).given()
    one = replace(one, tables={**one.tables, "repairs": day_with(repairs=[ticket]).tables["repairs"]})
    told = outages(one, LAW)
    # After its last fix it is dark again until the duty ends.
    dark = (told["dark_s"] > 0) & (told["start_ms"] == begin_ms)
    assert dark.sum() == 1
    assert told["reported_in_time"][dark].tolist() == [in_time]


def test_a_loaded_run_is_the_days_on_which_it_began() -> None:
    steps = [
        {"leave": [113.3, 23.1], "at": "2026-10-19 23:50:00", "loaded": True},
        {"drive_m": 6_000, "kmh": 36},
        {"stand_s": 600, "loaded": False},
        {"drive_m": 3_000, "kmh": 36, "loaded": True},
        {"stand_s": 600, "loaded": False},
    ]
    city = City(tracks=[{"vehicle_id": "A", "track": steps}])
    # 600 s at 36 km/h are 6 km: to midnight; ten minutes later the second run of 300 s.
    begins = {day: occupied_runs(city.given(city.number() + day))["start_ms"].tolist() for day in (-1, 0, 1)}
    assert [len(some) for some in begins.values()] == [1, 1, 0]
    assert begins[-1][0] < DAY_MS <= begins[0][0]


def test_which_way_a_trip_went() -> None:
    east, north = 1_000 / PER_LON, 1_000 / PER_LAT
    ways = [(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, 0)]
    ends = Columns(
        {
            "boarded_lon": np.full(6, 113.3), "boarded_lat": np.full(6, 23.1),
            "alighted_lon": 113.3 + east * np.array([one[0] for one in ways]),
            "alighted_lat": 23.1 + north * np.array([one[1] for one in ways]),
        }
    )  # fmt: skip
    assert candidates._bearing_deg(ends).tolist() == pytest.approx([0, 45, 90, 135, 180, 270], abs=0.01)


@pytest.mark.parametrize(
    ("kmh", "held_s", "silent"),
    [
        ((30.0, 30.0), 45.0, False), ((30.0, 30.0), 45.1, True), ((None, 30.0), 10.0, True),
        ((30.0, None), 10.0, True), ((0.0, 0.0), 10.0, False),
    ],
)  # fmt: skip
def test_a_step_of_which_no_speed_tells(
    kmh: tuple[float | None, float | None], held_s: float, *, silent: bool
) -> None:
    speeds = np.array([-1 if one is None else round(one * 100) for one in kmh], dtype=np.int32)
    line: Any = SimpleNamespace(row=np.arange(2))
    steps: Any = SimpleNamespace(first=np.array([0]), held_s=np.array([held_s]))
    one: Any = SimpleNamespace(track=SimpleNamespace(speed_ckmh=speeds))
    assert trip_roads._is_silent(line, steps, one).tolist() == [silent]


def test_only_places_near_a_tunnel_are_near_one() -> None:
    streets: list[dict[str, Any]] = [
        {"line": [[113.30, 23.10], [113.31, 23.10]], "class": "primary", "tunnel": True},
        {"line": [[113.31, 23.10], [113.40, 23.10]], "class": "primary"},
    ]
    steps = [{"leave": [113.305, 23.1], "at": "12:00:00"}, {"gap_s": 60, "drive_m": 8_000, "kmh": 60}]
    one = City(streets=streets, tracks=[{"vehicle_id": "A", "track": steps}]).given()
    assert one.roads is not None
    near = near_tunnels(one.roads.network, one.track, np.array([0, 1]), 200.0)
    assert near.tolist() == [True, False]
    open_air = City(streets=[{**streets[0], "tunnel": False}, streets[1]]).given()
    assert open_air.roads is not None
    assert not near_tunnels(open_air.roads.network, one.track, np.array([0, 1]), 200.0).any()


@pytest.mark.parametrize("over_m", [-60, 60])
def test_a_short_trip_bursts_by_metres_and_not_by_share(over_m: float) -> None:
    ratio, metres = (LAW.number(f"house.fare.burst_{name}", DAY_MS) for name in ("ratio", "m"))
    driven_m = 0.5 * metres / (ratio - 1)  # so short that the metres are the greater allowance
    metered_m = driven_m + metres + over_m
    assert metered_m > ratio * driven_m
    seconds = driven_m / 10
    steps = [
        {"leave": [113.3, 23.1], "at": "12:00:00"},
        {"stand_s": 300},
        {"drive_m": driven_m, "kmh": 36, "every_s": 5},
        {"stand_s": 300},
    ]
    trip = {
        "trip_id": "T", "vehicle_id": "A", "boarded_at": "12:05:01", "metered_km": f"{metered_m / 1000:.3f}",
        "alighted_at": {"after_s": 0}, "fare_yuan": "20",
    }  # fmt: skip
    trip["alighted_at"] = f"12:{5 + int(seconds + 30) // 60:02d}:{int(seconds + 30) % 60:02d}"
    one = City(records={"trips": [trip]}, tracks=[{"vehicle_id": "A", "track": steps}]).given()
    checks = meter_trips(metered_trips(one, LAW), one, LAW)
    assert checks["is_clear"].tolist() == [True]
    assert checks["gnss_m"].tolist() == pytest.approx([driven_m], abs=30)
    assert checks["is_burst"].tolist() == [over_m > 0]


def test_seats_that_are_counted_are_no_camera() -> None:
    kinds = ["passenger_count", "harsh_turn", "no_belt_driver", "belt_reminder"]
    events = [
        {"event_id": f"E{n}", "vehicle_id": f"V{n}", "time_ms": AT, "kind": kind}
        for n, kind in enumerate(kinds)
    ]
    spoke = set(_moments(day_with(events=events), by_belt=False).cars)
    assert spoke.isdisjoint({"V0", "V1"})


@pytest.mark.parametrize(("ends", "hit"), [(-1, False), (0, True), (1, True)])
def test_two_cars_drive_from_the_first_moment_of_their_stretch(ends: int, *, hit: bool) -> None:
    least = int(LAW.number("house.licence.clone_switches", AT))
    double = Columns({
        "vehicle_id": _texts("A", "A"), "start_ms": _times(AT, AT), "end_ms": _times(AT + H, AT + H),
        "switches": _times(least, least - 1),
    })  # fmt: skip
    one = City().given()
    one.once("doubles", lambda _: double)
    assert streams.two_cars(one, LAW, _texts("A"), _times(AT - H), _times(AT + ends)).tolist() == [hit]
    assert streams.two_cars(one, LAW, _texts("B"), _times(AT - H), _times(AT + ends)).tolist() == [False]


def test_a_pair_at_either_end_is_never_turned() -> None:
    lon = np.array([0, 20_000, 10_000, 30_000], dtype=np.int32) + 1_133_000_000
    lat = np.full(4, 231_000_000, dtype=np.int32)
    for times in ((0, 0, 1, 2), (0, 1, 2, 2), (0, 0, 0, 1), (0, 0, 1, 1)):
        found = track.turned_pairs(np.array([0, 4]), AT + np.array(times) * S, lon, lat)
        assert found.tolist() == [], times


@given(seeds)
@settings(max_examples=80)
def test_the_first_fix_of_a_stay_from_a_moment_on(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stay = np.sort(rng.integers(0, 3, 12))
    times = rng.integers(0, 6, 12)
    order = np.lexsort((times, stay))
    stay, times = stay[order], times[order]
    fixes = Columns({"time_ms": AT + times})
    of_stay, moments = rng.integers(0, 3, 8), rng.integers(-2, 9, 8)
    found = hub_turns._fixes_of(fixes, stay, of_stay, AT + moments)
    for at, (one, moment) in enumerate(zip(of_stay, moments, strict=True)):
        later = [row for row in range(12) if (stay[row], times[row]) >= (one, moment) and stay[row] >= one]
        # Beyond the last fix of the stay it is the first of the next one.
        assert found[at] == (later[0] if later else 12)


@given(seeds)
@settings(max_examples=120)
def test_the_short_ride_somebody_comes_straight_back_from(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ticket, short_m = hub_turns.TICKET_MS, hub_turns.SHORT_M
    n = int(rng.integers(1, 6))
    end = AT + rng.choice([0, 1, 2, ticket, ticket + 1], n)
    rides = Columns({
        "vehicle": rng.integers(0, 2, n), "start_ms": end - MIN, "end_ms": end,
        "trip_id": _texts(*(f"T{row}" for row in range(n))),
        "metered_m": rng.choice([short_m - 1, short_m, short_m + 1], n).astype(np.float64),
    })  # fmt: skip
    m = 5
    begins = AT + rng.choice([-1, 0, 1, 2, ticket, ticket + 1, ticket + 2], m)
    names = _texts(*(f"T{row}" for row in rng.permutation(m)))
    turns = Columns({"vehicle": rng.integers(0, 2, m), "start_ms": begins, "trip_id": names})
    before, hub = rng.choice([-1, -1, 0], m), _texts(*rng.choice(["H", "I"], m))
    found = hub_turns._short_ride(rides, turns, before, hub)
    from_hub = dict(zip(turns["trip_id"].tolist(), hub.tolist(), strict=True))
    for at in range(m):
        car, begin = turns["vehicle"][at], turns["start_ms"][at]
        past = [row for row in range(n) if rides["vehicle"][row] == car and rides["end_ms"][row] <= begin]
        metres = np.nan
        if past:
            last = max(past, key=lambda row: (rides["end_ms"][row], row))
            is_back = before[at] < 0 and from_hub.get(f"T{last}") == hub[at]
            if is_back and begin - rides["end_ms"][last] <= ticket and rides["metered_m"][last] < short_m:
                metres = rides["metered_m"][last]
        assert found[at] == pytest.approx(metres, nan_ok=True)


def test_a_duty_without_any_time_is_none() -> None:
    shifts = [
        {"vehicle_id": "A", "driver_id": "D", "start_ms": AT, "end_ms": AT},
        {"vehicle_id": "B", "driver_id": "E", "start_ms": AT, "end_ms": AT + 1},
    ]
    assert duties(day_with(shifts=shifts))["vehicle_id"].tolist() == ["B"]


def test_trips_away_from_hubs_are_no_pick_ups_at_hubs() -> None:
    trip = {"trip_id": "T", "vehicle_id": "A", "boarded_ms": AT, "alighted_ms": AT + H, "metered_m": 5_000}
    assert len(Exposed(DayUnits(day_with(trips=[trip]), LAW))._pickups) == 0


def test_the_dark_of_one_car_is_not_anothers() -> None:
    least = LAW.number("house.review.free_driving_kmh", DAY_MS)
    steps = [
        {"leave": [113.3, 23.1], "at": "12:00:00"},
        *({"gap_s": 10, "drive_m": least / 3.6 * 10, "kmh": least} for _ in range(3)),
    ]
    tracks = [{"vehicle_id": name, "track": steps} for name in "ABC"]
    one = Exposed(DayUnits(City(tracks=tracks).given(), LAW))
    # Of each car 20 s are driven freely: not from the stand, nor after the last fix.
    for at, name in enumerate("ABC"):
        dark = Columns({"vehicle_id": _texts(name), "start_ms": _times(AT), "end_ms": _times(AT + MIN)})
        left = one._free_outside(dark).reshape(3, 4).sum(axis=1)
        assert left.tolist() == [0 if car == at else 20 * S for car in range(3)]


@pytest.mark.parametrize(("at_ms", "long"), [(-1, 0), (0, 1), (24 * H - 1, 1), (24 * H, 0)])
def test_a_late_fix_counts_on_the_day_it_was_taken(at_ms: int, long: int) -> None:
    late_s = LAW.number("house.vehicle.delay_long_s", DAY_MS) + 60
    row = {"vehicle_id": "A", "lon": 113.3, "lat": 23.1, "speed_kmh": 0.0}
    fixes = fixes_of([
        {**row, "time_ms": DAY_MS + at_ms, "delay_s": late_s},
        {**row, "time_ms": AT, "delay_s": 0},
    ])  # fmt: skip
    one = replace(City().given(), fixes=fixes)
    assert delay_part(one, LAW)["long"].tolist() == [long]
