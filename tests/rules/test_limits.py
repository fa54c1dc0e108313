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
}
WEEK: Final = CHECK | {"kind": "week", "trips": 15, "ratio": 1.05, "ratio_low": 1.05}
CARRIAGE: Final = UNIT | {
    "moved_seat_m": 0.0,
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
    "devices_down": "",
    "known_by": "shifts",
}
MONTH: Final = UNIT | {"delay_mean_s": 0.0, "batches_over_1h": 0, "longest_s": 0.0, "fixes": 10}
PLATE: Final = UNIT | {"switches": 6, "fewer_fixes": 5, "held_s": 300.0, "separation_m": 1000.0}

# rule, the row, what is changed in it, and whether that is found.
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
    ("driving.long_hours", SPELL, {"low_s": 14_400.0, "high_s": 14_400.0}, False),
    ("driving.long_hours", SPELL, {"low_s": 14_401.0, "high_s": 14_401.0}, True),
    ("driving.long_hours", SPELL, {"kind": "shift", "low_s": 36_000.0, "high_s": 36_000.0}, False),
    ("driving.long_hours", SPELL, {"kind": "shift", "low_s": 36_001.0, "high_s": 36_001.0}, True),
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
