"""An official document: the car was handed to somebody without a licence to operate."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import said_by_a_document
from taxi_qa.values.columns import Columns


@rule(
    name="record.handed_to_unlicensed",
    clause="一",
    title_zh="将车辆交由无从业资格人员营运",
    judges="driver_records",
    sources=("document",),
    needs=("records",),
)
def handed_to_unlicensed(records: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - a document is no number
    """The car was handed to somebody without a licence to operate.

    Why it matters: only the registered driver drives (一).
    Evidence: the kind and the number of the document, its day.
    Cannot tell: a document without a number, which nobody can look up.
    Looks like it, but is not: a relief driver with papers of his own, who is no such document.
    """
    return said_by_a_document(records, "handed_to_unlicensed", "records.document_no")
