"""No positions while on duty."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="vehicle.gnss_outage",
    clause="七.2–3",
    title_zh="营运期间卫星定位中断",
    judges="outages",
    law=("house.vehicle.gnss_outage_s", "house.vehicle.report_in_time_s"),
    sources=("gnss", "shift"),
    needs=("positions", "shifts"),
)
def gnss_outage(outages: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The car was on duty and sent no usable position for longer than is tolerated.

    Reported within two hours of its begin the outage is the company's to mend; else whoever drove answers.

    Why it matters: without positions neither passenger nor driver can be protected; drivers pledged to keep
        the four-in-one system working (七.3).
    Evidence: begin and end, the time without a record, when it was reported, what the terminal said.
    Cannot tell: a car never heard of; a gap inside a tunnel; a parked car whose ignition was off;
        positions that arrived with a clock set wrong; a shift nobody signed out of, and no trip in it
        afterwards.
    Looks like it, but is not: an approved excuse (carrier outage, maintenance); the end of a shift; an
        outage of exactly the tolerance.
    """
    dark = outages["dark_s"]
    allowed = law["house.vehicle.gnss_outage_s"]
    in_time = outages["reported_in_time"]
    has_gap = dark > 0
    cannot_tell = np.select(
        [
            has_gap & outages["in_tunnel"],
            has_gap & outages["ignition_off"],
            has_gap & outages["wrong_clock"],
            has_gap & outages["no_sign_out"],
        ],
        ["sky over the tunnel", "positions with the ignition off", "terminal clock", "sign-out"],
        "",
    )
    return Verdict(
        guilty=dark > allowed,
        measured=dark,
        allowed=allowed,
        unit="s",
        cannot_tell=cannot_tell.astype(object),
        blameless=in_time,
        sources=np.array([f"gnss+{known}" for known in outages["known_by"]], dtype=object),
        evidence=outages.some("dark_s", "reported_ms", "devices_down"),
    )
