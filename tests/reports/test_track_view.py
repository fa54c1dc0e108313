import json
from dataclasses import replace

import numpy as np
import pytest

from taxi_qa.facts.track import SPIKE
from taxi_qa.law.read import read_law
from taxi_qa.reports.case_view import case_view, rows_of
from taxi_qa.reports.maps import AROUND_MS
from taxi_qa.reports.sums import found_of
from taxi_qa.reports.track_shape import LABELS, LEAP, TrackView
from taxi_qa.reports.track_view import MOST_ACT_MS, track_view
from taxi_qa.store.home import Home
from taxi_qa.values.place import from_wgs84
from tests.reports.conftest import StoryOf

LAW = read_law("guangzhou")


def _instants(view: TrackView) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return view.from_ms + np.array(view.points.t_ms, dtype=np.int64)


@pytest.mark.parametrize(
    ("rule", "by_track"),
    [
        ("fare.overcharge", False),
        ("fare.late_meter", False),
        ("driving.speeding", True),
        ("driving.detour", True),
        ("driving.phone", True),
        ("licence.cloned_plate", True),
    ],
)
def test_only_the_act_and_minutes_around_it_are_shown(
    judged_city: Home, story_of: StoryOf, rule: str, by_track: bool
) -> None:
    story = story_of(rule)
    view = track_view(judged_city, story, LAW)
    starts, ends = ([int(row[name]) for row in rows_of(story)] for name in ("start_ms", "end_ms"))
    assert (view.from_ms, view.to_ms) == (min(starts) - AROUND_MS, max(ends) + AROUND_MS)
    instants = _instants(view)
    assert instants.size > 10
    assert instants.min() >= view.from_ms
    assert instants.max() <= view.to_ms
    columns = {len(column) for column in vars(view.points).values()}
    assert columns == {instants.size}
    judged = instants[np.array(view.points.judged, dtype=bool)]
    assert bool(judged.size) == any(span.by_track for span in view.spans)
    [own] = [span for span in view.spans if span.finding_id in _ids(story, rule)][:1]
    assert own.by_track == by_track
    if judged.size:
        assert judged.min() >= min(starts)
        assert judged.max() <= max(ends)
    assert view.roads
    assert not view.missing


def _ids(story: object, rule: str) -> set[str]:
    return {str(row["finding_id"]) for row in rows_of(story) if row["rule"] == rule}  # type: ignore[arg-type]


def test_everything_is_json_and_small(judged_city: Home, story_of: StoryOf) -> None:
    for rule in ("fare.overcharge", "driving.speeding", "driving.detour"):
        text = json.dumps(track_view(judged_city, story_of(rule), LAW).as_json(), ensure_ascii=False)
        assert len(text.encode()) < 60_000
        assert len(json.loads(text)["labels"]) == len(LABELS)


def test_limits_are_those_the_speed_was_held_against(judged_city: Home, story_of: StoryOf) -> None:
    story = story_of("driving.speeding")
    view = track_view(judged_city, story, LAW)
    [row] = [one for one in rows_of(story) if one["rule"] == "driving.speeding"]
    found = found_of(row, LAW)
    inside = [step for step in view.limits if step.from_ms < row["end_ms"] and step.to_ms > row["start_ms"]]
    # One limit along the whole act is the finding's own; of several it is a mean between them.
    known = [step.kmh for step in inside if step.kmh is not None]
    assert min(known) <= (found.allowed or 0) <= max(known)
    assert all(step.source.zh for step in inside)
    assert all(one.to_ms == other.from_ms for one, other in zip(view.limits, view.limits[1:], strict=False))
    instants, speed = _instants(view), np.array(view.points.kmh, dtype=float)
    act = (instants >= row["start_ms"]) & (instants <= row["end_ms"])
    assert speed[act].max() == pytest.approx(found.evidence["top_kmh"], abs=0.1)


def test_limits_are_no_part_of_a_case_that_is_not_about_speed(judged_city: Home, story_of: StoryOf) -> None:
    for rule in ("fare.overcharge", "driving.detour"):
        assert track_view(judged_city, story_of(rule), LAW).limits == ()


