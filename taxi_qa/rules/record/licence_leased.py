"""An official document: the licence to operate was leased, lent or passed on."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import said_by_a_document
from taxi_qa.values.columns import Columns


@rule(
    name="record.licence_leased",
    clause="一",
    title_zh="出租、出借、转让从业资格证",
    judges="driver_records",
    sources=("document",),
    needs=("records",),
)
def licence_leased(records: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - a document is no number
    """The licence to operate was leased, lent or passed on.

    Why it matters: a licence names one person (一).
    Evidence: the kind and the number of the document, its day.
    Cannot tell: a document without a number, which nobody can look up.
    Looks like it, but is not: a lost licence that somebody found, which is no such document.
    """
    return said_by_a_document(records, "licence_leased", "records.document_no")
