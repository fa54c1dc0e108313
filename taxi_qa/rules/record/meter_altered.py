"""An official document: the taximeter was found altered."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import said_by_a_document
from taxi_qa.values.columns import Columns


@rule(
    name="record.meter_altered",
    clause="一",
    title_zh="擅自改动计价器",
    judges="driver_records",
    sources=("document",),
    needs=("records",),
)
def meter_altered(records: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - a document is no number
    """The taximeter was found altered.

    Why it matters: the meter is the measure both sides trust (一).
    Evidence: the kind and the number of the document, its day.
    Cannot tell: a document without a number, which nobody can look up.
    Looks like it, but is not: a meter out of its error by wear, which is a repair ticket.
    """
    return said_by_a_document(records, "meter_altered", "records.document_no")
