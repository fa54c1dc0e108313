"""An official document: the driver took part in an unlawful stoppage."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import said_by_a_document
from taxi_qa.values.columns import Columns


@rule(
    name="record.illegal_stoppage",
    clause="五",
    title_zh="组织或参与违法停运",
    judges="driver_records",
    sources=("document",),
    needs=("records",),
)
def illegal_stoppage(records: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - a document is no number
    """The driver took part in an unlawful stoppage.

    Why it matters: the town relies on its taxis (五).
    Evidence: the kind and the number of the document, its day.
    Cannot tell: a document without a number, which nobody can look up.
    Looks like it, but is not: a day off or a car in repair, which is no such document.
    """
    return said_by_a_document(records, "illegal_stoppage", "records.document_no")
