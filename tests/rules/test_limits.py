"""Exactly at the limit is lawful: each rule's comparison, asked with the number itself and one step beyond.

Golden cases cannot stand on a limit measured in metres, since positions are kept to a centimetre.
"""

from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

from taxi_qa.rules.excuses import no_excuses
from taxi_qa.rules.kit import catalogue, judge
from taxi_qa.values.columns import columns_of
from tests.small_city import law_of, moment_ms

LAW: Final = law_of("guangzhou")
UNIT: Final[dict[str, Any]] = {
    "subject": "S",
    "vehicle_id": "粤A1",
    "driver_id": "D1",
    "company_id": "C1",
    "trip_id": "T1",
    "start_ms": moment_ms("10:00:00"),
    "end_ms": moment_ms("10:20:00"),
    "lon": np.nan,
    "lat": np.nan,
    "missing": "",
}
TRIP: Final = UNIT | {
    "slack_s": 0.0,
    "metered_m": 5000.0,
    "meter_unverified": "",
    "fixes": 100,
    "seat_sensor": True,
    "aboard_before": False,
    "back_aboard": False,
    "left_after": False,
    "boarded_event_ms": float(moment_ms("10:05:00")),
    "left_event_ms": float(moment_ms("10:20:00")),
    "early_stand_s": 0.0,
    "early_move_m": 0.0,
}
CHECK: Final = UNIT | {
    "kind": "trip",
    "metered_m": 5000.0,
    "gnss_m": 5000.0,
    "gnss_least_m": 5000.0,
    "matched_ratio": np.nan,
    "tunnel_gap_m": np.nan,
    "longest_gap_s": 10.0,
    "trips": 1,
    "ratio": np.nan,
    "ratio_low": np.nan,
    "meter_unverified": "",
    "odometer_m": np.nan,
    "clock_doubt": False,
    "course": "",
    "moved_ratio": np.nan,
    "scatter": np.nan,
    "odometer_ratio": np.nan,
    "meter_odometer_ratio": np.nan,
    "bursts": 0,
    "after_repair": False,
}
WEEK: Final = CHECK | {"kind": "week", "trips": 15, "ratio": 1.05, "ratio_low": 1.05, "course": "steady"}
CARRIAGE: Final = UNIT | {
    "moved_seat_m": 0.0,
    "moved_camera_m": 0.0,
    "moved_loaded_m": 0.0,
    "is_tested": False,
    "at_handover": False,
    "tickets": "",
}
SPELL: Final = UNIT | {"kind": "unbroken", "low_s": 0.0, "high_s": 0.0, "rest_longest_s": 0.0}
OUTAGE: Final = UNIT | {
    "dark_s": 0.0,
    "reported_ms": np.nan,
    "reported_in_time": False,
    "ignition_off": False,
    "in_tunnel": False,
    "wrong_clock": False,
    "no_sign_out": False,
    "devices_down": "",
    "known_by": "shifts",
}
MONTH: Final = UNIT | {"delay_mean_s": 0.0, "batches_over_1h": 0, "longest_s": 0.0, "fixes": 10}
PLATE: Final = UNIT | {
    "switches": 6,
    "fewer_fixes": 5,
    "stood_in": 1,
    "held_s": 300.0,
    "separation_m": 1000.0,
}

