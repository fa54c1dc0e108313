"""Which spans of a car share time with which others of the same car."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.given import NOT_GIVEN, positions_of
from taxi_qa.values.columns import Texts

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CarSpans:
    """Spans of cars, car by car and by their begin.

    Attributes:
        cars: the cars that have any.
        starts: car `i` owns rows `starts[i]:starts[i + 1]`.
        begin_ms, end_ms: both ends, included.
        row: which of the spans handed in each one is.
    """

    cars: tuple[str, ...]
    starts: Int64s
    begin_ms: Int64s
    end_ms: Int64s
    row: Int64s


def car_spans(vehicle_id: Texts, begin_ms: Int64s, end_ms: Int64s) -> CarSpans:
    """Spans in any order, in the shape in which they are asked."""
    cars, car = np.unique(vehicle_id.astype(str), return_inverse=True)
    order = np.lexsort((end_ms, begin_ms, car))
    starts = np.searchsorted(car[order], np.arange(cars.size + 1)).astype(np.int64)
    return CarSpans(tuple(cars.tolist()), starts, begin_ms[order], end_ms[order], order.astype(np.int64))


def touched(spans: CarSpans, vehicle_id: Texts, begin_ms: Int64s, end_ms: Int64s) -> Bools:
    """Whether any of the spans of the same car shares a moment with each one asked about."""
    count, _, _ = _asked(spans, vehicle_id, begin_ms, end_ms)
    return np.asarray(count > 0, dtype=bool)


def shared_s(spans: CarSpans, vehicle_id: Texts, begin_ms: Int64s, end_ms: Int64s) -> Floats:
    """Seconds each span asked about shares with those of the same car; spans that overlap count each."""
    _, shared_ms, _ = _asked(spans, vehicle_id, begin_ms, end_ms)
    result: Floats = shared_ms / 1000.0
    return result


def only_one(spans: CarSpans, vehicle_id: Texts, begin_ms: Int64s, end_ms: Int64s) -> Int64s:
    """The row of the one span of the same car that shares a moment with each, -1 where none or several do."""
    count, _, last = _asked(spans, vehicle_id, begin_ms, end_ms)
    return np.where(count == 1, last, NOT_GIVEN)


def _asked(
    spans: CarSpans, vehicle_id: Texts, begin_ms: Int64s, end_ms: Int64s
) -> tuple[Int64s, Int64s, Int64s]:
    car = positions_of(spans.cars, vehicle_id)
    return _overlaps(spans.starts, spans.begin_ms, spans.end_ms, spans.row, car, begin_ms, end_ms)


@njit(cache=True, nogil=True)
def _overlaps(
    starts: Int64s, span_begin: Int64s, span_end: Int64s, span_row: Int64s, car: Int64s, begin_ms: Int64s,
    end_ms: Int64s,
) -> tuple[Int64s, Int64s, Int64s]:  # fmt: skip
    count = np.zeros(car.size, dtype=np.int64)
    shared = np.zeros(car.size, dtype=np.int64)
    last = np.full(car.size, NOT_GIVEN, dtype=np.int64)
    for row in range(car.size):
        if car[row] == NOT_GIVEN:
            continue
        for i in range(starts[car[row]], starts[car[row] + 1]):
            if span_begin[i] > end_ms[row]:
                break
            if span_end[i] >= begin_ms[row]:
                count[row] += 1
                shared[row] += min(span_end[i], end_ms[row]) - max(span_begin[i], begin_ms[row])
                last[row] = span_row[i]
    return count, shared, last
