"""Too many passengers of a company were not satisfied."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="sla.satisfaction",
    clause="篇4",
    title_zh="乘客满意度不达标（企业）",
    judges="company_ratings",
    law=("house.sla.dissatisfied_share", "house.service.ratings_least"),
    sources=("ratings",),
    needs=("trips",),
    stage="trial",
)
def satisfaction(months: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """More of a company's rated trips of a month than the house allows were rated bad.

    The company's, not any driver's; the target is the house's own, so it is a lead.

    Why it matters: whether complaints are settled well shows in what passengers say (篇4).
    Evidence: rated trips, how many were rated dissatisfied or a complaint, their share.
    Cannot tell: fewer than twenty ratings.
    Looks like it, but is not: exactly the share the house allows; trips nobody rated.
    """
    rated = months["rated"]
    share = months["bad"] / np.maximum(rated, 1.0)
    few = rated < law["house.service.ratings_least"]
    return Verdict(
        guilty=share > law["house.sla.dissatisfied_share"],
        measured=share,
        allowed=law["house.sla.dissatisfied_share"],
        unit="ratio",
        cannot_tell=np.where(few, "trips.rating", "").astype(object),
        blameless=np.ones(len(months), dtype=bool),
        evidence=months.some("trips", "rated", "bad"),
    )
