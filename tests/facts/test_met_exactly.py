"""Moments, masks and ratios of several facts where one more or one less is another answer."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxi_qa.facts import (
    changes,
    complaint_desk,
    cuts,
    delays,
    duty,
    harsh,
    meters,
    streams,
    track,
)
from taxi_qa.facts.excused import excused
from taxi_qa.facts.hub_refused import refused_complaint
from taxi_qa.facts.hub_zones import hub_fixes
from taxi_qa.facts.meter_course import course
from taxi_qa.facts.paces import paces_in_numpy
from taxi_qa.facts.watching import _moments, recognised
from taxi_qa.values.columns import Columns
from taxi_qa.values.place import Datum, metres_per_degree, to_wgs84
from tests.facts.frames import DAY_MS, MIN, H, S, day_with
from tests.small_city import City, fixes_of, law_of

AT = DAY_MS + 12 * H
NEXT = DAY_MS + 24 * H
LAW = law_of("guangzhou")


def _texts(*words: str) -> np.ndarray[Any, Any]:
    return np.array(words, dtype=object)


def _times(*moments: float) -> np.ndarray[Any, Any]:
    return np.array(moments, dtype=np.int64)


@pytest.mark.parametrize(
    "datums", [("gcj02", "gcj02"), ("wgs84", "gcj02"), ("bd09", "gcj02"), ("wgs84", "wgs84")]
)
def test_each_trip_is_placed_by_its_own_datum(datums: tuple[Datum, Datum]) -> None:
    rows = [
        {"trip_id": f"T{n}", "vehicle_id": "A", "boarded_ms": AT, "alighted_ms": AT + H, "datum": datum,
         "boarded_lon": 113.3, "boarded_lat": 23.1, "alighted_lon": 113.4, "alighted_lat": 23.2}
        for n, datum in enumerate(datums)
    ]  # fmt: skip
    placed = changes._placed(day_with(trips=rows))
    for at, datum in enumerate(datums):
        for end, lon, lat in (("boarded", 113.3, 23.1), ("alighted", 113.4, 23.2)):
            true = (np.array([lon]), np.array([lat]))
            true = to_wgs84(*true, datum)
            told = placed[f"{end}_lon"][at], placed[f"{end}_lat"][at]
            assert told == pytest.approx((true[0][0], true[1][0]), abs=1e-9)


@pytest.mark.parametrize(("closed_ms", "is_open"), [(-1, 0), (0, 0), (1, 1)])
def test_a_complaint_closed_as_the_data_end_is_closed(closed_ms: int, is_open: int) -> None:
    told = {"complaint_id": "K", "received_ms": AT, "vehicle_id": "A", "category": "other"}
    one = day_with(complaints=[{**told, "closed_ms": AT + 5 * H + closed_ms}])
    months = complaint_desk.desk_months(replace(one, heard_to_ms=AT + 5 * H), LAW)
    assert months["still_open"].tolist() == [is_open]


def test_a_cut_that_begins_with_the_next_day_is_the_next_days() -> None:
    fixes = [
        {"leave": [113.3, 23.1], "at": "2026-10-20 23:50:00"},
        {"stand_s": 600, "every_s": 60},
        {"gap_s": 1_200, "drive_m": 3_000, "kmh": 20},
        {"stand_s": 600, "every_s": 60},
    ]
    shifts = [{"vehicle_id": "A", "driver_id": "D", "start": "08:00:00", "end": "2026-10-21 06:00:00"}]
    events = [{"event_id": "E", "vehicle_id": "A", "time": "2026-10-21 00:05:00", "kind": "power_cut"}]
    city = City(records={"shifts": shifts, "events": events}, tracks=[{"vehicle_id": "A", "track": fixes}])
    # The last fix before the silence is that of midnight.
    for day, found in ((city.number(), 0), (city.number() + 1, 1)):
        one = city.given(day)
        on_duty = duty.cars_on_duty(duty.duties(one))
        gaps = cuts._gaps_of_cuts(one, on_duty)
        assert gaps["start_ms"].tolist() == [NEXT] * found


@pytest.mark.parametrize(("to_s", "is_excused"), [(299, False), (300, True), (301, True)])
def test_an_excuse_reaches_to_its_last_moment(to_s: int, *, is_excused: bool) -> None:
    fixes = [{"leave": [113.3, 23.1], "at": "12:00:00"}, {"stand_s": 300, "every_s": 300}]
    excuse = {"excuse_id": "X", "scope": "vehicle", "scope_id": "A", "cause": "carrier_outage",
              "from_ms": AT, "to_ms": AT + to_s * S, "rules": "", "approved_by": "B"}  # fmt: skip
    one = City(tracks=[{"vehicle_id": "A", "track": fixes}]).given()
    given = replace(one, tables={**one.tables, **day_with(excuses=[excuse]).tables})
    assert delays._excused(given).tolist() == [True, is_excused]


@pytest.mark.parametrize(
    ("listed", "is_excused"),
    [
        ("", True),
        ("vehicle.tampering", True),
        ("fare.overcharge;vehicle.tampering", True),
        ("fare.overcharge", False),
    ],
)
def test_an_excuse_for_other_rules_excuses_nothing(listed: str, *, is_excused: bool) -> None:
    excuse = {"excuse_id": "X", "scope": "vehicle", "scope_id": "A", "cause": "maintenance", "from_ms": AT,
              "to_ms": AT + H, "rules": listed, "approved_by": "B"}  # fmt: skip
    place = (np.array([np.nan]), np.array([np.nan]))
    told = excused(day_with(excuses=[excuse]), ("vehicle.tampering",), _texts("A"), _times(AT), place)
    assert told.tolist() == [is_excused]


def test_who_takes_a_car_over_ends_the_duty_before() -> None:
    # A takes over from B at 2 and B from A again at 5; two who sign in at the very moment are nobody.
    told = [("V", "B", 0, 4), ("V", "A", 2, 9), ("V", "B", 5, 7), ("W", "A", 1, 3), ("W", "B", 1, 6)]
    cars, drivers, begin, end = (list(one) for one in zip(*told, strict=True))
    duties = Columns(
        {"vehicle_id": _texts(*cars), "driver_id": _texts(*drivers), "start_ms": _times(*begin),
         "end_ms": _times(*end)}
    )  # fmt: skip
    found = duty.relieved(duties)
    rows = zip(
        *(found[name].tolist() for name in ("vehicle_id", "driver_id", "start_ms", "end_ms")), strict=True
    )
    assert list(rows) == [("V", "B", 0, 2), ("V", "A", 2, 5), ("V", "B", 5, 7), ("W", "", 1, 6)]


def _acts(*places_m: tuple[float, float]) -> pd.DataFrame:
    """Acts of different cars on one day, so many metres east and north of a place."""
    per_lon, per_lat = metres_per_degree(23.1)
    return pd.DataFrame(
        {
            "vehicle_id": [f"V{n}" for n in range(len(places_m))],
            "acts": np.ones(len(places_m)),
            "lon": [113.3 + east / per_lon for east, _ in places_m],
            "lat": [23.1 + north / per_lat for _, north in places_m],
            "day": np.zeros(len(places_m), dtype=np.int64),
        }
    )


@pytest.mark.parametrize(
    ("apart", "is_road"),
    [((0.0, 25.0), True), ((25.0, 0.0), True), ((35.0, 0.0), False), ((0.0, 35.0), False)],
)
def test_a_place_where_others_brake_too_is_within_thirty_metres(
    apart: tuple[float, float], *, is_road: bool
) -> None:
    others = [apart, (-apart[0], -apart[1]), (apart[0], apart[1])]
    assert harsh._by_the_road(_acts((0.0, 0.0), *others)).tolist()[0] is is_road


@pytest.mark.parametrize(("after_min", "name"), [(14, "K"), (15, "K"), (15.01, "")])
def test_people_remember_to_a_quarter_of_an_hour(after_min: float, name: str) -> None:
    turns = Columns({"vehicle_id": _texts("A"), "start_ms": _times(AT), "end_ms": _times(AT + H)})
    for moment in (AT + H + after_min * MIN, AT - after_min * MIN):
        told = {"complaint_id": "K", "vehicle_id": "A", "category": "refusal", "outcome": "upheld",
                "received_ms": AT, "happened_ms": int(moment)}  # fmt: skip
        assert refused_complaint(day_with(complaints=[told]), turns).tolist() == [name]


def test_fixes_of_hubs_lie_around_the_day() -> None:
    ring = [[113.29, 23.09], [113.31, 23.09], [113.31, 23.11], [113.29, 23.11], [113.29, 23.09]]
    hub = {
        "zone_id": "H",
        "name": "站",
        "kind": "hub",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    steps = [{"leave": [113.3, 23.1], "at": "2026-10-19 20:00:00"}, {"stand_s": 16 * 3_600, "every_s": 600}]
    one = City(records={"zones": [hub]}, tracks=[{"vehicle_id": "A", "track": steps}]).given()
    found = hub_fixes(one)
    assert found is not None
    # From 20:00 to 12:00 every ten minutes; three hours before the day are looked at: 15 hours, both ends.
    assert found["time_ms"].min() == DAY_MS - 3 * H
    assert len(found) == 15 * 6 + 1


def test_a_ratio_that_hardly_moved_is_steady_though_it_moved_evenly() -> None:
    n = 40
    times = DAY_MS + np.arange(n, dtype=np.int64) * 12 * H
    for moved, kind in ((0.001, "steady"), (0.2, "drift")):
        ratios = 1.0 + moved * np.arange(n) / (n - 1)
        told = course(ratios, times)
        assert told.kind in ({kind} if kind == "steady" else {"drift", "step"}), moved
    # A long even drift is told by how far it went, not by when it was.
    even = course(1.0 + 0.08 * np.arange(n) / (n - 1), times)
    later = course(1.0 + 0.08 * np.arange(n) / (n - 1), times + 400 * 24 * H)
    assert even.kind == later.kind
    assert even.moved == pytest.approx(later.moved)


@pytest.mark.parametrize(("gnss_m", "counts"), [(999.0, 0), (1_000.0, 1), (1_001.0, 1)])
def test_a_trip_of_a_kilometre_says_something_of_the_meter(gnss_m: float, counts: int) -> None:
    part = {
        "vehicle_id": "A", "company_id": "C", "start_ms": AT, "end_ms": AT + H, "metered_m": gnss_m * 1.2,
        "gnss_least_m": gnss_m, "is_clear": True, "meter_unverified": "", "odometer_m": np.nan,
        "is_burst": False, "repaired_ms": np.nan,
    }  # fmt: skip
    weeks = meters.meter_weeks(pd.DataFrame([part]), DAY_MS, NEXT)
    assert np.nan_to_num(weeks["trips"].astype(np.float64)).tolist() == [counts]


def test_paces_of_a_car_that_sent_one_moment_twice() -> None:
    one = City().given().track
    doubled = replace(
        one, vehicle_ids=("A",), starts=np.array([0, 3]), time_ms=_times(AT, AT, AT + 10 * S),
        cum_m=np.array([0.0, 0.0, 100.0]), speed_ckmh=np.full(3, -1, dtype=np.int32),
        leap=np.zeros(3, dtype=bool),
    )  # fmt: skip
    span = _times(AT), _times(AT)
    above, top, low = paces_in_numpy(doubled, np.array([0]), *span, np.array([10.0]))
    assert np.isnan([above[0], top[0], low[0]]).all(), "no step has any width"


@pytest.mark.parametrize("flag", ["fixed", "lat"])
def test_fixes_without_a_place_are_no_second_stream(flag: str) -> None:
    """Taking turns with a real stream, every other minute: without a fix, or at 0,0."""
    rows: list[dict[str, Any]] = []
    for minute in range(40):
        here = {"lon": 113.3, "lat": 23.1, "fixed": True}
        there = {"lon": 113.9, "lat": 23.9, "fixed": flag != "fixed"}
        there |= {"lon": 0.0, "lat": 0.0} if flag == "lat" else {}
        said = here if minute % 2 else there
        rows.append({"vehicle_id": "A", "time_ms": AT + minute * MIN, "speed_kmh": 0.0, **said})
    fixes = fixes_of(rows)
    assert len(streams.episodes(fixes, track.lay(fixes, 200.0), 200.0)) == 0


@pytest.mark.parametrize(("begins", "hit"), [(-1, True), (0, True), (1, False)])
def test_two_cars_still_drive_at_the_last_moment_of_their_stretch(begins: int, *, hit: bool) -> None:
    least = LAW.number("house.licence.clone_switches", AT)
    double = Columns(
        {
            "vehicle_id": _texts("A"),
            "start_ms": _times(AT),
            "end_ms": _times(AT + H),
            "switches": _times(least),
        }
    )
    one = City().given()
    one.once("doubles", lambda _: double)
    said = streams.two_cars(one, LAW, _texts("A"), _times(AT + H + begins), _times(AT + 2 * H))
    assert said.tolist() == [hit]


def test_a_pair_of_one_second_is_turned_where_that_is_shorter() -> None:
    # Four fixes eastwards; the middle two of one second stand the wrong way round.
    lon = np.array([0, 20_000, 10_000, 30_000], dtype=np.int32) + 1_133_000_000
    lat = np.full(4, 231_000_000, dtype=np.int32)
    times = _times(AT, AT + S, AT + S, AT + 2 * S)
    assert track.turned_pairs(np.array([0, 4]), times, lon, lat).tolist() == [1]
    assert track.turned_pairs(np.array([0, 4]), times, lon[[0, 2, 1, 3]], lat).tolist() == []
    # At the end or the begin of a car's line nobody knows which came first.
    assert track.turned_pairs(np.array([0, 3, 4]), times, lon, lat).tolist() == []
    assert track.turned_pairs(np.array([0, 1, 4]), times, lon, lat).tolist() == []
    # Three of one second are no pair.
    assert track.turned_pairs(np.array([0, 4]), _times(AT, AT + S, AT + S, AT + S), lon, lat).tolist() == []


def test_only_a_camera_recognises() -> None:
    kinds = [
        "phone",
        "lens_covered",
        "camera_fault",
        "no_belt_passenger",
        "passenger_count",
        "harsh_turn",
        "power_cut",
    ]
    events = [
        {"event_id": f"E{n}", "vehicle_id": f"V{n}", "time_ms": AT, "kind": kind}
        for n, kind in enumerate(kinds)
    ]
    sure = {"event_id": "S", "vehicle_id": "VS", "time_ms": AT, "kind": "passenger_count", "confidence": 0.9}
    one = day_with(events=[*events, sure])

    # A count of seats without a confidence is a sensor's.
    assert set(recognised(one).cars) & {f"V{n}" for n in (1, 2, 4, 5, 6)} == set()
    assert {"V0", "VS"} <= set(recognised(one).cars)
    assert "VS" in _moments(one, by_belt=False).cars
    assert "VS" not in _moments(one, by_belt=True).cars
