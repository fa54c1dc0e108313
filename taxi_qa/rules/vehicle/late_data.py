"""Positions that arrive too late."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="vehicle.late_data",
    clause="七.3",
    title_zh="定位数据上传迟延",
    judges="vehicle_months",
    law=("house.vehicle.delay_mean_s", "house.vehicle.delay_long_s", "house.vehicle.delay_long_times"),
    sources=("gnss", "platform"),
    needs=("positions",),
)
def late_data(months: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The car's positions of a month arrived too late, on average or too often by more than an hour.

    A batch uploaded together, as after a dead spot, is one delay. The link is the company's: no driver.

    Why it matters: judging and helping in time need data in time (七.3; the suppliers' pledge on delay).
    Evidence: the mean delay, how many batches came later than an hour, the longest delay.
    Cannot tell: the times of receipt were not recorded.
    Looks like it, but is not: a re-upload after a dead area that an approved excuse covers; two late
        batches in a month; a mean of exactly one minute.
    """
    mean = months["delay_mean_s"]
    long = months["batches_over_1h"]
    by_mean = mean > law["house.vehicle.delay_mean_s"]
    by_count = long > law["house.vehicle.delay_long_times"]
    return Verdict(
        guilty=by_mean | by_count,
        measured=mean,
        allowed=law["house.vehicle.delay_mean_s"],
        unit="s",
        blameless=np.ones(len(months), dtype=bool),
        evidence={
            **months.some("batches_over_1h", "delay_mean_s", "fixes"),
            "held_s": months["longest_s"],
            "kind": np.select([by_mean & by_count, by_mean, by_count], ["mean and long", "mean", "long"], ""),
        },
    )
