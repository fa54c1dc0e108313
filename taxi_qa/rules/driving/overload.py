"""More passengers than the car has seats for."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.seen import TWO
from taxi_qa.values.columns import Columns


@rule(
    name="driving.overload",
    clause="五.3",
    title_zh="超员载客",
    judges="cabins",
    law=("house.driving.overload_counts", "house.driving.camera_confidence"),
    sources=("camera", "meter"),
    needs=("trips", "events", "vehicles"),
)
def overload(trips: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The car carried more passengers than it has seats, the driver's left out, by repeated looks.

    A child in arms counts as one. Looks of one device are a lead; two devices that agree, a firm finding. Two
    looks less than ten seconds apart are one.

    Why it matters: no more than the seats allow is pledged, and law (五.3).
    Evidence: seats, the most passengers counted, how many looks counted too many, of how many.
    Cannot tell: no count within the trip that is sure enough; a single look, with too many; a camera known to
        be down.
    Looks like it, but is not: as many passengers as seats; a face on a screen in one look of several; low
        confidence; the next party's count after the trip.
    """
    fewest = law["house.driving.overload_counts"]
    # Counts less sure than the house asks were never taken for looks.
    watched = (trips["counts"] > 0) & (law["house.driving.camera_confidence"] >= 0)
    guilty = trips["over"] >= fewest
    once = (trips["over"] > 0) & (trips["counts"] == trips["over"]) & ~guilty
    return Verdict(
        guilty=guilty,
        measured=trips["passengers"],
        allowed=trips["seats"] - 1,
        unit="count",
        cannot_tell=np.select(
            [trips["camera_down"], ~watched, once],
            ["working camera", "events.passenger_count", "a second count"],
            "",
        ).astype(object),
        trial=trips["counters"] < TWO,
        sources=np.where(trips["counters"] < TWO, "camera", "camera+seat").astype(object),
        evidence={**trips.some("seats", "passengers", "counts", "over")},
    )
