"""Documents about drivers: official records, commendations, and what inspectors saw."""

import json
from collections.abc import Mapping
from typing import Final

import numpy as np

from taxi_qa.facts.complaints import COMPLAINTS_READ, complaints, with_acts
from taxi_qa.facts.given import Given, instants, looked_up, words
from taxi_qa.facts.unit import unit_rows
from taxi_qa.facts.who import driver_at, signed_in
from taxi_qa.law.parameter import Law
from taxi_qa.values.columns import Columns, Texts, stacked_columns

# kind -> the columns read of it
RECORDS_READ: Final[dict[str, tuple[str, ...]]] = {
    "records": ("record_id", "at_ms", "driver_id", "kind", "document_no"),
    "drivers": ("driver_id", "company_id"),
}
COMMENDATIONS_READ: Final[dict[str, tuple[str, ...]]] = {
    "commendations": ("commendation_id", "at_ms", "driver_id", "kind", "proof"),
    "drivers": ("driver_id", "company_id"),
}
RECEIPTS_READ: Final[dict[str, tuple[str, ...]]] = {
    **COMPLAINTS_READ,
    "inspections": ("inspection_id", "at_ms", "vehicle_id", "driver_id", "items"),
}

MARKS_READ: Final[dict[str, tuple[str, ...]]] = {
    name: columns for name, columns in RECEIPTS_READ.items() if name in ("inspections", "shifts", "vehicles")
}


def driver_records(given: Given, law: Law) -> Columns:  # noqa: ARG001 - every unit is asked alike
    """The official documents dated within the span.

    Returns:
        Unit columns, `kind`, and `document_no` ("" where it has none).
    """
    return _documents(given, "records", "record_id", "document_no")


def commendations(given: Given, law: Law) -> Columns:  # noqa: ARG001 - every unit is asked alike
    """The commendations dated within the span.

    Returns:
        Unit columns, `kind`, and `document_no` (what proves it, "" where nothing does).
    """
    return _documents(given, "commendations", "commendation_id", "proof")


def _documents(given: Given, name: str, key: str, number: str) -> Columns:
    table = given.tables[name]
    at = instants(table["at_ms"], 0)
    rows = np.flatnonzero((at >= given.from_ms) & (at < given.to_ms))
    rows = rows[np.argsort(words(table[key])[rows].astype(str), kind="stable")]
    register = given.tables["drivers"]
    company = dict(zip(words(register["driver_id"]), words(register["company_id"]), strict=True))
    drivers = words(table["driver_id"])[rows]
    return unit_rows(
        given,
        {
            "subject": words(table[key])[rows],
            "vehicle_id": np.full(rows.size, "", dtype=object),
            "driver_id": drivers,
            "company_id": looked_up(drivers, lambda one: company.get(one, ""), object),
            "start_ms": at[rows],
            "end_ms": at[rows],
            "kind": words(table["kind"])[rows],
            "document_no": words(table[number])[rows],
        },
    )


def inspected(given: Given, item: str) -> Columns:
    """The inspections within the span at which one item stood on the list.

    Args:
        given: the records.
        item: one of `records.kinds.INSPECTION_ITEMS`.

    Returns:
        Unit columns (the driver is the one named, else who was signed in) and inspection_id, result
        (pass, fail, "" where it was not checked).
    """
    table = given.tables["inspections"]
    at = instants(table["at_ms"], 0)
    rows = np.flatnonzero((at >= given.from_ms) & (at < given.to_ms))
    rows = rows[np.argsort(words(table["inspection_id"])[rows].astype(str), kind="stable")]
    results = [_result(text, item) for text in words(table["items"])[rows]]
    rows = rows[np.array([one is not None for one in results], dtype=bool)]
    result: Texts = np.array([one for one in results if one is not None], dtype=object)
    vehicle_id, own = words(table["vehicle_id"])[rows], words(table["driver_id"])[rows]
    signed = driver_at(given.once("sign_ins", signed_in), vehicle_id, at[rows])
    return unit_rows(
        given,
        {
            "subject": words(table["inspection_id"])[rows],
            "vehicle_id": vehicle_id,
            "driver_id": np.where(own != "", own, signed).astype(object),
            "start_ms": at[rows],
            "end_ms": at[rows],
            "inspection_id": words(table["inspection_id"])[rows],
            "result": result,
        },
    )


def _result(items: str, item: str) -> str | None:
    """What was found of one item: pass, fail, "" where it was not checked, None where it was not asked."""
    told = json.loads(items) if items else {}
    if not isinstance(told, Mapping) or item not in told:
        return None
    said = str(told[item])
    return said if said in ("pass", "fail") else ""


def receipts(given: Given, law: Law) -> Columns:
    """Complaints that no receipt was given, and inspections that looked for one.

    Returns:
        The columns of `complaints.complaints` and of `inspected`.
    """
    said = complaints(given, law, ("no_receipt",))
    seen = inspected(given, "receipt_given")
    # Both have ids of their own, which may be alike.
    seen = seen.but({"subject": np.array([f"inspection {name}" for name in seen["subject"]], dtype=object)})
    return with_acts(seen, said)


# What the law calls marks: the sign on the roof and the list of prices on the door.
MARKS: Final = ("roof_light", "price_label")


def cleanliness(given: Given, law: Law) -> Columns:
    """Complaints that a car was dirty, and inspections that looked at it.

    Returns:
        The columns of `complaints.complaints` and of `inspected`.
    """
    said = complaints(given, law, ("unclean",))
    seen = inspected(given, "clean_vehicle")
    seen = seen.but({"subject": np.array([f"inspection {name}" for name in seen["subject"]], dtype=object)})
    return with_acts(seen, said)


def marks(given: Given, law: Law) -> Columns:  # noqa: ARG001 - every unit is asked alike
    """The inspections at which any mark of the car stood on the list, each mark a row.

    Returns:
        The columns of `inspected` and `item`.
    """
    parts = []
    for item in MARKS:
        seen = inspected(given, item)
        names = np.array([f"{name} {item}" for name in seen["subject"]], dtype=object)
        parts.append(seen.but({"subject": names, "item": np.full(len(seen), item, dtype=object)}))
    return stacked_columns(parts)
