"""Detours: longer than every reasonable route, dearer, and not faster."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="driving.detour",
    clause="五.7",
    title_zh="绕路行驶",
    judges="driven_routes",
    law=(
        "house.driving.detour_ratio",
        "house.driving.detour_m",
        "house.driving.detour_fen",
        "house.driving.detour_similar_n",
        "house.driving.detour_strange_share",
        "house.driving.detour_least_m",
    ),
    sources=("gnss", "map"),
    needs=("trips", "positions", "roads"),
)
def detour(trips: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The trip was longer than the longest reasonable route by both margins, dearer, and not faster.

    Reasonable are the fastest route, the fastest at that hour, others not much slower, and whatever way the
    driver took that is not much slower either; never the shortest alone. The driven distance is the sum
    between positions, at the shortest the trip's times allow. A second witness is what other taxis drove
    between the same places in the four weeks before: it must call the trip strange. Without it, or without
    a road network, a finding is only a lead.

    Why it matters: the passenger pays for every kilometre, and the driver pledged no detours (五.7).
    Evidence: driven and reasonable distance, extra distance, fare and time, where the ways part and meet,
        the reasonable route and which it is; how many comparable trips were shorter, their median, and how
        many of a hundred ordinary trips are as strange.
    Cannot tell: neither a road network nor enough comparable trips; an end or part of the track unknown; a
        long stop on the way that explains it, or one where passengers got out and in; a ride that ends where
        it began, or a short walk from there: what was wished lies between; no tariff in force.
    Looks like it, but is not: a longer but faster way; a way as long as nine of ten others drove; a closed
        road under an approved excuse; a stop on the way; a gap in the track; a fifth longer exactly; a few
        hundred metres on a short trip.
    """
    driven, reference = trips["driven_m"], trips["reference_m"]
    allowed = np.maximum(
        reference * (1 + law["house.driving.detour_ratio"]), reference + law["house.driving.detour_m"]
    )
    longer = driven > allowed
    dearer = trips["extra_fen"] > law["house.driving.detour_fen"]
    # The fastest route of that hour takes at least so long: who took less drove the faster way.
    faster = trips["took_s"] < trips["reference_s"]
    known = trips["similar_n"] >= law["house.driving.detour_similar_n"]
    usual = known & (trips["witness_m"] <= trips["similar_p90_m"])
    strange = known & (trips["strange_share"] <= law["house.driving.detour_strange_share"])
    roadless = trips["reference_kind"] == "other taxis"
    guilty = longer & dearer & ~faster & ~usual & ~trips["own_is_reasonable"]
    by_stop = guilty & trips["back_aboard"]
    by_stop |= guilty & (driven <= trips["over_stop_m"] * (1 + law["house.driving.detour_ratio"]))
    there_and_back = guilty & (reference < law["house.driving.detour_least_m"])
    return Verdict(
        guilty=guilty,
        measured=driven,
        allowed=allowed,
        unit="m",
        cannot_tell=np.select(
            [guilty & (trips["fare_missing"] != ""), by_stop, there_and_back],
            [trips["fare_missing"], "reason of the stop", "where the passengers wished to go"],
            "",
        ).astype(object),
        trial=~strange | roadless,
        leans_on=trips["fare_leans_on"],
        sources=np.select([roadless, known], ["gnss+other taxis", "gnss+map+other taxis"], "gnss+map").astype(
            object
        ),
        evidence={
            **trips.some("reference_m", "reference_s", "took_s", "extra_fen", "reference_kind", "route"),
            **trips.some(
                "similar_n", "similar_median_m", "similar_share_shorter", "strange_share", "unusual_m"
            ),
            **trips.some("metered_m", "road", "way_ids", "detour_from", "detour_to"),
            "extra_m": driven - reference,
            "extra_s": trips["took_s"] - trips["reference_s"],
        },
    )
