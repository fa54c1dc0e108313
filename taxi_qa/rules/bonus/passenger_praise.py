"""A commendation: a passenger praised the driver."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import said_by_a_document
from taxi_qa.values.columns import Columns


@rule(
    name="bonus.passenger_praise",
    clause="一.4",
    title_zh="乘客表扬",
    judges="commendations",
    sources=("document",),
    needs=("commendations",),
    stage="index",
)
def passenger_praise(praised: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - a document is no number
    """A passenger praised the driver.

    Stands to the driver's credit; it accuses nobody.

    Why it matters: good service deserves to be seen (一.4).
    Evidence: the kind of commendation, what proves it, its day.
    Cannot tell: a commendation nothing proves.
    Looks like it, but is not: a commendation of another kind.
    """
    return said_by_a_document(praised, "passenger_praise", "commendations.proof")
