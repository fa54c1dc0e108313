"""When a meter's clock is doubted, and which silence a cut began: at their limits."""

from dataclasses import replace

import numpy as np
import pytest

from taxi_qa.facts.clocks import clock_doubt
from taxi_qa.facts.cuts import _around
from taxi_qa.facts.track import NO_FIX
from taxi_qa.records.fixes import LOADED, LOADED_SENT
from tests.facts.frames import DAY_MS, H, S, day_with
from tests.small_city import fixes_of

AT = DAY_MS + 12 * H


@pytest.mark.parametrize(
    ("hours", "doubted"), [(0, True), (24, True), (24.01, False), (-24, True), (-24.01, False)]
)
def test_a_meter_that_reported_its_clock_within_a_day(hours: float, *, doubted: bool) -> None:
    event = {"vehicle_id": "A", "kind": "meter_clock_fault", "time_ms": AT + int(hours * H)}
    cars, begin = np.array(["A", "B"], dtype=object), np.array([AT, AT])
    assert clock_doubt(day_with(events=[event]), cars, begin, begin + H).tolist() == [doubted, False]


@pytest.mark.parametrize(
    ("begin_s", "end_s", "doubted"),
    [
        # Loaded by satellite time from 0 to 600 s: half of the trip under it is enough.
        (0, 600, False),
        (0, 1_200, False),
        (0, 1_210, True),
        (-600, 600, False),
        (-610, 600, True),
        (300, 900, False),
        (310, 900, True),
        (700, 900, True),
    ],
)
def test_a_trip_the_loaded_flag_contradicts(begin_s: int, end_s: int, *, doubted: bool) -> None:
    place = {"vehicle_id": "A", "lon": 113.3, "lat": 23.1}
    fixes = fixes_of([place | {"time_ms": AT + second * S} for second in range(-100, 1_000, 100)])
    on = (fixes.time_ms >= AT) & (fixes.time_ms <= AT + 600 * S)
    given = replace(day_with(), fixes=replace(fixes, flags=np.where(on, LOADED | LOADED_SENT, LOADED_SENT)))
    cars = np.array(["A", "B"], dtype=object)
    times = np.array([AT + begin_s * S] * 2), np.array([AT + end_s * S] * 2)
    # A car that sends no flag contradicts nothing.
    assert clock_doubt(given, cars, *times).tolist() == [doubted, False]


@pytest.mark.parametrize(
    ("cut_s", "rows"),
    [
        # Positions at 0, 100, 200 (of no use), 221, 400 s: silent from 100 to 221 s and from 221 to 400 s.
        (50, (1, 3)),
        (100, (1, 3)),
        (40, (1, 3)),
        # Noticed within a minute: at 39 s the silence that began at 100 s is another's.
        (39, None),
        (220, (1, 3)),
        (221, (3, 4)),
        (399, (3, 4)),
        (400, None),
    ],
)
def test_the_silence_a_cut_began(cut_s: int, rows: tuple[int, int] | None) -> None:
    place = {"vehicle_id": "A", "lon": 113.3, "lat": 23.1}
    fixes = fixes_of([place | {"time_ms": AT + second * S} for second in (0, 100, 200, 221, 400)])
    labels = np.array([0, 0, NO_FIX, 0, 0], dtype=np.uint8)
    assert _around(replace(day_with(), fixes=fixes), labels, 0, AT + cut_s * S) == rows


def test_a_silence_of_two_minutes_hides_nothing() -> None:
    place = {"vehicle_id": "A", "lon": 113.3, "lat": 23.1}
    for second, rows in ((120, None), (121, (0, 1))):
        fixes = fixes_of([place | {"time_ms": AT + moment * S} for moment in (0, second)])
        labels = np.zeros(2, dtype=np.uint8)
        assert _around(replace(day_with(), fixes=fixes), labels, 0, AT + 10 * S) == rows
