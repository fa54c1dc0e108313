"""An official document: an accident in which somebody died was laid to the driver."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import said_by_a_document
from taxi_qa.values.columns import Columns


@rule(
    name="record.fatal_accident_liable",
    clause="五",
    title_zh="有责致人死亡交通事故",
    judges="driver_records",
    sources=("document",),
    needs=("records",),
)
def fatal_accident_liable(records: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - a document is no number
    """An accident in which somebody died was laid to the driver.

    Why it matters: the driver answers for lives (五).
    Evidence: the kind and the number of the document, its day.
    Cannot tell: a document without a number, which nobody can look up.
    Looks like it, but is not: an accident the police laid to somebody else, which is no such document.
    """
    return said_by_a_document(records, "fatal_accident_liable", "records.document_no")
