"""A case: the findings of one act, put together for the people who decide."""

from dataclasses import dataclass
from typing import Final, Literal

from taxi_qa.findings.finding import Stage

Sufficiency = Literal["strong", "fair", "weak"]

# What a source is: two names of one kind see with the same eyes and count once. "" counts for
# nothing: a sign-in says who drove, and has seen nothing of what was done.
KIND_OF_SOURCE: Final[dict[str, str]] = {
    "meter": "meter",
    "trips": "meter",
    "second meter": "meter",
    "gnss": "gnss",
    "terminal": "gnss",
    "map": "gnss",
    "other taxis": "gnss",
    "camera": "camera",
    "seat": "sensor",
    "belt sensor": "sensor",
    "device": "sensor",
    "device_status": "sensor",
    "status": "sensor",
    "events": "sensor",
    "payment": "platform",
    "platform": "platform",
    "dispatch": "platform",
    "sign-in": "",
    "shift": "",
    "shifts": "",
    "register": "document",
    "repairs": "document",
    "complaint": "complaint",
    "desk": "complaint",
    "ratings": "complaint",
    "inspection": "inspection",
    "document": "document",
}
# The kinds a case is asked for; what a car carries beside them only helps.
ASKED_FOR: Final = ("meter", "gnss", "camera", "complaint", "inspection", "document")
# What people have looked into before it became a finding; a register and a repair ticket are their papers.
DECIDED_BY_PEOPLE: Final = frozenset({"complaint", "inspection", "document"})


@dataclass(frozen=True)
class Case:
    """One act and all that speaks for it.

    Attributes:
        case_id: lasts: made of who and what act, not of the run that found it.
        rule: the heaviest of its rules.
        rules: all its rules, sorted.
        finding_ids: its findings, sorted.
        stage: `stable` if one of its findings is; a case of leads only never costs points.
        vehicle_id, driver_id, company_id, trip_id: "" where not known or not meant.
        start_ms, end_ms: from the first to the last instant of any of its findings.
        sources: the kinds of independent sources that speak, sorted (`KIND_OF_SOURCE`).
        missing: those of `ASKED_FOR` that do not.
        sufficiency: see `sufficiency_of`.
    """

    case_id: str
    rule: str
    rules: tuple[str, ...]
    finding_ids: tuple[str, ...]
    stage: Stage
    vehicle_id: str
    driver_id: str
    company_id: str
    trip_id: str
    start_ms: int
    end_ms: int
    sources: tuple[str, ...]
    missing: tuple[str, ...]
    sufficiency: Sufficiency


def kinds_of(sources: str) -> frozenset[str]:
    """The kinds of the sources a finding names, joined by "+".

    A name nobody has put a kind to (silence, a new feed) counts for nothing: no case grows strong on it.
    """
    named = (name.strip() for name in sources.split("+"))
    return frozenset(KIND_OF_SOURCE.get(name, "") for name in named) - {""}


def sufficiency_of(kinds: frozenset[str]) -> Sufficiency:
    """How far independent sources carry a case.

    One machine's word alone is weak: it stays advice. People's word, or two kinds that agree, is fair.
    Three kinds, or two of which people have looked into one, are strong.
    """
    decided = bool(kinds & DECIDED_BY_PEOPLE)
    if len(kinds) + decided >= 3:  # noqa: PLR2004 - as the text says
        return "strong"
    return "fair" if len(kinds) + decided == 2 else "weak"  # noqa: PLR2004
