"""Seat events of trips against a plain reading of the contract, on minutes where limits are met exactly."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts.seats import seat_times
from tests.facts.frames import DAY_MS, MIN, H, S, day_with

IN, OUT = ("passenger_boarded", None), ("passenger_alighted", None)
# A counter that says how many sit; 0 is nobody.
KINDS = (IN, OUT, ("passenger_count", 2.0), ("passenger_count", 1.0), ("passenger_count", 0.0))
AT = DAY_MS + 8 * H
# The trip runs from minute 20 to minute 40: ten minutes around it count.
FROM, TO = 20, 40

rows = st.lists(
    st.tuples(st.integers(8, 52), st.sampled_from(KINDS)), max_size=7, unique_by=lambda row: row[0]
)


def _said(events: list[dict[str, Any]], register: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    given = day_with(events=[{"vehicle_id": "A", **one} for one in events], vehicles=register or [])
    cars = np.array(["A", "B"], dtype=object)
    ends = np.array([AT + FROM * MIN] * 2), np.array([AT + TO * MIN] * 2)
    return {name: column.tolist() for name, column in seat_times(given, cars, *ends).items()}


@given(rows)
@settings(max_examples=150)
def test_who_sat_when(told: list[tuple[int, tuple[str, float | None]]]) -> None:
    events = [{"time_ms": AT + minute * MIN, "kind": kind, "value": value} for minute, (kind, value) in told]
    said = _said(events)
    signs = sorted(
        (minute, kind == "passenger_boarded" or (value or 0) > 0) for minute, (kind, value) in told
    )
    earlier = [came for minute, came in signs if FROM - 10 <= minute <= FROM]
    during = [(minute, came) for minute, came in signs if FROM < minute <= TO]
    later = [came for minute, came in signs if TO < minute <= TO + 10]
    aboard = bool(earlier) and earlier[-1]
    first_in = next((minute for minute, came in during if came), None)
    first_out = next((minute for minute, came in during if not came), None)
    # Who leaves before anybody came sat there already.
    sat_already = aboard or (first_out is not None and (first_in is None or first_out < first_in))
    boarded = None if sat_already or first_in is None else first_in
    left = during[-1][0] if during and not during[-1][1] else None
    if left is not None:
        # The last of those that left after the last boarding.
        left = max(minute for minute, came in during if not came)
    back = first_out is not None and any(came for minute, came in during if minute > first_out)
    wanted = {
        "boarded_event_ms": np.nan if boarded is None else AT + boarded * MIN,
        "left_event_ms": np.nan if left is None else AT + left * MIN,
        "aboard_before": sat_already,
        "left_after": bool(later) and not later[0],
        "back_aboard": back,
    }
    for name, value in wanted.items():
        assert said[name][0] == pytest.approx(value, nan_ok=True), name
    # The other car has no events.
    assert [said[name][1] for name in ("aboard_before", "left_after", "back_aboard", "seat_sensor")] == [
        False
    ] * 4


def test_a_look_of_a_camera_is_no_boarding() -> None:
    look = {"time_ms": AT + 25 * MIN, "kind": "passenger_count", "value": 2.0}
    assert np.isnan(_said([look | {"confidence": 0.9}])["boarded_event_ms"][0])
    assert _said([look])["boarded_event_ms"][0] == AT + 25 * MIN
    # What is no seat event at all counts for nothing.
    other = {"time_ms": AT + 25 * MIN, "kind": "device_test", "value": 2.0}
    assert np.isnan(_said([other])["boarded_event_ms"][0])
    assert _said([other])["seat_sensor"] == [False, False]


@pytest.mark.parametrize(
    ("after_boarding_s", "stated", "has"),
    [
        # By the register; else by an event within seven days of boarding.
        (7 * 86_400, None, True),
        (7 * 86_400 + 1, None, False),
        (-7 * 86_400, None, True),
        (-7 * 86_400 - 1, None, False),
        (0, False, False),
        (30 * 86_400, True, True),
    ],
)
def test_whether_there_is_a_sensor(after_boarding_s: int, *, stated: bool | None, has: bool) -> None:
    event = {"time_ms": AT + FROM * MIN + after_boarding_s * S, "kind": "passenger_boarded"}
    said = _said([event], [{"vehicle_id": "A", "has_seat_sensor": stated}])
    assert said["seat_sensor"] == [has, False]
