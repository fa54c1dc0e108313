"""A commendation: the driver served the public good."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import said_by_a_document
from taxi_qa.values.columns import Columns


@rule(
    name="bonus.public_welfare",
    clause="一.4",
    title_zh="公益活动",
    judges="commendations",
    sources=("document",),
    needs=("commendations",),
)
def public_welfare(praised: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - a document is no number
    """The driver served the public good.

    Stands to the driver's credit; it accuses nobody.

    Why it matters: a social duty was done (一.4).
    Evidence: the kind of commendation, what proves it, its day.
    Cannot tell: a commendation nothing proves.
    Looks like it, but is not: a commendation of another kind.
    """
    return said_by_a_document(praised, "public_welfare", "commendations.proof")
