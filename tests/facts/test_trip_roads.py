"""What roads say of trips, reckoned by hand on a street with a tunnel."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from taxi_qa.facts.given import NOT_GIVEN
from taxi_qa.facts.meters import meter_trips
from taxi_qa.facts.spans import rows_around
from taxi_qa.facts.trip_roads import explained_gaps, sampled_ratio, seen_by_roads, trip_roads
from taxi_qa.facts.trips import metered_trips
from taxi_qa.facts.tunnels import bounds_of, gaps_in_tunnels, highest_by_edge, near_tunnels
from taxi_qa.roads.network import TUNNEL
from taxi_qa.values.columns import Columns
from taxi_qa.values.place import E7, metres_per_degree
from tests.facts.wild import wild_fixes
from tests.roads.test_index import random_network
from tests.small_city import City

LON, LAT = 113.26, 23.13
PER_LON: Final = metres_per_degree(LAT)[0]


def east(metres: float) -> list[float]:
    return [round(LON + metres / PER_LON, 7), LAT]


def street(limit: int | None = 60, tunnel: tuple[float, float] = (2050, 2550)) -> list[dict[str, Any]]:
    """A secondary street with a tunnel between two places, metres east of where cars leave."""
    ends = [-1_000.0, *tunnel, 20_000.0]
    said = {} if limit is None else {"limit": limit}
    return [
        {
            "line": [east(a), east(b)],
            "class": "secondary",
            "tunnel": number == 1,
            "way_id": number + 1,
            **said,
        }
        for number, (a, b) in enumerate(pairwise(ends))
    ]


TRIP: Final = {
    "trip_id": "T1", "vehicle_id": "粤A1", "boarded_at": "10:00:10", "alighted_at": "10:08:30",
    "metered_km": 5, "fare_yuan": 20,
}  # fmt: skip
THROUGH: Final = (
    {"leave": [LON, LAT], "at": "10:00:00"},
    {"drive_m": 2000, "kmh": 36},
    {"gap_s": 61, "drive_m": 610, "kmh": 36},
    {"drive_m": 3400, "kmh": 36},
)


def city(
    streets: Sequence[Mapping[str, Any]], track: Sequence[Mapping[str, Any]] = THROUGH,
    place: str = "guangzhou", limits: Sequence[Mapping[str, Any]] = (),
) -> City:  # fmt: skip
    return City(
        records={"trips": [TRIP]}, tracks=[{"vehicle_id": "粤A1", "track": list(track)}],
        streets=streets, place=place, limits=limits,
    )  # fmt: skip


def told(one: City) -> Columns:
    records = one.given()
    return trip_roads(metered_trips(records, one.law()), records, one.law())


def test_a_trip_through_a_tunnel() -> None:
    rows = told(city(street()))
    row = {name: values[0] for name, values in rows.columns.items()}
    assert (row["missing"], row["open_gaps"], row["matched_ratio"]) == ("", 0, 1.0)
    assert (row["matched_m"], row["driven_m"]) == pytest.approx((5000, 5000), abs=3)
    # Metres 100 to 5,100; in the gap at most 61 s at 60 km/h, 1,016.7 m, in place of 610.
    assert row["longest_m"] == pytest.approx(5000 - 610 + 1016.7, abs=3)
    assert row["gap_most_m"] == pytest.approx(1016.7 - 610, abs=2)
    assert row["gap_least_m"] == pytest.approx(0, abs=2)
    assert row["tunnel_m"] == row["tunnel_gap_m"] == pytest.approx(500, abs=2)
    # A tagged limit of 60 is driven at 54 km/h, 15 m/s: 5,000 / 15
    assert row["free_s"] == pytest.approx(333.3, abs=2)


def test_a_tunnel_with_positions_in_it_is_no_gap() -> None:
    track = ({"leave": [LON, LAT], "at": "10:00:00"}, {"drive_m": 6000, "kmh": 36})
    rows = told(city(street(), track))
    assert rows["tunnel_m"][0] == pytest.approx(500, abs=2)
    assert rows["matched_m"][0] == pytest.approx(5000, abs=3)
    assert (rows["tunnel_gap_m"][0], rows["open_gaps"][0]) == (0, 0)


def test_a_tunnel_whose_limit_nobody_knows_explains_nothing() -> None:
    # New York's law has no default for a class of road.
    rows = told(city(street(limit=None), place="nyc"))
    assert (rows["open_gaps"][0], rows["tunnel_gap_m"][0]) == (1, 0)
    checks = [
        meter_trips(metered_trips(records, one.law()), records, one.law())
        for one in (city(street(limit=None), place="nyc"), city(street(), place="nyc"))
        for records in (one.given(),)
    ]
    assert [one["missing"][0] for one in checks] == ["clear track", ""]


def test_a_limit_of_some_hours_may_be_the_higher_one() -> None:
    # At most 61 s at 80 km/h, 1,355.6 m: whether those hours were in force is no matter, they favour him.
    limits = [{"way_id": 2, "kmh": 80, "hours": "01:00-02:00"}]
    assert told(city(street(), limits=limits))["gap_most_m"][0] == pytest.approx(1355.6 - 610, abs=2)


# A street, and 100 m beside it another that no way leads to: the receiver wanders over to it and back.
APART: Final = (
    {"line": [east(-1_000), east(20_000)], "class": "secondary", "limit": 60, "one_way": True},
    {
        "line": [[place[0], LAT + 0.0009] for place in (east(-1_000), east(20_000))],
        "class": "secondary", "limit": 60, "one_way": True,
    },
)  # fmt: skip


@pytest.mark.parametrize("sends_speed", [True, False])
def test_where_no_way_leads_on_the_speeds_tell_or_nobody_does(sends_speed: bool) -> None:
    # A fix every 200 m, 20 s: one in the middle lies on the other street. Into it and out of it no way leads.
    step: dict[str, Any] = {"gap_s": 20, "drive_m": 200, "kmh": 36}
    track = [
        {"leave": [LON, LAT], "at": "09:59:40", "sends_speed": sends_speed},
        *[step] * 12,
        {"gap_s": 20, "drive_m": 99.7, "heading": 0, "kmh": 36},
        {"gap_s": 20, "drive_m": 99.7, "heading": 180, "kmh": 36},
        *[step] * 14,
    ]
    row = {name: values[0] for name, values in told(city(APART, track)).columns.items()}
    # 10:00:10 to 10:08:30 are 25 steps of 20 s: 23 of 200 m, and two of 99.7 m.
    assert row["matched_m"] == pytest.approx(23 * 200 + 2 * 99.7, abs=5)
    # By the speeds each of those two is 200 m as well; without speeds at most 20 s at 60 km/h, 333 m.
    at_most_m = 99.7 if sends_speed else 333.3
    assert row["driven_m"] == pytest.approx(23 * 200 + 2 * (200 if sends_speed else 99.7), abs=5)
    assert row["longest_m"] == pytest.approx(23 * 200 + 2 * at_most_m, abs=5)


@pytest.mark.parametrize(("silent_s", "longest_m"), [(300, 2190.0), (301, 7006.7)])
def test_after_five_silent_minutes_any_lawful_way_may_have_been_driven(
    silent_s: int, longest_m: float
) -> None:
    # Two streets that meet 2,000 m on; the car falls silent 100 m before that place, for 200 m.
    streets = [
        {"line": [east(a), east(b)], "class": "secondary", "limit": 60, "way_id": number}
        for number, (a, b) in enumerate(((-1_000.0, 2_000.0), (2_000.0, 20_000.0)), 1)
    ]
    track = (
        {"leave": [LON, LAT], "at": "10:00:00"},
        {"drive_m": 1900, "kmh": 36},
        {"gap_s": silent_s, "drive_m": 200, "kmh": 36},
        {"drive_m": 3400, "kmh": 36},
    )
    one = city(streets, track)
    # From metre 100 to 190 m behind the silence: 1,800 + 200 + 190.
    trip = {**TRIP, "alighted_at": f"10:08:{29 + silent_s - 300}"}
    row = {name: values[0] for name, values in told(replace(one, records={"trips": [trip]})).columns.items()}
    assert row["matched_m"] == pytest.approx(2190, abs=3)
    # Silent for 301 s at 60 km/h: 5,016.7 m in place of the 200.
    assert row["longest_m"] == pytest.approx(longest_m, abs=3)


def test_a_short_street_between_two_fixes_is_driven_as_well() -> None:
    # 50 m of street from 2,020 m on: no fix lies there, they come every 100 m.
    streets = [
        {"line": [east(a), east(b)], "class": "secondary", "limit": 60, "way_id": number}
        for number, (a, b) in enumerate(pairwise((-1_000.0, 2_020.0, 2_070.0, 20_000.0)), 1)
    ]
    step: dict[str, Any] = {"gap_s": 10, "drive_m": 100, "kmh": 36}
    track = [{"leave": [LON, LAT], "at": "10:00:00"}, *[step] * 60]
    row = {name: values[0] for name, values in told(city(streets, track)).columns.items()}
    # Metres 100 to 5,100 at 54 km/h.
    assert row["matched_m"] == pytest.approx(5000, abs=3)
    assert row["free_s"] == pytest.approx(5000 / 15, abs=1)


def test_without_roads_or_track_nothing_is_told() -> None:
    assert told(city([])).columns["missing"].tolist() == ["roads"]
    rows = told(City(records={"trips": [TRIP]}, streets=street()))
    assert rows["missing"].tolist() == ["positions"]
    assert np.isnan(rows["matched_ratio"]).all()


def test_only_trips_whose_answer_may_change_are_matched() -> None:
    # Four meters on one clear track of 5,000 m: only the one above 1.05 times that is matched.
    track = ({"leave": [LON, LAT], "at": "10:00:00"}, {"drive_m": 6000, "kmh": 36})
    one = city(street(), track)
    trips = [{**TRIP, "trip_id": f"T{km}", "metered_km": km} for km in (4.5, 5.0, 5.2, 5.3)]
    one = replace(one, records={"trips": trips})
    records = one.given()
    checks = meter_trips(metered_trips(records, one.law()), records, one.law())
    assert dict(zip(checks["subject"], ~np.isnan(checks["matched_ratio"]), strict=True)) == {
        "trip T4.5": False, "trip T5.0": False, "trip T5.2": False, "trip T5.3": True,
    }  # fmt: skip


def test_the_sample_tells_a_track_beside_the_roads() -> None:
    far = [{"line": [[LON, LAT + 0.01], [LON + 0.1, LAT + 0.01]], "limit": 60}]
    track = ({"leave": [LON, LAT], "at": "10:00:00"}, {"drive_m": 6000, "kmh": 36})
    for streets, wanted in ((street(), 1.0), (far, 0.0)):
        one = city(streets, track)
        records = one.given()
        trips = metered_trips(records, one.law())
        assert sampled_ratio(trips, records, np.array([0])).tolist() == [wanted]
        told = seen_by_roads(trips, records, one.law(), np.array([0]))
        assert told["matched_ratio"].tolist() == [wanted]


@pytest.mark.parametrize(("gap_m", "explained"), [(610, True), (1_600, False)])
def test_gaps_are_explained_without_matching(gap_m: float, explained: bool) -> None:
    # 1,600 m from 2,000 m on end 1,050 m beyond the tunnel.
    track = (*THROUGH[:2], {"gap_s": gap_m / 10, "drive_m": gap_m, "kmh": 36}, {"drive_m": 3400, "kmh": 36})
    one = city(street(), track)
    records = one.given()
    trips = metered_trips(records, one.law())
    assert explained_gaps(trips, records, one.law(), np.array([0])).tolist() == [explained]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
@example(126)  # a car without a fix
def test_rows_around_a_span_are_those_a_search_finds(seed: int) -> None:
    track = City().given().track
    fixes = wild_fixes(seed)
    track = replace(
        track, vehicle_ids=fixes.vehicle_ids, starts=fixes.starts, time_ms=fixes.time_ms, lon_e7=fixes.lon_e7
    )
    rng = np.random.default_rng(seed)
    n = 50
    vehicle = rng.integers(0, len(fixes.vehicle_ids), n)
    vehicle[::7] = NOT_GIVEN
    moments = np.append(fixes.time_ms, [fixes.time_ms.min() - 9, fixes.time_ms.max() + 9])
    start = rng.choice(moments, n) + rng.integers(-1, 2, n)
    end = start + rng.integers(0, 200_000, n)
    low, high, first, past = rows_around(track, vehicle, start, end)
    for row in range(n):
        if vehicle[row] == NOT_GIVEN or not np.diff(fixes.starts)[vehicle[row]]:
            assert (low[row], high[row], past[row] - first[row]) == (0, -1, 0)
            continue
        rows = np.arange(fixes.starts[vehicle[row]], fixes.starts[vehicle[row] + 1])
        times = fixes.time_ms[rows]
        inside = rows[(times >= start[row]) & (times <= end[row])]
        assert np.array_equal(np.arange(first[row], past[row]), inside)
        before, after = rows[times <= start[row]], rows[times >= end[row]]
        assert (
            times[low[row] - rows[0]] == times[before[-1] - rows[0]] if before.size else low[row] == rows[0]
        )
        assert high[row] >= (inside[-1] if inside.size else low[row] - 1)
        if after.size and not inside.size:
            assert high[row] == after[0]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_no_place_near_a_tunnel_is_overlooked(seed: int) -> None:
    network = random_network(seed)
    rng = np.random.default_rng(seed)
    flags = np.where(np.isin(network.way, rng.integers(0, 25, 2)), TUNNEL, 0).astype(np.uint8)
    network = replace(network, edge_flags=flags)
    n = 300
    lon = (1_040_000_000 + rng.integers(-300_000, 600_000, n)).astype(np.int32)
    lat = (306_000_000 + rng.integers(-300_000, 600_000, n)).astype(np.int32)
    track = replace(City().given().track, lon_e7=lon, lat_e7=lat)
    found = near_tunnels(network, track, np.arange(n), 300.0)
    lines = [
        shapely.LineString(np.column_stack(network.shape_of(e)) / E7) for e in np.flatnonzero(flags).tolist()
    ]
    if not lines:
        assert not found.any()
        return
    per_lon, per_lat = metres_per_degree(30.62)
    scaled = shapely.transform(shapely.MultiLineString(lines), lambda xy: xy * (per_lon, per_lat))
    away = shapely.distance(scaled, shapely.points(lon / E7 * per_lon, lat / E7 * per_lat))
    assert found[away <= 300.0].all()
    assert not found[away > 4_000.0].any()


@pytest.mark.parametrize(
    ("from_m", "to_m", "held_s", "explained"),
    [
        (2_000, 2_610, 61, True),
        # The tunnel lies from 2,050 m to 2,550 m: at most 500 m to either side of it, and a hair more.
        (1_555, 2_610, 110, True),
        (1_545, 2_610, 110, False),
        (2_000, 3_045, 110, True),
        (2_000, 3_055, 110, False),
        # 60 s and 500 m at 10 km/h are 240 s.
        (2_000, 2_610, 239, True),
        (2_000, 2_610, 241, False),
        # Beside it, before it and behind it.
        (1_000, 2_000, 100, False),
        (2_600, 3_600, 100, False),
    ],
)
def test_what_a_tunnel_explains(from_m: float, to_m: float, held_s: float, explained: bool) -> None:
    track = (
        {"leave": east(from_m), "at": "10:00:00"},
        {"gap_s": held_s, "drive_m": to_m - from_m, "kmh": 36},
    )
    one = city(street(), track)
    records = one.given()
    assert records.roads is not None
    day = one.number()
    gaps = gaps_in_tunnels(
        records.roads, highest_by_edge(records.roads.limits(one.law(), day), records.roads.index),
        records.track, np.full(2, 900, dtype=np.int16), np.array([0]), bounds_of(one.law(), records.from_ms),
    )  # fmt: skip
    if not explained:
        assert np.isnan([gaps.way_m, gaps.most_m, gaps.free_s, gaps.tunnel_m]).all()
        return
    assert gaps.way_m[0] == pytest.approx(to_m - from_m, abs=1)
    assert gaps.most_m[0] == pytest.approx(max(to_m - from_m, held_s * 60 / 3.6), abs=1)
    assert gaps.tunnel_m[0] == pytest.approx(500, abs=1)
    # 60 km/h are driven at 54.
    assert gaps.free_s[0] == pytest.approx((to_m - from_m) / 15, abs=0.2)
