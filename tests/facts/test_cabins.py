"""What cameras and belts say of a trip's cabin: the pass over looks against plain words, and every limit."""

from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts import cabins
from taxi_qa.values.columns import Columns
from tests.facts.frames import DAY_MS, MIN, H, S, day_with
from tests.small_city import law_of

LAW: Final = law_of("guangzhou")
AT: Final = DAY_MS + 12 * H
DAY: Final = 24 * H

# Seconds between a look and the next, passengers seen, by which device.
look = st.tuples(st.sampled_from([0, 5, 9, 10, 15]), st.integers(0, 5), st.integers(0, 2))


@given(
    st.lists(look, max_size=9), st.sampled_from([-1, 0, 5]), st.sampled_from([20, 40, 60]), st.integers(1, 3),
    st.sampled_from([0, 15, 20]),
)  # fmt: skip
@settings(max_examples=300)
def test_looks(told: list[tuple[int, int, int]], begin_s: int, took_s: int, fewest: int, join_s: int) -> None:
    room = 3
    moments = np.cumsum([gap for gap, _, _ in told], dtype=np.int64)
    end_s = begin_s + took_s
    mine = [
        (int(at), seen, by) for at, (_, seen, by) in zip(moments, told, strict=True) if begin_s <= at <= end_s
    ]
    # Two pictures closer than ten seconds are one look with too many.
    over: list[int] = []
    for at, seen, _ in mine:
        if seen > room and (not over or at - over[-1] >= 10):
            over.append(at)
    rise: tuple[int, int, int, int] | None = None
    for i, (at, seen, _) in enumerate(mine):
        before = mine[:i]
        looks = sum(n == 0 or mine[n][0] - mine[n - 1][0] >= 10 for n in range(i))
        highest = max((one[1] for one in before), default=0)
        if looks < fewest or not seen > highest > 0:
            continue
        # It lasts: with this look so many ten seconds apart, and none between them saw fewer again.
        lasting = [(at, seen)]
        for later, more, _ in mine[i + 1 :]:
            if len(lasting) >= fewest or more <= highest:
                break
            if later - lasting[-1][0] >= 10:
                lasting.append((later, more))
        if len(lasting) >= fewest and before[-1][0] - begin_s >= join_s:
            rise = (highest, min(one[1] for one in lasting), before[-1][0], at)
            break
    # The looks of another car stand on either side of the car's own.
    n = len(told)
    starts = np.array([0, 1, n + 1, n + 2])
    times, values, sources = (
        np.concatenate(([first], column, [last]))
        for first, column, last in (
            (AT, AT + moments * S, AT),
            (9.0, np.array([one[1] for one in told], dtype=np.float64), 9.0),
            (7, np.array([one[2] for one in told], dtype=np.int64), 7),
        )
    )
    spans = np.array([AT + begin_s * S] * 2), np.array([AT + end_s * S] * 2)
    count, many, most, counters, low, high, from_ms, to_ms = cabins._looks(
        starts, times, values, sources.astype(np.int64), np.array([1, -1]), *spans, np.array([3.0, 3.0]),
        join_s * S, fewest,
    )  # fmt: skip
    assert count.tolist() == [len(mine), 0]
    assert many.tolist() == [len(over), 0]
    assert most.tolist() == [max((one[1] for one in mine), default=0), 0]
    assert counters.tolist() == [min(2, len({by for _, one, by in mine if one > room})), 0]
    said = None if from_ms[0] < 0 else (low[0], high[0], (from_ms[0] - AT) // S, (to_ms[0] - AT) // S)
    assert said == rise
    assert (from_ms[1], to_ms[1]) == (-1, -1)


def _trips(*told: dict[str, Any]) -> Columns:
    """Trips of twenty minutes as `metered_trips` has them, and the records they are of."""
    n = len(told)
    plain = {"start_ms": AT, "end_ms": AT + 20 * MIN, "slack_s": 0.0, "metered_m": 8_000.0}
    rows = [plain | one for one in told]
    texts = ("subject", "vehicle_id", "driver_id", "company_id", "trip_id", "missing")
    columns: dict[str, Any] = {name: np.full(n, "A", dtype=object) for name in texts}
    columns |= {name: np.array([row[name] for row in rows]) for name in plain}
    columns["trip_id"] = np.array([f"T{at}" for at in range(n)], dtype=object)
    columns |= {name: np.full(n, np.nan) for name in ("lon", "lat")}
    return Columns(columns | {"meter_clock_doubt": np.zeros(n, dtype=bool)})


def _records(trips: Columns) -> list[dict[str, Any]]:
    return [
        {"trip_id": name, "vehicle_id": "A", "boarded_ms": begin, "alighted_ms": end, "metered_m": metres}
        for name, begin, end, metres in zip(
            *(trips[name].tolist() for name in ("trip_id", "start_ms", "end_ms", "metered_m")), strict=True
        )
    ]


def _said(events: list[dict[str, Any]], **more: Any) -> Columns:  # noqa: ANN401 - columns of a trip
    """What is said of one trip of twenty minutes with these events of its car."""
    trips = _trips(more)
    every = [{"event_id": f"E{at}", "vehicle_id": "A"} | one for at, one in enumerate(events)]
    return cabins.cabins(trips, day_with(events=every, trips=_records(trips)), LAW)


@pytest.mark.parametrize(
    ("slack_s", "at_s", "counted"),
    [
        (0.0, 0, 1),
        (0.0, -1, 0),
        (0.0, 1_200, 1),
        (0.0, 1_201, 0),
        # A minute's stamp: the first minute may not have been the trip's.
        (60.0, 60, 1),
        (60.0, 59, 0),
        (60.0, 1_200, 1),
    ],
)
def test_looks_within_a_trip(slack_s: float, at_s: int, counted: int) -> None:
    seen = {"kind": "passenger_count", "time_ms": AT + at_s * S, "value": 5.0, "confidence": 0.9}
    said = _said([seen], slack_s=slack_s)
    assert said["counts"].tolist() == said["over"].tolist() == [counted]
    # Five seats, the driver's among them, where no register says.
    assert said["seats"].tolist() == [5.0]
    assert _said([seen | {"value": 4.0}], slack_s=slack_s)["over"].tolist() == [0]


@pytest.mark.parametrize(
    ("begin_s", "end_s", "slack_s", "overlap_s"),
    [
        # Beside a trip from 0 to 1,200 s.
        (1_200, 2_000, 0.0, 0),
        (1_100, 2_000, 0.0, 100),
        (1_100, 1_150, 0.0, 50),
        (1_100, 2_000, 60.0, 40),
        (1_100, 2_000, 100.0, 0),
        (1_300, 2_000, 0.0, 0),
        (0, 1_200, 0.0, 1_200),
    ],
)
def test_trips_that_overlap(begin_s: int, end_s: int, slack_s: float, overlap_s: float) -> None:
    second = {"start_ms": AT + begin_s * S, "end_ms": AT + end_s * S, "slack_s": slack_s}
    trips = _trips({}, second)
    said = cabins.cabins(trips, day_with(trips=_records(trips)), LAW)
    assert said["overlap_s"].tolist() == [0.0, overlap_s]
    # Another car's trip at the same time is none of it.
    rows = _records(trips)
    rows[0] |= {"vehicle_id": "B"}
    assert cabins.cabins(trips, day_with(trips=rows), LAW)["overlap_s"].tolist() == [0.0, 0.0]
    # Nor does a trip that was over long before shorten what an earlier one covers.
    between = {"trip_id": "T2", "vehicle_id": "A", "boarded_ms": AT + 10 * S, "alighted_ms": AT + 20 * S}
    three = [*_records(trips), between | {"metered_m": 1.0}]
    assert cabins.cabins(trips, day_with(trips=three), LAW)["overlap_s"].tolist() == [0.0, overlap_s]


@pytest.mark.parametrize(
    ("begin_s", "end_s", "metres", "twice"),
    [
        (60, 1_260, 8_000, True),
        (61, 1_260, 8_000, False),
        (60, 1_261, 8_000, False),
        (60, 1_140, 8_000, True),
        (60, 1_139, 8_000, False),
        (60, 1_260, 8_001, False),
    ],
)
def test_two_records_of_one_trip(begin_s: int, end_s: int, metres: float, *, twice: bool) -> None:
    second = {"start_ms": AT + begin_s * S, "end_ms": AT + end_s * S, "metered_m": metres}
    trips = _trips({"metered_m": 8_000.0}, second)
    assert cabins.cabins(trips, day_with(trips=_records(trips)), LAW)["is_twice"].tolist() == [False, twice]


@pytest.mark.parametrize(
    ("kind", "at_ms", "reminded"),
    [
        # Within two minutes of boarding somebody was reminded; a belt on at any time of the trip.
        ("belt_reminder", -120 * S, True),
        ("belt_reminder", -121 * S, False),
        ("belt_reminder", 120 * S, True),
        ("belt_reminder", 121 * S, False),
        ("belt_ok_passenger", 1_200 * S, True),
        ("belt_ok_passenger", 1_201 * S, False),
    ],
)
def test_a_belt_reminder(kind: str, at_ms: int, *, reminded: bool) -> None:
    event = {"kind": kind, "time_ms": AT + at_ms}
    assert _said([event])["reminded"].tolist() == [reminded]
    # Of whole minutes the boarding may be a minute later, and the end too.
    assert _said([event | {"time_ms": AT + at_ms + (60 * S if at_ms > 0 else 0)}], slack_s=60.0)[
        "reminded"
    ].tolist() == [reminded]


@pytest.mark.parametrize(
    ("at_ms", "has"),
    [(-7 * DAY, True), (-7 * DAY - 1, False), (7 * DAY + 20 * MIN, True), (7 * DAY + 20 * MIN + 1, False)],
)
def test_a_car_with_a_reminder(at_ms: int, *, has: bool) -> None:
    said = _said([{"kind": "belt_reminder", "time_ms": AT + at_ms}])
    assert said["has_reminder"].tolist() == [has]
    assert said["reminder_works"].tolist() == [False]


@pytest.mark.parametrize(
    ("before_ms", "after_ms", "works"),
    [
        (-DAY, DAY, True),
        (-DAY - 1, DAY, False),
        (-DAY, DAY + 1, False),
        (0, 0, True),
        (1, 0, False),
        (0, -1, False),
    ],
)
def test_a_reminder_that_works(before_ms: int, after_ms: int, *, works: bool) -> None:
    moments = (AT + before_ms, AT + 20 * MIN + after_ms)
    said = _said([{"kind": "belt_reminder", "time_ms": at} for at in moments])
    assert said["reminder_works"].tolist() == [works]
