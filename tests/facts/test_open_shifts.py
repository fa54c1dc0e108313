"""A shift nobody signed out of: who was on duty after the last trip, nobody can say."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.facts.duty import open_ended
from tests.facts.frames import DAY_MS, MIN, day_with

Three = tuple[int, int, int]
Shift = tuple[int, int, int | None]


def _open_ended_plainly(shifts: list[Shift], trips: list[Three], asked: list[Three]) -> list[bool]:
    """The same, span by span: an open shift ends at its car's next sign-in, at the latest after 24 hours."""
    told = []
    for car, begin, finish in asked:
        unsure = sure = False
        mine = sorted((start, end) for of, start, end in shifts if of == car)
        for at, (start, end) in enumerate(mine):
            if end is not None:
                sure = sure or (start <= begin and finish <= end)
                continue
            until = min([start + 24 * 60, *(later for later, _end in mine[at + 1 : at + 2])])
            if start < finish and until > begin:
                unsure = unsure or not any(of == car and on <= until and off > begin for of, on, off in trips)
        told.append(unsure and not sure)
    return told


_MINUTE = st.integers(0, 8)


@given(
    shifts=st.lists(st.tuples(st.integers(0, 1), _MINUTE, st.none() | st.integers(1, 4)), max_size=5),
    trips=st.lists(st.tuples(st.integers(0, 1), _MINUTE, st.integers(1, 3)), max_size=4),
    asked=st.lists(st.tuples(st.integers(0, 2), _MINUTE, st.integers(1, 4)), min_size=1, max_size=5),
)
def test_nobody_can_say_that_a_driver_who_never_signed_out_was_on_duty(
    shifts: list[Shift], trips: list[Three], asked: list[Three]
) -> None:
    # At one moment of a car one driver signs in.
    ends = {(car, start): None if long is None else start + long for car, start, long in shifts}
    shifts = [(car, start, end) for (car, start), end in ends.items()]
    trips = [(car, on, on + long) for car, on, long in trips]
    asked = [(car, begin, begin + long) for car, begin, long in asked]
    records = day_with(
        shifts=[
            {"vehicle_id": f"V{car}", "driver_id": f"D{start}", "start_ms": DAY_MS + start * MIN,
             "end_ms": None if end is None else DAY_MS + end * MIN}
            for car, start, end in shifts
        ],
        trips=[
            {"trip_id": f"T{at}", "vehicle_id": f"V{car}", "boarded_ms": DAY_MS + on * MIN,
             "alighted_ms": DAY_MS + off * MIN}
            for at, (car, on, off) in enumerate(trips)
        ],
    )  # fmt: skip
    cars = np.array([f"V{car}" for car, _begin, _finish in asked], dtype=object)
    begin, finish = (DAY_MS + MIN * np.array([one[at] for one in asked], dtype=np.int64) for at in (1, 2))
    assert open_ended(records, cars, begin, finish).tolist() == _open_ended_plainly(shifts, trips, asked)
