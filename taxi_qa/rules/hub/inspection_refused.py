"""An inspection the driver would not have."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="hub.inspection_refused",
    clause="四.1",
    title_zh="不配合现场检查",
    judges="cooperation",
    sources=("inspection",),
    needs=("inspections", "records"),
)
def inspection_refused(told: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - it is no number
    """An inspector wrote that the driver did not cooperate, or a document says that he refused.

    Why it matters: drivers pledged to help inspections at hubs (四.1).
    Evidence: the inspection, the document.
    Cannot tell: an inspection that did not judge it; a document without a number.
    Looks like it, but is not: an inspection that other items failed; the document of an inspection that is
        found already.
    """
    guilty = told["result"] == "fail"
    by_record = told["kind"] == "record"
    return Verdict(
        guilty=guilty,
        measured=guilty.astype(np.float64),
        allowed=np.zeros(len(told)),
        unit="count",
        cannot_tell=np.where(by_record & (told["document_no"] == ""), "records.document_no", "").astype(
            object
        ),
        sources=np.where(by_record, "document", "inspection").astype(object),
        evidence=told.some("kind", "inspection_id", "document_no"),
    )