def test_a_detour_has_its_reasonable_route_and_the_meter_s_two_readings(
    judged_city: Home, story_of: StoryOf
) -> None:
    story = story_of("driving.detour")
    view = track_view(judged_city, story, LAW)
    begin = np.array([view.points.lat_e6, view.points.lon_e6]).mean(axis=1) / 1e6
    # Within a made city of some 20 km.
    assert abs(np.array(view.route[:2]) / 1e5 - begin).max() < 0.2
    assert [said.zh for _, _, said in view.places] == ["绕行起点", "绕行终点"]
    assert abs(np.array([place[:2] for place in view.places]) / 1e6 - begin).max() < 0.2
    [trip] = view.meter
    assert trip.trip_id == story.case.trip_id
    # The positions say much the same as the meter: 5 % and the way to the first fix.
    assert trip.metered_m is not None
    assert trip.driven_m[-1] == pytest.approx(trip.metered_m, rel=0.05, abs=200)
    assert list(trip.driven_m) == sorted(trip.driven_m)
    assert trip.fare.zh.startswith("¥")


def test_beside_chinese_tiles_everything_lies_in_their_datum(judged_city: Home, story_of: StoryOf) -> None:
    story = story_of("driving.detour")
    plain, shifted = (track_view(judged_city, story, LAW, datum=datum) for datum in ("wgs84", "gcj02"))
    lon, lat = (np.array(column) / 1e6 for column in (plain.points.lon_e6, plain.points.lat_e6))
    there_lon, there_lat = from_wgs84(lon, lat, "gcj02")
    assert np.array(shifted.points.lon_e6) / 1e6 == pytest.approx(there_lon, abs=2e-6)
    assert np.array(shifted.points.lat_e6) / 1e6 == pytest.approx(there_lat, abs=2e-6)
    # Route and roads move with it: some 500 m in Guangzhou.
    for one, other in ((plain.route, shifted.route), (plain.roads[0].pieces[0], shifted.roads[0].pieces[0])):
        assert 100 < abs(other[1] - one[1]) + abs(other[0] - one[0]) < 2000


def test_an_outage_is_a_gap_and_nothing_is_drawn_across_it(judged_city: Home, story_of: StoryOf) -> None:
    story = story_of("vehicle.gnss_outage")
    view = track_view(judged_city, story, LAW)
    [row] = [one for one in rows_of(story) if one["rule"] == "vehicle.gnss_outage"]
    longest = max(view.gaps, key=lambda gap: gap[1] - gap[0])
    assert longest[0] <= row["start_ms"] + 60_000
    assert longest[1] >= row["end_ms"] - 60_000


def test_two_cars_under_one_plate_are_told_apart(judged_city: Home, story_of: StoryOf) -> None:
    story = story_of("licence.cloned_plate")
    points = track_view(judged_city, story, LAW).points
    assert set(points.car) == {0, 1}
    # Neither car's way is stray, and both were judged by.
    assert sum(label != 0 for label in points.label) < len(points.label) / 50
    assert {car for car, judged in zip(points.car, points.judged, strict=True) if judged} == {0, 1}
    # Asked about anything else the same positions are one car's: it leaps, and what strays is set aside.
    other = replace(story, findings=story.findings.assign(rule="driving.detour"))
    labels = track_view(judged_city, other, LAW).points.label
    assert any(label & LEAP for label in labels)
    assert any(label & SPIKE for label in labels)


def test_what_cannot_be_shown_is_said(judged_city: Home, story_of: StoryOf) -> None:
    without_car = track_view(judged_city, story_of("bonus.bravery"), LAW)
    assert [said.zh for said in without_car.missing] == ["本案没有车辆，无轨迹可示"]
    assert without_car.points.t_ms == ()
    story = story_of("fare.overcharge")
    elsewhere = replace(story, case=replace(story.case, vehicle_id="粤A00000"))
    assert [said.zh for said in track_view(judged_city, elsewhere, LAW).missing] == [
        "此时段没有收到定位", "没有计价器的营运记录",
    ]  # fmt: skip
    month = story.findings.assign(end_ms=story.findings["start_ms"] + MOST_ACT_MS + 1)
    assert [said.zh for said in track_view(judged_city, replace(story, findings=month), LAW).missing] == [
        "本案跨度过长，不按轨迹显示"
    ]


def test_the_cases_of_a_city_are_told(story_of: StoryOf) -> None:
    for rule in ("fare.overcharge", "driving.speeding", "driving.detour", "driving.phone"):
        view = case_view(story_of(rule), LAW)
        own = [one for one in view.findings if one.rule == rule]
        assert own[0].steps
        assert own[0].citations
        assert view.history[0].is_machine
    [fare] = [
        one for one in case_view(story_of("fare.overcharge"), LAW).findings if one.rule == "fare.overcharge"
    ]
    # Flag-fall, distance, waiting, their sum, one step, the limit, and the three lines of the excess.
    assert len(fare.steps) == 9
