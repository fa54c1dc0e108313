"""Driving with papers that were not valid."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.facts.unit import whole
from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="licence.invalid",
    clause="一.1",
    title_zh="证件失效仍营运",
    judges="driver_days",
    sources=("register", "sign-in"),
    needs=("drivers", "vehicles", "trips"),
)
def invalid(days: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - dates are compared, no number of law
    """The driver drove on a day on which his licence, his registration or the car's permit was not valid.

    Why it matters: driving without valid papers endangers passengers' insurance and breaks the law (一.1).
    Evidence: which papers, the day up to which they were valid, how many trips.
    Cannot tell: a driver the register does not know; papers whose dates the register does not hold.
    Looks like it, but is not: the last valid day itself, which counts; a car standing while its permit
        is renewed.
    """
    day = days["day"]
    has_driver = days["driver_id"] != ""
    valid_to = days.some(
        "licence_valid_to_day", "registered_from_day", "registered_to_day", "permit_valid_to_day"
    )
    lapsed = {
        "licence": has_driver & (valid_to["licence_valid_to_day"] < day),
        "registration": has_driver
        & ((valid_to["registered_to_day"] < day) | (valid_to["registered_from_day"] > day)),
        "vehicle permit": valid_to["permit_valid_to_day"] < day,
    }
    guilty = np.logical_or.reduce(list(lapsed.values()))
    papers = np.full(len(days), "", dtype=object)
    over = np.zeros(len(days))
    for name, column in (
        ("licence", "licence_valid_to_day"),
        ("registration", "registered_to_day"),
        ("vehicle permit", "permit_valid_to_day"),
    ):
        papers[lapsed[name]] = [f"{said}+{name}".lstrip("+") for said in papers[lapsed[name]]]
        past = np.where(lapsed[name], day - valid_to[column], 0)
        over = np.fmax(over, np.where(np.isnan(past), 1, past))
    over = np.where(guilty, np.maximum(over, 1), 0)
    unknown = np.select(
        [has_driver & np.isnan(valid_to["licence_valid_to_day"]), ~days["permit_known"]],
        ["drivers.licence_valid_to", "vehicles.permit_valid_to"],
        "",
    )
    return Verdict(
        guilty=guilty,
        measured=over,
        allowed=np.zeros(len(days)),
        unit="days",
        cannot_tell=np.where(guilty, "", unknown).astype(object),
        evidence={
            "trips": days["trips"],
            **{name: whole(values) for name, values in valid_to.items()},
            "papers": papers,
        },
    )
