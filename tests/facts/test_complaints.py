"""Which trip a complaint means, on which day it is judged and whom it names, each at its limits."""

import numpy as np
import pytest

from taxi_qa.facts.complaints import act_ms, complaints
from taxi_qa.values.clock import MS_PER_DAY
from tests.facts.frames import DAY_MS, MIN, H, S, day_with
from tests.small_city import law_of

LAW = law_of("guangzhou")
AT = DAY_MS + 12 * H


@pytest.mark.parametrize(
    ("received", "happened", "judged"),
    [
        (100, -1, 100),
        (100, 0, 0),
        (100, 100, 100),
        # Before it happened nobody can complain of it.
        (100, 101, 100),
        (90 * MS_PER_DAY, 0, 0),
        (90 * MS_PER_DAY + 1, 0, 90 * MS_PER_DAY + 1),
    ],
)
def test_the_moment_of_the_act(received: int, happened: int, judged: int) -> None:
    assert act_ms(np.array([received]), np.array([happened])).tolist() == [judged]


def _trip(
    name: str, from_min: int, to_min: int, car: str = "A", driver: str | None = None
) -> dict[str, object]:
    return {
        "trip_id": name,
        "vehicle_id": car,
        "driver_id": driver,
        "boarded_ms": AT + from_min * MIN,
        "alighted_ms": AT + to_min * MIN,
    }


@pytest.mark.parametrize(
    ("moment_s", "trips", "meant"),
    [
        # Ten minutes on both sides of a trip of 20 minutes.
        (-600, [_trip("T", 0, 20)], "T"),
        (-601, [_trip("T", 0, 20)], ""),
        (1800, [_trip("T", 0, 20)], "T"),
        (1801, [_trip("T", 0, 20)], ""),
        (300, [_trip("T", 0, 20, "B")], ""),
        # Two are near, one is under way: also in its first and its last moment.
        (0, [_trip("T", 0, 20), _trip("U", -9, -1)], "T"),
        (1200, [_trip("T", 0, 20), _trip("U", 21, 30)], "T"),
        (-30, [_trip("T", 0, 20), _trip("U", -9, -1)], ""),
        # Two are under way.
        (0, [_trip("T", 0, 20), _trip("U", -9, 0)], ""),
    ],
)
def test_the_trip_around_a_moment(moment_s: int, trips: list[dict[str, object]], meant: str) -> None:
    told = {
        "complaint_id": "C",
        "vehicle_id": "A",
        "received_ms": AT + 2 * H,
        "happened_ms": AT + moment_s * S,
    }
    said = complaints(day_with(complaints=[told], trips=trips), LAW)
    assert said["trip_id"].tolist() == [meant]


def test_by_its_id_a_trip_is_meant_whenever_it_was() -> None:
    told = [
        {"complaint_id": "C", "trip_id": "T", "received_ms": AT + 2 * H},
        # Another car than the trip's: nobody is named.
        {"complaint_id": "D", "trip_id": "T", "vehicle_id": "B", "received_ms": AT + 2 * H},
        {"complaint_id": "E", "trip_id": "X", "received_ms": AT + 2 * H},
    ]
    trips = [_trip("S", -60, -40), _trip("T", 0, 20, driver="D1")]
    said = complaints(day_with(complaints=told, trips=trips), LAW)
    assert said["driver_id"].tolist() == ["D1", "", ""]
    assert said["vehicle_id"].tolist() == ["A", "B", ""]
    # No time is told: the trip's, else that of the complaint.
    assert said["start_ms"].tolist() == [AT, AT, AT + 2 * H]
    assert said["end_ms"].tolist() == [AT + 20 * MIN, AT + 20 * MIN, AT + 2 * H]


def test_the_window_holds_trip_and_moment() -> None:
    rows = []
    for name, minute in (("C", -5), ("D", 10), ("E", 25)):
        told = {"vehicle_id": "A", "received_ms": AT + 2 * H, "happened_ms": AT + minute * MIN}
        rows.append({"complaint_id": name, **told})
    said = complaints(day_with(complaints=rows, trips=[_trip("T", 0, 20)]), LAW)
    assert [(at - AT) // MIN for at in said["start_ms"].tolist()] == [-5, 10, 25]
    assert [(at - AT) // MIN for at in said["end_ms"].tolist()] == [20, 20, 25]
    assert [(at - AT) // MIN for at in said["window_from_ms"].tolist()] == [-5, 0, 0]
    assert [(at - AT) // MIN for at in said["window_to_ms"].tolist()] == [20, 20, 25]


@pytest.mark.parametrize(("hour", "judged"), [(0, True), (-1, False), (24, False), (23, True)])
def test_the_span_that_is_judged(hour: int, *, judged: bool) -> None:
    told = [{"complaint_id": "C", "received_ms": DAY_MS + hour * H}]
    assert len(complaints(day_with(complaints=told), LAW)) == judged


@pytest.mark.parametrize(
    ("told", "of_trip", "signed", "named"),
    [
        (None, None, [], ""),
        ("D1", None, [], "D1"),
        (None, "D1", [], "D1"),
        (None, None, ["D1"], "D1"),
        ("D1", "D1", ["D2"], "D1"),
        # They contradict each other.
        ("D2", "D1", [], ""),
        ("D2", None, ["D1"], ""),
        ("D1", None, ["D1"], "D1"),
        # Several are signed in: only the trip's own tells them apart.
        (None, None, ["D1", "D2"], ""),
        ("D1", None, ["D1", "D2"], ""),
        (None, "D1", ["D1", "D2"], "D1"),
    ],
)
def test_whom_it_names(told: str | None, of_trip: str | None, signed: list[str], named: str) -> None:
    complaint = {"complaint_id": "C", "vehicle_id": "A", "driver_id": told}
    moments = {"received_ms": AT + 2 * H, "happened_ms": AT + MIN}
    shifts = [{"vehicle_id": "A", "driver_id": one, "start_ms": AT - H, "end_ms": AT + H} for one in signed]
    given = day_with(
        complaints=[complaint | moments], trips=[_trip("T", 0, 20, driver=of_trip)], shifts=shifts
    )
    assert complaints(given, LAW)["driver_id"].tolist() == [named]


def test_who_was_signed_in_when_it_came_in_says_nothing_of_when_it_happened() -> None:
    complaint = {"complaint_id": "C", "vehicle_id": "A", "received_ms": AT + MIN}
    shifts = [
        {"vehicle_id": "A", "driver_id": one, "start_ms": AT - H, "end_ms": AT + H} for one in ("D1", "D2")
    ]
    # Without a time nobody is named by a shift; with one it is he.
    for signed, happened, named in (
        (shifts[:1], None, ""), (shifts[:1], AT, "D1"), (shifts, None, ""), (shifts, AT, "")
    ):  # fmt: skip
        given = day_with(complaints=[complaint | {"happened_ms": happened}], shifts=signed)
        assert complaints(given, LAW)["driver_id"].tolist() == [named]
    # The complaint's own word stands where no record is of that time.
    told = complaint | {"driver_id": "D1"}
    assert complaints(day_with(complaints=[told], shifts=shifts), LAW)["driver_id"].tolist() == ["D1"]
