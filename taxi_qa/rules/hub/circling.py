"""Circling: past the bays again and again instead of queueing."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="hub.circling",
    clause="四",
    title_zh="枢纽站场绕圈揽客",
    judges="hub_rounds",
    law=(
        "house.hub.laps",
        "house.hub.rounds_others",
        "house.hub.lap_kmh",
        "house.hub.lap_stand_s",
    ),
    sources=("gnss", "meter"),
    needs=("positions", "trips", "zones"),
)
def circling(rounds: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """An empty car crept past a hub's bays three times or more within an hour and loaded nobody.

    A lap is a pass of an empty car through the bays at walking to cycling speed, without a stand that would
    be waiting.

    Why it matters: who goes round picks passengers past those who queue (四).
    Evidence: the laps and their times, other cars that went round.
    Cannot tell: no trips sent; a hub without bays on record; two cars under one plate; many cars going round
        at once, for a reason nobody filed.
    Looks like it, but is not: a road above the hub, driven at speed; a drive through with a stop at a light;
        passengers aboard; a booked car; a wait in the bay; two laps; three laps in an hour exactly.
    """
    laps = rounds["laps"].astype(np.float64)
    guilty = laps >= law["house.hub.laps"]
    sent_round = rounds["others_round"] >= law["house.hub.rounds_others"]
    return Verdict(
        guilty=guilty,
        measured=laps,
        allowed=law["house.hub.laps"] - 1,
        unit="count",
        cannot_tell=np.where(guilty & sent_round, "reason of going round", "").astype(object),
        evidence=rounds.some("hub", "lap_times", "others_round"),
    )
