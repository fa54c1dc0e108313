"""An official document: a traffic violation was put on record."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import said_by_a_document
from taxi_qa.values.columns import Columns


@rule(
    name="record.traffic_violation",
    clause="五",
    title_zh="道路交通违法",
    judges="driver_records",
    sources=("document",),
    needs=("records",),
)
def traffic_violation(records: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - a document is no number
    """A traffic violation was put on record.

    Why it matters: the traffic law binds taxis like everybody (五).
    Evidence: the kind and the number of the document, its day.
    Cannot tell: a document without a number, which nobody can look up.
    Looks like it, but is not: a photograph that was struck out, which is no such document.
    """
    return said_by_a_document(records, "traffic_violation", "records.document_no")
