"""What a camera counted: looks into the cabin, each as good as its recogniser is sure.

A count with a confidence is a look of a recogniser, one without is a seat sensor's own state. Between two
looks nobody knows; so a span with passengers reaches from one look to the next that also saw some.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.given import Given, instants, numbers, words
from taxi_qa.law.parameter import Law
from taxi_qa.values.columns import Columns

# Further apart, two looks may have seen two parties.
NEXT_LOOK_MS: Final = 300_000


def sure_counts(given: Given, law: Law) -> Columns:
    """Every count of passengers that is sure enough, car by car and in the order of time; worked out once.

    Returns:
        vehicle_id, time_ms, value, source, is_look (a recogniser's).
    """
    return given.once("sure_counts", lambda one: _sure_counts(one, law))


def _sure_counts(given: Given, law: Law) -> Columns:
    events = given.tables["events"]
    confidence, value = numbers(events["confidence"]), numbers(events["value"])
    least = law.number("house.driving.camera_confidence", given.from_ms)
    told = (words(events["kind"]) == "passenger_count") & ~np.isnan(value)
    rows = np.flatnonzero(told & (np.isnan(confidence) | (confidence >= least)))
    names, at = words(events["vehicle_id"])[rows], instants(events["time_ms"], 0)[rows]
    order = np.lexsort((words(events["event_id"])[rows].astype(str), value[rows], at, names.astype(str)))
    return Columns(
        {
            "vehicle_id": names[order],
            "time_ms": at[order],
            "value": value[rows][order],
            "source": words(events["source"])[rows][order],
            "is_look": ~np.isnan(confidence[rows][order]),
        }
    )


def camera_runs(given: Given, law: Law) -> Columns:
    """Spans between a look that saw passengers and the next of the same car that did, at most 5 minutes on.

    Returns:
        vehicle_id, start_ms, end_ms; sorted by vehicle and start; spans that meet are one.
    """
    looks = sure_counts(given, law)
    looks = looks.cut(looks["is_look"])
    names, at, seen = looks["vehicle_id"], looks["time_ms"], looks["value"] > 0
    joined: npt.NDArray[np.bool_] = (names[1:] == names[:-1]) & seen[1:] & seen[:-1]
    joined &= at[1:] - at[:-1] <= NEXT_LOOK_MS
    if not joined.any():
        return Columns({"vehicle_id": names[:0], "start_ms": at[:0], "end_ms": at[:0]})
    begins = np.flatnonzero(joined & ~np.append(False, joined[:-1]))
    ends = np.flatnonzero(joined & ~np.append(joined[1:], False)) + 1
    return Columns({"vehicle_id": names[begins], "start_ms": at[begins], "end_ms": at[ends]})
