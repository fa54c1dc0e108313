"""Rude to a passenger: an upheld complaint."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import said_by_the_desk
from taxi_qa.values.columns import Columns


@rule(
    name="service.discourtesy",
    clause="二, 三.2–3",
    title_zh="服务态度恶劣、用语不文明",
    judges="discourtesies",
    sources=("complaint",),
    needs=("complaints",),
)
def discourtesy(complaints: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - the desk decides, no number
    """A passenger was treated rudely, and the desk upheld the complaint.

    Why it matters: courtesy and respect are promised to every passenger (三.2, 三.3).
    Evidence: the complaint, its trip where one can be told, the window in which it happened.
    Cannot tell: a complaint the desk has not decided yet.
    Looks like it, but is not: a complaint that was not upheld; an unfounded one; an upheld complaint about
        something else.
    """
    return said_by_the_desk(complaints)
