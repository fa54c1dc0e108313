"""Changed cars on the way."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import complaint_evidence, is_complaint, upheld
from taxi_qa.values.columns import Columns


@rule(
    name="service.transfer",
    clause="六.4",
    title_zh="中途转车（倒客）",
    judges="transfers",
    law=("house.service.transfer_s", "house.service.transfer_m", "house.service.transfer_turn_deg",
         "house.service.transfer_neighbours", "house.service.usual_drops", "house.service.drops_least"),
    sources=("meter", "second meter"),
    needs=("trips", "complaints"),
)  # fmt: skip
def transfer(rows: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """A trip ended and at once another taxi went on from there, with as many passengers, the same way.

    Two meters show it and nobody says whose wish it was: a lead, and only where hardly anybody gets in or
    out: of fifty such pairs at street corners in use fifty are strangers. An upheld complaint is a finding.

    Why it matters: who boards is taken to where he wants to go, in that car (六.4).
    Evidence: the other taxi and its trip, the seconds and metres between them, how far the way turned.
    Cannot tell: no place of the end, no count of passengers; a place where strangers come and go, busy within
        the half hour or often used in these days; too few trips to know such places; a complaint the desk has
        not decided yet.
    Looks like it, but is not: a breakdown with a ticket; a second car the passengers had booked; another
        party, of another number; a way that goes off elsewhere; a taxi that came after three minutes; a
        complaint that was unfounded.
    """
    complaint = is_complaint(rows)
    valid, missing = upheld(rows)
    # The unit looked a minute back, for meters of whole minutes, and no farther than 3 min and 50 m.
    next_to = (rows["gap_s"] <= law["house.service.transfer_s"]) & (
        rows["apart_m"] <= law["house.service.transfer_m"]
    )
    goes_on = next_to & (rows["turn_deg"] <= law["house.service.transfer_turn_deg"])
    goes_on &= ~rows["booked"] & ~rows["broke_down"]
    alike = goes_on & rows["same_count"]
    busy = rows["neighbours"] > law["house.service.transfer_neighbours"]
    busy |= rows["drops_near"] > law["house.service.usual_drops"]
    too_few = rows["drops"] < law["house.service.drops_least"]
    unknown = np.select(
        [goes_on & ~rows["count_known"], alike & busy, alike & too_few],
        ["trips.passengers", "complaints", "trips"],
        missing,
    )
    return Verdict(
        guilty=valid | alike,
        measured=np.where(complaint, valid, rows["gap_s"]),
        allowed=np.where(complaint, 0.0, law["house.service.transfer_s"]),
        unit=np.where(complaint, "count", "s").astype(object),
        cannot_tell=unknown.astype(object),
        trial=~complaint,
        sources=np.where(complaint, "complaint", "meter+second meter").astype(object),
        evidence={
            **complaint_evidence(rows),
            **rows.some("partner", "partner_trip", "gap_s", "apart_m", "turn_deg", "drops_near"),
        },
    )
