"""Outages of devices: who says a device was down, from when to when, and on whose duty, at every limit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts import device_outages, downs, uptime
from taxi_qa.facts.given import Given
from taxi_qa.facts.tickets import open_tickets, reported_between
from taxi_qa.facts.track import CLOCK, NO_FIX, NOWHERE
from taxi_qa.records.fixes import ACC_ON, ACC_SENT
from taxi_qa.values.columns import Columns
from tests.facts.frames import DAY_MS, MIN, H, S, day_with
from tests.small_city import fixes_of, law_of

AT = DAY_MS + 8 * H
LAW = law_of("guangzhou")
Rows = Sequence[Mapping[str, Any]]


def _minutes(found: Columns, *names: str) -> list[tuple[float, ...]]:
    return [tuple((int(found[name][at]) - AT) / MIN for name in names) for at in range(len(found))]


# --- who says it is down


@pytest.mark.parametrize(
    ("status", "more", "ends"),
    [
        # Told when it ended, or when it was next told of, or repaired, or when the meter ran again.
        ((10, 30), {}, 30),
        ((10, 10), {}, None),
        ((10, None), {"repairs": [{"device": "meter", "repaired_ms": AT + 25 * MIN}]}, 25),
        ((10, None), {"repairs": [{"device": "camera", "repaired_ms": AT + 25 * MIN}]}, 960),
        ((10, None), {"repairs": [{"device": "meter", "repaired_ms": AT + 10 * MIN}]}, 960),
        ((10, None), {"trips": [{"boarded_ms": AT + 20 * MIN, "alighted_ms": AT + 30 * MIN}]}, 20),
        ((10, None), {"trips": [{"boarded_ms": AT + 10 * MIN, "alighted_ms": AT + 30 * MIN}]}, 960),
        # Nobody tells: until the data end, at midnight.
        ((10, None), {}, 960),
    ],
)
def test_a_status_record(status: tuple[int, int | None], more: dict[str, Rows], ends: int | None) -> None:
    record = {
        "vehicle_id": "A",
        "device": "meter",
        "state": "down",
        "from_ms": AT + status[0] * MIN,
        "to_ms": None if status[1] is None else AT + status[1] * MIN,
    }
    tables = {
        kind: [{"vehicle_id": "A", "trip_id": "T", "ticket_id": "R", **row} for row in some]
        for kind, some in more.items()
    }
    other = {"vehicle_id": "A", "device": "camera", "state": "down", "from_ms": AT + 12 * MIN}
    fine = {"vehicle_id": "B", "device": "meter", "state": "up", "from_ms": AT + 12 * MIN}
    one = replace(day_with(device_status=[record, other, fine], **tables), heard_to_ms=DAY_MS + 24 * H)
    wanted = [] if ends is None else [(10.0, float(ends), float(ends))]
    assert _minutes(downs.downs(one, "meter"), "start_ms", "sure_ms", "end_ms") == wanted


@pytest.mark.parametrize(
    ("faults", "trips", "spans"),
    [
        # One event: surely down only then, perhaps until the meter ran again.
        ([(0, 0)], [40], [(0, 0, 40)]),
        ([(0, 600)], [40], [(0, 10, 10)]),
        # Half an hour apart is one fault; a second more is another.
        ([(0, 0), (1800, 0)], [40], [(0, 30, 40)]),
        ([(0, 0), (1801, 0)], [40], [(0, 0, 40), (1801 / 60, 1801 / 60, 40)]),
        # The meter ran in between; at that very moment is not before it.
        ([(0, 0), (1200, 0)], [10, 40], [(0, 0, 10), (20, 20, 40)]),
        ([(0, 0), (1200, 0)], [20, 40], [(0, 20, 40)]),
        # The second is over before the first.
        ([(0, 1200), (600, 60)], [40], [(0, 20, 20)]),
    ],
)
def test_fault_events(
    faults: list[tuple[int, int]], trips: list[int], spans: list[tuple[float, float, float]]
) -> None:
    events = [
        {
            "vehicle_id": "A",
            "kind": "meter_fault",
            "time_ms": AT + at * S,
            "duration_s": float(lasted) or None,
        }
        for at, lasted in faults
    ]
    rides = [
        {
            "trip_id": f"T{at}",
            "vehicle_id": "A",
            "boarded_ms": AT + at * MIN,
            "alighted_ms": AT + (at + 1) * MIN,
        }
        for at in trips
    ]
    found = downs.downs(day_with(events=events, trips=rides), "meter")
    said = _minutes(found, "start_ms", "sure_ms", "end_ms")
    assert [tuple(round(at * 60) for at in row) for row in said] == [
        tuple(round(at * 60) for at in row) for row in spans
    ]


def test_a_receiver_lives_from_its_next_usable_position() -> None:
    rows = [{"vehicle_id": "A", "time_ms": AT + at * MIN, "lon": 113.3, "lat": 23.1} for at in (0, 5, 10, 15)]
    # Another car is heard later, and says nothing of this one.
    rows += [rows[0] | {"vehicle_id": "C", "time_ms": AT + at * MIN} for at in (30, 40)]
    one = replace(day_with(), fixes=fixes_of(rows))
    labels = np.array([0, NO_FIX, CLOCK | NOWHERE, 0, 0, 0], dtype=np.uint8)
    life = downs._gnss_life(replace(one, track=replace(one.track, labels=labels)))
    ends = [life("A", AT + at * MIN) for at in (-1, 0, 9, 14, 15)]
    assert ends == [AT, AT + 15 * MIN, AT + 15 * MIN, AT + 15 * MIN, None]
    assert life("B", AT) is None
    assert [life("C", AT + at * MIN) for at in (0, 30, 40)] == [AT + 30 * MIN, AT + 40 * MIN, None]
    assert (
        downs._gnss_life(replace(one, track=replace(one.track, labels=labels * 0)))("A", AT) == AT + 5 * MIN
    )


def test_a_camera_lives_from_the_next_it_recognises() -> None:
    events = [
        {"event_id": f"{car}{at}", "vehicle_id": car, "kind": "phone", "time_ms": AT + at * MIN}
        for car, moments in (("A", (0, 5)), ("C", (30, 40)))
        for at in moments
    ]
    life = downs._camera_life(day_with(events=events))
    assert [life("A", AT + at * MIN) for at in (-1, 0, 5)] == [AT, AT + 5 * MIN, None]
    assert [life("C", AT + at * MIN) for at in (0, 30, 40)] == [AT + 30 * MIN, AT + 40 * MIN, None]
    assert life("B", AT) is None


# --- on whose duty


def _spans(*told: tuple[int, int, int, str]) -> Columns:
    """Spans of car A in minutes: begin, surely until, perhaps until, by whom."""
    columns = list(zip(*told, strict=True))
    moments = {
        name: AT + np.array(columns[at], dtype=np.int64) * MIN
        for at, name in enumerate(("start_ms", "sure_ms", "end_ms"))
    }
    names = np.full(len(told), "A", dtype=object)
    return Columns({"vehicle_id": names, **moments, "told_by": np.array(columns[3], dtype=object)})


@pytest.mark.parametrize(
    ("spans", "least_min", "found"),
    [
        # On duty from minute 0 to 100. Begin, end, surely and perhaps dark.
        ([(10, 20, 30, "events")], 19, [(10, 30, 10, 20)]),
        ([(10, 20, 30, "events")], 20, []),
        ([(-10, 20, 30, "events")], 1, [(0, 30, 20, 30)]),
        ([(-10, -5, 30, "events")], 1, [(0, 30, 0, 30)]),
        ([(90, 110, 120, "events")], 1, [(90, 100, 10, 10)]),
        ([(100, 110, 120, "events")], 0, []),
        ([(-20, -10, 0, "events")], 0, []),
        # Two minutes apart are two, less are one; the light between is not dark.
        ([(10, 20, 20, "events"), (22, 30, 30, "events")], 1, [(10, 20, 10, 10), (22, 30, 8, 8)]),
        ([(10, 20, 20, "events"), (21, 30, 31, "events")], 1, [(10, 31, 19, 20)]),
        # The same minutes told twice count once.
        ([(10, 20, 40, "device_status"), (15, 30, 30, "events")], 1, [(10, 40, 20, 30)]),
        ([(10, 30, 40, "device_status"), (15, 20, 20, "events")], 1, [(10, 40, 20, 30)]),
        ([(10, 12, 20, "device_status"), (15, 18, 25, "events")], 1, [(10, 25, 5, 15)]),
    ],
)
def test_spans_cut_to_duties(
    spans: list[tuple[int, int, int, str]], least_min: int, found: list[tuple[int, int, int, int]]
) -> None:
    on_duty = Columns(
        {
            "vehicle_id": np.array(["A", "B"], dtype=object),
            "start_ms": np.array([AT, AT - H]),
            "end_ms": np.array([AT + 100 * MIN, AT + 3 * H]),
        }
    )
    said = device_outages._on_duty(_spans(*spans), on_duty, least_min * 60.0)
    assert [
        (begin, end, int(said["sure_ms"][at]) / MIN, int(said["may_ms"][at]) / MIN)
        for at, (begin, end) in enumerate(_minutes(said, "start_ms", "end_ms"))
    ] == found
    assert said["vehicle_id"].tolist() == ["A"] * len(found)


@pytest.mark.parametrize(
    ("others", "unheard", "silent", "is_told"),
    [
        # Of twenty others nine in ten, then silent on five.
        (20, 2, 5, True),
        (20, 3, 5, False),
        (20, 2, 4, False),
        (19, 1, 5, False),
    ],
)
def test_a_camera_that_falls_silent(others: int, unheard: int, silent: int, *, is_told: bool) -> None:
    trips, events = [], []
    for number in range(others + silent):
        begin = DAY_MS + number * 30 * MIN
        trips.append(
            {
                "trip_id": f"T{number}",
                "vehicle_id": "A",
                "boarded_ms": begin,
                "alighted_ms": begin + 10 * MIN,
            }
        )
        # Unheard one by one among the others: two of them are no run of silence.
        if number < others and number not in range(1, 2 * unheard, 2):
            events.append({"vehicle_id": "A", "kind": "phone", "time_ms": begin + MIN})
    found = device_outages._silences(day_with(trips=trips, events=events))
    first = DAY_MS + others * 30 * MIN
    last = DAY_MS + (others + silent - 1) * 30 * MIN + 10 * MIN
    assert list(zip(found["start_ms"], found["end_ms"], strict=True)) == ([(first, last)] if is_told else [])


# --- tickets

ticket = st.tuples(
    st.sampled_from("AB"),
    st.integers(0, 5),
    st.one_of(st.none(), st.integers(0, 4)),
    st.sampled_from(["meter", "gnss"]),
)


@given(st.lists(ticket, max_size=5), st.integers(0, 6), st.integers(0, 3))
@settings(max_examples=120)
def test_tickets(told: list[tuple[str, int, int | None, str]], begin: int, length: int) -> None:
    rows = [
        {
            "ticket_id": f"R{number}",
            "vehicle_id": car,
            "device": device,
            "reported_ms": AT + reported * MIN,
            "repaired_ms": None if took is None else AT + (reported + took) * MIN,
        }
        for number, (car, reported, took, device) in enumerate(told)
    ]
    one, cars = day_with(repairs=rows), np.array(["A"], dtype=object)
    mine = [(number, *row) for number, row in enumerate(told) if row[0] == "A" and row[3] == "meter"]
    at = np.array([AT + begin * MIN])
    still = [
        f"R{number}"
        for number, _, reported, took, _ in mine
        if reported <= begin and (took is None or begin < reported + took)
    ]
    assert open_tickets(one, cars, at, ("meter",)).tolist() == [";".join(still)]
    # Open at the beginning, or filed by the end.
    filed = [
        reported
        for _, _, reported, took, _ in mine
        if reported <= begin + length and (took is None or reported + took > begin)
    ]
    said = reported_between(one, cars, at, at + length * MIN, ("meter",)).tolist()
    assert said == [AT + min(filed) * MIN if filed else -1]


# --- positions


@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 8), st.integers(1, 4)), max_size=4),
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 8), st.integers(1, 4)), max_size=6),
)
@settings(max_examples=120)
def test_duties_a_gap_reaches_into(
    gaps: list[tuple[str, int, int]], duties: list[tuple[str, int, int]]
) -> None:
    gaps = sorted(gaps)
    of_gap = [np.array([row[at] for row in gaps], dtype=np.int64) for at in (1, 2)]
    nothing = np.zeros(len(gaps), dtype=np.int64)
    dark = uptime.Gaps(nothing, of_gap[0], of_gap[0] + of_gap[1], of_gap[1], nothing, nothing)
    duty = Columns(
        {
            "vehicle_id": np.array([row[0] for row in duties], dtype=object),
            "start_ms": np.array([row[1] for row in duties], dtype=np.int64),
            "end_ms": np.array([row[1] + row[2] for row in duties], dtype=np.int64),
        }
    )
    said = uptime._darkened(duty, np.array([row[0] for row in gaps], dtype=object), dark)
    # They share more than a moment.
    assert said.tolist() == [
        any(car == other and a < b + m and b < a + n for other, b, m in gaps) for car, a, n in duties
    ]


def _heard(*told: dict[str, Any]) -> Given:
    """Positions of car A, one a minute from the first moment on."""
    place = {"vehicle_id": "A", "lon": 113.3, "lat": 23.1}
    rows = [place | {"time_ms": AT + at * MIN} | one for at, one in enumerate(told)]
    one = day_with()
    fixes = fixes_of(rows)
    labels = np.array([row.get("label", 0) for row in rows], dtype=np.uint8)
    flags = np.array([row.get("flags", 0) for row in rows], dtype=np.int16)
    return replace(one, fixes=replace(fixes, flags=flags), track=replace(one.track, labels=labels))


def test_the_last_place_before_a_gap() -> None:
    one = _heard({"lon": 113.1}, {"lon": 113.2})
    lon, lat = uptime._last_place(one, np.array([0, 1, -1]))
    assert lon.tolist() == pytest.approx([113.1, 113.2, np.nan], nan_ok=True)
    assert lat.tolist() == pytest.approx([23.1, 23.1, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("flags", "north_deg", "parked"),
    [
        # 200 m at most: a degree of latitude is about 111 km.
        (ACC_SENT, 0.0, True),
        (ACC_SENT, 0.0017, True),
        (ACC_SENT, 0.0019, False),
        (ACC_SENT | ACC_ON, 0.0, False),
        # Who sends no ignition says nothing.
        (0, 0.0, False),
    ],
)
def test_a_parked_car(flags: int, north_deg: float, *, parked: bool) -> None:
    one = _heard({"flags": flags}, {"lat": 23.1 + north_deg, "flags": ACC_SENT | ACC_ON})
    before, after = np.array([0, -1, 0]), np.array([1, 1, -1])
    assert uptime._parked(one, before, after).tolist() == [parked, False, False]


@pytest.mark.parametrize(
    ("label", "delay_s", "arrived"),
    [
        # Received at minute 8:20: within the gap from 8:20 to 8:30, both ends included.
        (CLOCK, 20 * 60, True),
        (CLOCK, 20 * 60 - 1, False),
        (CLOCK, 30 * 60, True),
        (CLOCK, 30 * 60 + 1, False),
        (NO_FIX, 20 * 60, False),
        (0, 20 * 60, False),
    ],
)
def test_positions_with_a_wrong_clock(label: int, delay_s: int, *, arrived: bool) -> None:
    one = _heard({"label": label, "delay_s": delay_s})
    cars = np.array(["A", "B"], dtype=object)
    begin, finish = np.array([AT + 20 * MIN] * 2), np.array([AT + 30 * MIN] * 2)
    assert uptime._wrong_clock(one, cars, begin, finish).tolist() == [arrived, False]


@pytest.mark.parametrize(("days", "missing"), [(7, ""), (8, "positions"), (-7, ""), (-8, "positions")])
def test_a_car_that_was_heard_within_a_week(days: int, missing: str) -> None:
    one = _heard({})
    day = int(next(iter(one.feeds["positions"]))) if one.feeds.get("positions") else 20_746
    one = replace(one, seen={"A": (day + days, day + days)}, feeds={"positions": frozenset({day})})
    cars = np.array(["A", "B"], dtype=object)
    assert uptime._missing(one, cars, np.array([AT, AT])).tolist() == [missing, "positions"]
