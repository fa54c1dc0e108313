"""No meter while on duty."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.outages import device_was_dark
from taxi_qa.values.columns import Columns


@rule(
    name="vehicle.meter_outage",
    clause="七.2–3",
    title_zh="营运期间计价器中断",
    judges="meter_outages",
    law=("house.vehicle.meter_outage_s", "house.vehicle.report_in_time_s"),
    sources=("meter", "shift"),
    needs=("device_status", "events", "shifts"),
)
def meter_outage(outages: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The car was on duty and its meter was down for longer than is tolerated.

    Reported within two hours of its begin on duty the outage is the company's to mend; else whoever drove
    answers. Two clocks stand side by side: when the device told, and when somebody reported it.

    Why it matters: without the meter there is no fare by the tariff and no record of the trip (七.3).
    Evidence: begin and end, the time the device was surely down, when it told so, when it was reported.
    Cannot tell: a meter that neither recorded a trip nor reported its state on that duty; a fault that tells
        no duration, of which nobody knows when it ended; a shift nobody signed out
        of, and no trip in it afterwards.
    Looks like it, but is not: an approved excuse (maintenance, force majeure); a meter down
        while the car was off duty; an outage of exactly the tolerance; a fault that the next trip refutes.
    """
    return device_was_dark(outages, law["house.vehicle.meter_outage_s"])
