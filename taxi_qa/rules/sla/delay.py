"""A company's positions arrived later than was promised."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="sla.delay",
    clause="篇5",
    title_zh="数据时延未达承诺",
    judges="company_delays",
    law=("house.vehicle.delay_mean_s", "house.vehicle.delay_long_s", "house.vehicle.delay_long_times"),
    sources=("gnss", "platform"),
    needs=("positions",),
)
def delay(months: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """Over a month a company's positions came too late on average, or cars too often by more than an hour.

    Batches uploaded together are one delay. A company with many cars has many dead spots: it may have as many
    late batches a car as one car may.

    Why it matters: judging and helping in time need data in time (篇5).
    Evidence: the mean delay, batches later than an hour, cars, the longest delay, the worst cars.
    Cannot tell: cars of no known company; the times of receipt were not recorded.
    Looks like it, but is not: re-uploads that an approved excuse covers; a mean of exactly one minute; one
        car alone that is late.
    """
    mean, late = months["delay_mean_s"], months["batches_over_1h"]
    times = law["house.vehicle.delay_long_times"] * months["cars"]
    by_mean = mean > law["house.vehicle.delay_mean_s"]
    by_count = late > times
    return Verdict(
        guilty=by_mean | by_count,
        measured=np.where(by_mean, mean, late),
        allowed=np.where(by_mean, law["house.vehicle.delay_mean_s"], times),
        unit=np.where(by_mean, "s", "count").astype(object),
        blameless=np.ones(len(months), dtype=bool),
        evidence={
            **months.some("delay_mean_s", "batches_over_1h", "cars", "outage_cars"),
            "held_s": months["longest_s"],
            "kind": np.select([by_mean & by_count, by_mean, by_count], ["mean and long", "mean", "long"], ""),
        },
    )
