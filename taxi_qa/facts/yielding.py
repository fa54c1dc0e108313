"""Acts of not giving way: what cameras reported, and what the traffic police put on record."""

from typing import Final

import numpy as np

from taxi_qa.facts.camera_episodes import camera_acts, filled_like
from taxi_qa.facts.given import Given, instants, words
from taxi_qa.facts.overlaps import car_spans, only_one
from taxi_qa.facts.unit import unit_rows
from taxi_qa.facts.who import signed_in
from taxi_qa.law.parameter import Law
from taxi_qa.values.columns import Columns, Texts, stacked_columns

# Words by which a record's detail names the act.
_NAMED: Final = ("礼让", "让行", "让道", "斑马线", "人行横道", "yield", "give way", "crossing")


def yield_acts(given: Given, law: Law) -> Columns:
    """The acts cameras reported, duties without any, and records of the police about drivers of these cars.

    A record stands under the car its driver had signed in on at that moment; where there is none of them, or
    several, it is no row here (`record.traffic_violation` judges every record).

    Returns:
        The columns of `camera_acts` and document_no ("" for what cameras reported).
    """
    seen = camera_acts(given, law, "not_yielding")
    seen = seen.but({"document_no": np.full(len(seen), "", dtype=object)})
    return stacked_columns([seen, filled_like(_records(given), seen)])


def _records(given: Given) -> Columns:
    table = given.tables["records"]
    detail = [text.lower() for text in words(table["detail"])]
    named = np.array([any(word in text for word in _NAMED) for text in detail], dtype=bool)
    at = instants(table["at_ms"], 0)
    judged = (at >= given.from_ms) & (at < given.to_ms)
    table = table[(words(table["kind"]) == "traffic_violation") & named & judged]
    at, driver_id, record_id = (
        instants(table["at_ms"], 0), words(table["driver_id"]), words(table["record_id"])
    )  # fmt: skip
    order = np.argsort(record_id.astype(str), kind="stable")
    at, driver_id, record_id = at[order], driver_id[order], record_id[order]
    number = words(table["document_no"])[order]
    known = given.once("sign_ins", signed_in)
    cars: Texts = np.repeat(np.array(known.vehicle_ids, dtype=object), np.diff(known.starts))
    # Asked by driver: which one shift of his holds the moment.
    shifts = car_spans(known.driver_ids[known.driver], known.start_ms, known.end_ms)
    row = only_one(shifts, driver_id, at, at)
    has_car = row >= 0
    return unit_rows(
        given,
        {
            "subject": record_id[has_car],
            "vehicle_id": cars[row[has_car]],
            "driver_id": driver_id[has_car],
            "start_ms": at[has_car],
            "end_ms": at[has_car],
            "document_no": np.where(number == "", record_id, number).astype(object)[has_car],
        },
    )
