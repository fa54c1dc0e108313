"""Roads where many different drivers are found."""

import json
from typing import Any

import pandas as pd

from taxi_qa.review.suspects import suspects


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
    (one,) = suspects([many], least_drivers=5)
    assert (one.way_id, one.road, one.findings, one.drivers, one.is_suspect) == ("7", "东风路", 5, 5, True)
    assert (one.allowed, one.limit_source, one.busiest_share) == (60.0, "map", 0.2)
    (fewer,) = suspects([many.head(4)], least_drivers=5)
    assert not fewer.is_suspect


def test_one_driver_with_most_of_it_does_not() -> None:
    frame = pd.DataFrame([row(f"D{number}", "7") for number in range(5)] + [row("D0", "7")] * 5)
    (one,) = suspects([frame], least_drivers=5)
    # six of ten are his
    assert (one.busiest_share, one.is_suspect) == (0.6, False)


def test_a_finding_over_two_roads_counts_on_both_and_other_rules_on_none() -> None:
    frames = [
        pd.DataFrame([row("D1", "7;8", "东风路;环市路"), row("", "8", "环市路")]),
        pd.DataFrame([row("D2", "8", "环市路", rule="fare.overcharge")]),
    ]
    first, second = suspects(frames, least_drivers=5)
    assert (first.way_id, first.road, first.drivers) == ("8", "环市路", 2)
    assert (second.way_id, second.road, second.drivers) == ("7", "", 1)
    assert suspects([], least_drivers=5) == []


def test_drivers_who_are_found_on_other_roads_too_do_not_make_this_one_suspect() -> None:
    # Five on road 7; three of them speed elsewhere as well: two clean drivers say little of its limit.
    busy = [row(f"D{number}", "7") for number in range(5)]
    habit = [row(f"D{number}", str(20 + number)) for number in range(3)]
    told = {one.way_id: one for one in suspects([pd.DataFrame(busy + habit)], least_drivers=5)}
    assert (told["7"].drivers, told["7"].clean_elsewhere, told["7"].is_suspect) == (5, 2, False)
    # With three more who are found nowhere else five are clean.
    more = [row(f"E{number}", "7") for number in range(3)]
    told = {one.way_id: one for one in suspects([pd.DataFrame(busy + habit + more)], least_drivers=5)}
    assert (told["7"].clean_elsewhere, told["7"].is_suspect) == (5, True)


def test_another_rule_elsewhere_says_nothing() -> None:
    frame = pd.DataFrame(
        [row(f"D{number}", "7") for number in range(5)]
        + [row(f"D{number}", "9", rule="driving.detour") for number in range(5)]
    )
    assert [one.is_suspect for one in suspects([frame], least_drivers=5)] == [True, True]
