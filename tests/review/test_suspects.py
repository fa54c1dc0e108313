"""Roads where many different drivers are found."""

import json
from typing import Any

import pandas as pd
import pytest

from taxi_qa.review.suspects import Standard, suspects
from taxi_qa.roads.traffic import Traffic

FIVE = Standard(drivers=5, times=3)


def row(driver: str, way_ids: str, road: str = "东风路", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    told = {"way_ids": way_ids, "road": road, "limit_source": "map"}
    values = {
        "rule": "driving.speeding",
        "driver_id": driver,
        "vehicle_id": f"car of {driver}",
        "allowed": 60.0,
    }
    return values | {"evidence": json.dumps(told)} | more


def test_many_drivers_on_one_road_make_the_map_the_suspect() -> None:
    many = pd.DataFrame([row(f"D{number}", "7") for number in range(5)])
    (one,) = suspects([many], FIVE)
    assert (one.way_id, one.road, one.findings, one.drivers, one.is_suspect) == ("7", "东风路", 5, 5, True)
    assert (one.allowed, one.limit_source, one.busiest_share) == (60.0, "map", 0.2)
    (fewer,) = suspects([many.head(4)], FIVE)
    assert not fewer.is_suspect


def test_one_driver_with_most_of_it_does_not() -> None:
    frame = pd.DataFrame([row(f"D{number}", "7") for number in range(5)] + [row("D0", "7")] * 5)
    (one,) = suspects([frame], FIVE)
    # six of ten are his
    assert (one.busiest_share, one.is_suspect) == (0.6, False)


def test_a_finding_over_two_roads_counts_on_both_and_other_rules_on_none() -> None:
    frames = [
        pd.DataFrame([row("D1", "7;8", "东风路;环市路"), row("", "8", "环市路")]),
        pd.DataFrame([row("D2", "8", "环市路", rule="fare.overcharge")]),
    ]
    first, second = suspects(frames, FIVE)
    assert (first.way_id, first.road, first.drivers) == ("8", "环市路", 2)
    assert (second.way_id, second.road, second.drivers) == ("7", "", 1)
    assert suspects([], FIVE) == []


def test_drivers_who_are_found_on_other_roads_too_do_not_make_this_one_suspect() -> None:
    # Five on road 7; three of them speed elsewhere as well: two clean drivers say little of its limit.
    busy = [row(f"D{number}", "7") for number in range(5)]
    habit = [row(f"D{number}", str(20 + number), "环市路") for number in range(3)]
    told = {one.way_id: one for one in suspects([pd.DataFrame(busy + habit)], FIVE)}
    assert (told["7"].drivers, told["7"].clean_elsewhere, told["7"].is_suspect) == (5, 2, False)
    # With three more who are found nowhere else five are clean.
    more = [row(f"E{number}", "7") for number in range(3)]
    told = {one.way_id: one for one in suspects([pd.DataFrame(busy + habit + more)], FIVE)}
    assert (told["7"].clean_elsewhere, told["7"].is_suspect) == (5, True)


def test_another_rule_elsewhere_says_nothing() -> None:
    frame = pd.DataFrame(
        [row(f"D{number}", "7") for number in range(5)]
        + [row(f"D{number}", "9", rule="driving.detour") for number in range(5)]
    )
    assert [one.is_suspect for one in suspects([frame], FIVE)] == [True, True]


def on_ways(many: dict[str, int], **more: Any) -> pd.DataFrame:  # noqa: ANN401 - any field
    """So many different drivers on each way, each of them found once."""
    return pd.DataFrame(
        [row(f"D{way}-{number}", way, way, **more) for way, n in many.items() for number in range(n)]
    )


def test_a_busy_road_is_not_suspect_for_being_busy() -> None:
    # A quarter of the metres are driven on road 7: 12 drivers elsewhere explain 12 * (1/4) / (3/4) = 4 there.
    shares = {"7": 0.25, "8": 0.375, "9": 0.375}
    busy = Standard(5, 3, Traffic(passed={}, driven=shares))
    told = {one.way_id: one for one in suspects([on_ways({"7": 11, "8": 6, "9": 6})], busy)}
    assert (told["7"].drivers, told["7"].expected, told["7"].is_suspect) == (11, 4.0, False)
    # One more is three times as many.
    told = {one.way_id: one for one in suspects([on_ways({"7": 12, "8": 6, "9": 6})], busy)}
    assert [one.is_suspect for one in told.values()] == [True, False, False]
    # The others: 18 drivers on 7 and 9 times 3 to 5.
    assert told["8"].expected == pytest.approx(10.8)


def test_where_nobody_drives_five_drivers_stand_out() -> None:
    quiet = Standard(5, 3, Traffic(passed={}, driven={"8": 1.0}))
    told = {one.way_id: one for one in suspects([on_ways({"7": 5, "8": 90})], quiet)}
    assert (told["7"].expected, told["7"].is_suspect) == (0.0, True)
    # All the traffic there is explains nothing: nobody drove elsewhere.
    assert (told["8"].expected, told["8"].is_suspect) == (0.0, True)


def test_a_detour_goes_by_passes() -> None:
    # 28 drivers elsewhere times 1 to 7 are 4: twelve are three times as many, eleven are not.
    passes = Standard(5, 3, Traffic(passed={"7": 0.125}, driven={"7": 0.9}))
    for many, is_suspect in ((11, False), (12, True)):
        frame = on_ways({"7": many, "8": 14, "9": 14}, rule="driving.detour")
        assert next(one.is_suspect for one in suspects([frame], passes) if one.way_id == "7") is is_suspect


def test_without_traffic_nothing_is_expected() -> None:
    assert suspects([on_ways({"7": 5})], FIVE)[0].expected is None


def test_pieces_of_one_road_are_no_other_road() -> None:
    # Each driver is found on both pieces of the road whose limit is wrong, once on either.
    frame = pd.DataFrame([row(f"D{number}", way) for number in range(5) for way in ("7", "8")])
    assert [(one.clean_elsewhere, one.is_suspect) for one in suspects([frame], FIVE)] == [(5, True)] * 2
    # A detour's ways are those of a whole route: a name two routes share says nothing.
    detours = frame.assign(rule="driving.detour")
    assert [(one.clean_elsewhere, one.is_suspect) for one in suspects([detours], FIVE)] == [(0, False)] * 2
    # Roads without a name are not one road.
    nameless = pd.DataFrame([row(f"D{number}", way, "") for number in range(5) for way in ("7", "8")])
    assert [one.clean_elsewhere for one in suspects([nameless], FIVE)] == [0, 0]