# rule, the row, what is changed in it, and whether that is found.
# 10 km where 5 km are reasonable, 12 yuan dearer, in 30 minutes where 10 are needed; others drove 5 km.
ROUTE: Final = UNIT | {
    "driven_m": 10_000.0,
    "took_s": 1_800.0,
    "reference_m": 5_000.0,
    "reference_s": 600.0,
    "reference_kind": "fastest",
    "own_is_reasonable": False,
    "over_stop_m": np.nan,
    "back_aboard": False,
    "extra_fen": 1_200.0,
    "fare_missing": "",
    "fare_leans_on": "",
    "similar_n": 50.0,
    "similar_median_m": 5_000.0,
    "similar_p90_m": 5_200.0,
    "similar_share_shorter": 1.0,
    "witness_m": 9_900.0,
    "strange_share": 0.01,
    "unusual_m": 3_000.0,
    "metered_m": 10_000.0,
    "route": "",
    "road": "",
    "way_ids": "",
    "detour_from": "",
    "detour_to": "",
}
LIMITS: Final[list[tuple[str, dict[str, Any], dict[str, Any], bool]]] = [
    ("fare.early_meter", TRIP, {"early_stand_s": 120.0, "early_move_m": 300.0}, False),
    ("fare.early_meter", TRIP, {"early_stand_s": 120.001}, True),
    ("fare.early_meter", TRIP, {"early_move_m": 300.001}, True),
    ("fare.late_meter", TRIP, {"left_event_ms": float(moment_ms("10:18:00"))}, False),
    ("fare.late_meter", TRIP, {"left_event_ms": float(moment_ms("10:17:59"))}, True),
    ("fare.off_meter", CARRIAGE, {"moved_seat_m": 500.0}, False),
    ("fare.off_meter", CARRIAGE, {"moved_seat_m": 500.001}, True),
    ("fare.off_meter", CARRIAGE, {"moved_loaded_m": 500.0}, False),
    ("fare.off_meter", CARRIAGE, {"moved_loaded_m": 500.001}, True),
    ("fare.metered_distance", CHECK, {"metered_m": 5750.0}, False),  # 1.15 * 5000
    ("fare.metered_distance", CHECK, {"metered_m": 5750.1}, True),
    ("fare.metered_distance", CHECK, {"gnss_m": 1000.0, "metered_m": 1500.0}, False),  # 500 m beyond
    ("fare.metered_distance", CHECK, {"gnss_m": 1000.0, "metered_m": 1500.1}, True),
    ("fare.metered_distance", WEEK, {}, False),
    ("fare.metered_distance", WEEK, {"ratio_low": 1.0501}, True),
    ("fare.metered_distance", WEEK, {"bursts": 2}, False),
    ("fare.metered_distance", WEEK, {"bursts": 3}, True),
    # 2.5 % of 7,000 are 175, and 200 beside: the odometer agrees with the meter down to 6,625
    ("fare.metered_distance", CHECK, {"metered_m": 7000.0, "odometer_m": 6624.9}, True),
    (
        "fare.metered_distance",
        WEEK,
        {"ratio_low": 1.06, "meter_odometer_ratio": 1.0, "odometer_ratio": 1.06, "scatter": 0.06},
        True,
    ),
    ("driving.long_hours", SPELL, {"low_s": 14_400.0, "high_s": 14_400.0}, False),
    ("driving.long_hours", SPELL, {"low_s": 14_401.0, "high_s": 14_401.0}, True),
    ("driving.long_hours", SPELL, {"kind": "shift", "low_s": 36_000.0, "high_s": 36_000.0}, False),
    ("driving.long_hours", SPELL, {"kind": "shift", "low_s": 36_001.0, "high_s": 36_001.0}, True),
    ("driving.detour", ROUTE, {}, True),
    ("driving.detour", ROUTE, {"driven_m": 6_000.0}, False),  # 5,000 + 1,000, and 1.2 * 5,000
    ("driving.detour", ROUTE, {"driven_m": 6_000.1}, True),
    ("driving.detour", ROUTE, {"reference_m": 8_000.0, "driven_m": 9_600.0}, False),  # 1.2 * 8,000
    ("driving.detour", ROUTE, {"reference_m": 8_000.0, "driven_m": 9_600.1}, True),
    ("driving.detour", ROUTE, {"reference_m": 2_000.0, "driven_m": 3_000.0}, False),  # 2,000 + 1,000
    ("driving.detour", ROUTE, {"reference_m": 2_000.0, "driven_m": 3_000.1}, True),
    ("driving.detour", ROUTE, {"extra_fen": 300.0}, False),
    ("driving.detour", ROUTE, {"extra_fen": 301.0}, True),
    ("driving.detour", ROUTE, {"reference_m": 500.0}, True),
    ("driving.detour", ROUTE, {"took_s": 600.0}, True),
    ("driving.detour", ROUTE, {"took_s": 599.9}, False),
    ("driving.detour", ROUTE, {"own_is_reasonable": True}, False),
    ("driving.detour", ROUTE, {"witness_m": 5_200.0}, False),
    ("driving.detour", ROUTE, {"witness_m": 5_200.1}, True),
    ("driving.detour", ROUTE, {"witness_m": 5_200.0, "similar_n": 19.0}, True),
    ("driving.detour", ROUTE, {"witness_m": 5_200.0, "similar_n": 20.0}, False),
    ("vehicle.gnss_outage", OUTAGE, {"dark_s": 600.0}, False),
    ("vehicle.gnss_outage", OUTAGE, {"dark_s": 600.001}, True),
    ("vehicle.late_data", MONTH, {"delay_mean_s": 60.0, "batches_over_1h": 2}, False),
    ("vehicle.late_data", MONTH, {"delay_mean_s": 60.001}, True),
    ("vehicle.late_data", MONTH, {"batches_over_1h": 3}, True),
    ("licence.cloned_plate", PLATE, {}, True),
    ("licence.cloned_plate", PLATE, {"switches": 5}, False),
    ("licence.cloned_plate", PLATE, {"fewer_fixes": 4}, False),
    ("licence.cloned_plate", PLATE, {"held_s": 299.999}, False),
    ("licence.cloned_plate", PLATE, {"separation_m": 999.9}, False),
]


