"""Rated worse than the fleet."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="service.low_rating",
    clause="二",
    title_zh="乘客评价低于车队水平",
    judges="driver_ratings",
    law=("house.service.ratings_least", "house.service.rating_prior", "house.service.rating_deviations"),
    sources=("ratings",),
    needs=("trips",),
    stage="index",
)
def low_rating(months: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The driver's passengers of a month were clearly less satisfied than the fleet's.

    For coaching alone: it never costs points. The share of bad ratings is drawn towards the fleet's as if
    twenty more passengers had rated him like everybody.

    Why it matters: passengers come first (二).
    Evidence: rated trips, bad ones, the share drawn towards the fleet's, the fleet's own.
    Cannot tell: fewer than twenty ratings.
    Looks like it, but is not: a few bad ratings among many good ones; a fleet that is rated badly as a whole.
    """
    rated, fleet = months["rated"], months["fleet_share"]
    weight = law["house.service.rating_prior"]
    share = (months["bad"] + weight * fleet) / (rated + weight)
    spread = np.sqrt(share * (1.0 - share) / (rated + weight))
    few = (rated < law["house.service.ratings_least"]) | np.isnan(fleet)
    return Verdict(
        guilty=share - law["house.service.rating_deviations"] * spread > fleet,
        measured=share,
        allowed=fleet,
        unit="ratio",
        cannot_tell=np.where(few, "trips.rating", "").astype(object),
        evidence=months.some("trips", "rated", "bad"),
    )
