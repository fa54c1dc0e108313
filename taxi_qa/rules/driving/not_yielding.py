"""Did not give way: an event that is confirmed, or a record of the traffic police."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.seen import pictures
from taxi_qa.values.columns import Columns


@rule(
    name="driving.not_yielding",
    clause="五.6",
    title_zh="不礼让行人或车辆",
    judges="yield_acts",
    law=("house.driving.yield_level", "house.driving.camera_confidence"),
    sources=("camera",),
    needs=("events", "records"),
)
def not_yielding(acts: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The driver did not give way to people or cars, by the traffic police or by a camera on the street.

    A record of the police names the driver and is proof enough. An event is confirmed when its level says so
    and a picture is attached; any other is a lead.

    Why it matters: giving way at crossings is pledged (五.6).
    Evidence: the level and the picture by name and digest, or the number of the document.
    Cannot tell: a car whose camera never reported such a thing within a week looks at no street; a camera
        known to be down.
    Looks like it, but is not: a traffic violation of another kind; a shadow on the crossing (low
        confidence).
    """
    by_document = acts["document_no"] != ""
    doubtful = acts["confidence"] < law["house.driving.camera_confidence"]
    is_act = by_document | (~np.isnan(acts["frames"]) & ~doubtful)
    confirmed = (acts["level"] >= law["house.driving.yield_level"]) & (acts["media"] != "")
    return Verdict(
        guilty=is_act,
        measured=np.where(is_act, 1.0, 0.0),
        allowed=np.zeros(len(acts)),
        unit="count",
        trial=~by_document & ~confirmed,
        sources=np.where(by_document, "document", "camera").astype(object),
        evidence={**pictures(acts), **acts.some("level", "document_no")},
    )
