"""A commendation: property a passenger had left was given back."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import said_by_a_document
from taxi_qa.values.columns import Columns


@rule(
    name="bonus.lost_property_returned",
    clause="一.4",
    title_zh="拾金不昧",
    judges="commendations",
    sources=("document",),
    needs=("commendations",),
)
def lost_property_returned(praised: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - a document is no number
    """Property a passenger had left was given back.

    Stands to the driver's credit; it accuses nobody.

    Why it matters: honesty deserves to be seen (一.4).
    Evidence: the kind of commendation, what proves it, its day.
    Cannot tell: a commendation nothing proves.
    Looks like it, but is not: a commendation of another kind.
    """
    return said_by_a_document(praised, "lost_property_returned", "commendations.proof")
