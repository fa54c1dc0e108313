"""An official document: the licence to operate was forged or altered."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import said_by_a_document
from taxi_qa.values.columns import Columns


@rule(
    name="record.licence_forged",
    clause="一",
    title_zh="伪造、变造从业资格证",
    judges="driver_records",
    sources=("document",),
    needs=("records",),
)
def licence_forged(records: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - a document is no number
    """The licence to operate was forged or altered.

    Why it matters: passengers trust the paper on the dashboard (一).
    Evidence: the kind and the number of the document, its day.
    Cannot tell: a document without a number, which nobody can look up.
    Looks like it, but is not: a worn or outdated paper, which the register tells.
    """
    return said_by_a_document(records, "licence_forged", "records.document_no")