@pytest.mark.parametrize(("name", "row", "changes", "is_found"), LIMITS)
def test_limit(name: str, row: dict[str, Any], changes: dict[str, Any], is_found: bool) -> None:
    outcome = judge(catalogue()[name], columns_of(pd.DataFrame([row | changes])), LAW, no_excuses())
    assert (len(outcome.found), outcome.clean, len(outcome.cannot_tell)) == (
        int(is_found),
        int(not is_found),
        0,
    )


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({}, "stable"),
        ({"strange_share": 0.05}, "stable"),
        ({"strange_share": 0.0501}, "trial"),
        ({"strange_share": np.nan}, "trial"),
        ({"similar_n": 20.0}, "stable"),
        ({"similar_n": 19.0}, "trial"),
        ({"reference_kind": "other taxis"}, "trial"),
    ],
)
def test_a_detour_is_firm_only_where_both_witnesses_agree(changes: dict[str, Any], stage: str) -> None:
    outcome = judge(
        catalogue()["driving.detour"], columns_of(pd.DataFrame([ROUTE | changes])), LAW, no_excuses()
    )
    (finding,) = outcome.found
    assert finding.stage == stage
    # 10,000 - 5,000 m, 1,800 - 600 s.
    assert (finding.evidence["extra_m"], finding.evidence["extra_s"]) == (5_000.0, 1_200.0)
    assert (finding.measured, finding.allowed) == (10_000.0, 6_000.0)


@pytest.mark.parametrize(("over_m", "is_explained"), [(10_000.0, True), (9_999.9, False)])
def test_a_detour_over_a_stop_is_explained_up_to_a_fifth_more(over_m: float, is_explained: bool) -> None:
    # 1.2 * 10,000 = 12,000
    row = ROUTE | {"driven_m": 12_000.0, "over_stop_m": over_m}
    outcome = judge(catalogue()["driving.detour"], columns_of(pd.DataFrame([row])), LAW, no_excuses())
    assert list(outcome.cannot_tell["missing"]) == (["reason of the stop"] if is_explained else [])


def test_a_ride_back_to_where_it_began_is_no_detour() -> None:
    row = ROUTE | {"reference_m": 499.9}
    outcome = judge(catalogue()["driving.detour"], columns_of(pd.DataFrame([row])), LAW, no_excuses())
    assert list(outcome.cannot_tell["missing"]) == ["where the passengers wished to go"]


def test_single_fixes_in_place_of_the_car_s_own_are_no_second_car() -> None:
    # Six changes are three visits: two of three stand in for a fix of the car, more than half.
    row = PLATE | {"stood_in": 2}
    outcome = judge(catalogue()["licence.cloned_plate"], columns_of(pd.DataFrame([row])), LAW, no_excuses())
    assert list(outcome.cannot_tell["missing"]) == ["clear track"]
    four = judge(
        catalogue()["licence.cloned_plate"],
        columns_of(pd.DataFrame([row | {"switches": 8}])),  # two of four are half
        LAW,
        no_excuses(),
    )
    assert len(four.found) == 1


def test_where_the_law_is_not_in_force_nobody_can_tell() -> None:
    before = moment_ms("2011-12-31 23:59:59")  # the law of rest binds from 2012
    row = SPELL | {"start_ms": before, "low_s": 50_000.0, "high_s": 50_000.0}
    outcome = judge(catalogue()["driving.long_hours"], columns_of(pd.DataFrame([row])), LAW, no_excuses())
    assert list(outcome.cannot_tell["missing"]) == ["law driving.unbroken_driving_s"]
    on_time = row | {"start_ms": before + 1000}
    (finding,) = judge(
        catalogue()["driving.long_hours"], columns_of(pd.DataFrame([on_time])), LAW, no_excuses()
    ).found
    assert "driving.unbroken_driving_s@2012-01-01" in finding.leans_on


@pytest.mark.parametrize("name", list(catalogue()))
def test_a_city_without_the_law_a_rule_declares_cannot_tell(name: str) -> None:
    one = catalogue()[name]
    abroad = [path for path in one.law if law_of("nyc").get(path) is None]
    rows = {
        "carriages": CARRIAGE,
        "meter_checks": CHECK,
        "driving_spells": SPELL,
        "outages": OUTAGE,
        "plates": PLATE,
        "vehicle_months": MONTH,
        "trips": TRIP,
    }
    if abroad:
        outcome = judge(one, columns_of(pd.DataFrame([rows[one.judges]])), law_of("nyc"), no_excuses())
        assert list(outcome.cannot_tell["missing"]) == [f"law {abroad[0]}"]
