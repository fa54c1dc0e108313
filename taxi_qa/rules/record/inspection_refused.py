"""An official document: a lawful inspection was refused."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import said_by_a_document
from taxi_qa.values.columns import Columns


@rule(
    name="record.inspection_refused",
    clause="一",
    title_zh="拒绝接受依法检查",
    judges="driver_records",
    sources=("document",),
    needs=("records",),
)
def inspection_refused(records: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - a document is no number
    """A lawful inspection was refused.

    Why it matters: inspections keep the trade honest (一).
    Evidence: the kind and the number of the document, its day.
    Cannot tell: a document without a number, which nobody can look up.
    Looks like it, but is not: an inspection put off for passengers aboard, which is no such document.
    """
    return said_by_a_document(records, "inspection_refused", "records.document_no")
