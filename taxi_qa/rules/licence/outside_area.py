"""Working outside the licensed area."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="licence.outside_area",
    clause="一.1",
    title_zh="异地经营：起讫点均在许可区域外",
    judges="trips",
    sources=("meter", "gnss"),
    needs=("trips", "zones"),
)
def outside_area(trips: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - the area stands in the trips
    """The trip both began and ended outside the area the taxi is licensed for.

    Why it matters: the permit is for the city; trips wholly outside it take the bread of others (一.1).
    Evidence: both ends, and the zone or the law that draws the border.
    Cannot tell: no border is known; an end of the trip is known neither by place nor by zone.
    Looks like it, but is not: a passenger taken out of the city, or back into it.
    """
    begins, ends = (trips[f"{end}_in_city"] for end in ("boarded", "alighted"))
    outside = (begins == 0) & (ends == 0)
    # One end inside is lawful whatever the other is; only two unknown or half-known ends leave it open.
    open_end = ~outside & (begins != 1) & (ends != 1)
    no_border = np.isnan(begins) & np.isnan(ends) & (trips["area_leans_on"] == "")
    return Verdict(
        guilty=outside,
        measured=(begins == 0).astype(np.float64) + (ends == 0),
        allowed=np.ones(len(trips)),
        unit="count",
        cannot_tell=np.select([no_border, open_end], ["zones of kind city", "place of both ends"], "").astype(
            object
        ),
        # An operator's own zone is no law.
        leans_on=np.array(
            ["" if name.startswith("zone ") else name for name in trips["area_leans_on"]], dtype=object
        ),
        evidence={
            **trips.some("boarded_zone", "alighted_zone", "metered_m"),
            "place": trips["area_leans_on"],
        },
    )
