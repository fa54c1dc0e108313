"""What the desk decided of a complaint, and what a document says: for rules that people's words decide."""

from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.findings.verdict import Bools, Verdict
from taxi_qa.values.columns import Columns, Texts, Values

OPEN: Final = "complaints.outcome"


def is_complaint(rows: Columns) -> Bools:
    """Rows that are complaints, not acts a machine saw."""
    return np.asarray(rows["complaint_id"] != "", dtype=bool)


def upheld(rows: Columns) -> tuple[Bools, Texts]:
    """Complaints the desk upheld, and what is missing where it has not decided yet.

    Only an upheld one counts: an open one may still turn out unfounded.
    """
    complaint = is_complaint(rows)
    guilty = complaint & (rows["outcome"] == "upheld")
    return guilty, np.where(complaint & (rows["outcome"] == "open"), OPEN, "").astype(object)


def complaint_evidence(rows: Columns) -> dict[str, Values]:
    """What joins a complaint to other findings of the same act: its id and the window the act lies in."""
    return dict(rows.some("complaint_id", "category", "window_from_ms", "window_to_ms"))


def counted(guilty: Bools) -> npt.NDArray[np.float64]:
    """One act where there is one."""
    return guilty.astype(np.float64)


def said_by_the_desk(rows: Columns) -> Verdict:
    """The verdict on rows that are complaints and nothing else."""
    guilty, missing = upheld(rows)
    return Verdict(
        guilty=guilty,
        measured=counted(guilty),
        allowed=np.zeros(len(rows)),
        unit="count",
        cannot_tell=missing,
        evidence=complaint_evidence(rows),
    )


def said_by_a_document(rows: Columns, kind: str, number: str) -> Verdict:
    """The verdict on documents of one kind; the others are examined and left alone.

    Args:
        rows: documents with `kind` and `document_no`.
        kind: the one that counts.
        number: the column without which nobody can look the document up, as it is called outside.
    """
    guilty = np.asarray(rows["kind"] == kind, dtype=bool)
    unproven = guilty & (rows["document_no"] == "")
    return Verdict(
        guilty=guilty,
        measured=counted(guilty),
        allowed=np.zeros(len(rows)),
        unit="count",
        cannot_tell=np.where(unproven, number, "").astype(object),
        evidence={"kind": rows["kind"], "document_no": rows["document_no"]},
    )
