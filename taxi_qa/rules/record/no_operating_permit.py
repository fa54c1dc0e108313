"""An official document: a car without an operating permit was used as a taxi."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import said_by_a_document
from taxi_qa.values.columns import Columns


@rule(
    name="record.no_operating_permit",
    clause="一",
    title_zh="驾驶未取得营运证的车辆营运",
    judges="driver_records",
    sources=("document",),
    needs=("records",),
)
def no_operating_permit(records: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - a document is no number
    """A car without an operating permit was used as a taxi.

    Why it matters: only permitted cars carry passengers (一).
    Evidence: the kind and the number of the document, its day.
    Cannot tell: a document without a number, which nobody can look up.
    Looks like it, but is not: a permit that lapsed and was renewed, which the register tells.
    """
    return said_by_a_document(records, "no_operating_permit", "records.document_no")
