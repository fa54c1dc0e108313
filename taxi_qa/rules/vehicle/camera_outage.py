"""No camera while on duty."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.outages import device_was_dark
from taxi_qa.values.columns import Columns


@rule(
    name="vehicle.camera_outage",
    clause="七.2–3",
    title_zh="营运期间视频监控中断",
    judges="camera_outages",
    law=("house.vehicle.camera_outage_s", "house.vehicle.report_in_time_s"),
    sources=("camera", "shift"),
    needs=("device_status", "events", "shifts"),
)
def camera_outage(outages: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The car was on duty and its camera or recorder was down for longer than is tolerated.

    Reported within two hours of its begin on duty the outage is the company's to mend; else whoever drove
    answers. Two clocks stand side by side: when the device told, and when somebody reported it.

    Why it matters: what the camera keeps protects passenger and driver alike (七.2).
    Evidence: begin and end, the time the device was surely down, when it told so, when it was reported.
    Cannot tell: no camera, or one that neither spoke nor reported its state on that duty; a fault that tells
        no duration, of which nobody knows when it ended; a shift nobody signed out
        of, and no trip in it afterwards.
    Looks like it, but is not: an approved excuse (maintenance, force majeure); a camera down
        while the car was off duty; an outage of exactly the tolerance; a few trips of which a camera that
        speaks of few trips says nothing.
    """
    return device_was_dark(outages, law["house.vehicle.camera_outage_s"])
