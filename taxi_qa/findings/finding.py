"""A finding: one act, one rule, the versions it leaned on and a key that lasts."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from taxi_qa.values.columns import Columns

Stage = Literal["trial", "stable", "index"]
Answer = Literal["found", "cannot_tell"]
Status = Literal[
    "detected", "excused", "quarantined", "queued", "dismissed", "proposed", "answered", "second_review",
    "confirmed", "appealed", "upheld", "reversed", "expired",
]  # fmt: skip

_KEY_HEX: Final = 24


def finding_key(rule: str, version: int, subject: Iterable[str | int]) -> str:
    """The lasting id of a finding: the same data judged by the same rule version give the same id.

    The subject is what the act itself is called: a trip's id, or a vehicle and the moment it began.
    """
    text = "\x1f".join([rule, str(version), *(str(part) for part in subject)])
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_HEX]


@dataclass(frozen=True)
class Finding:
    """What the machine says about one act. Columns as in the export of findings."""

    finding_id: str
    rule: str
    clause: str
    verdict: Answer
    stage: Stage
    status: Status
    vehicle_id: str
    driver_id: str
    company_id: str
    trip_id: str
    start_ms: int
    end_ms: int
    lon: float | None
    lat: float | None
    measured: float | None
    allowed: float | None
    unit: str
    sources: str
    leans_on: str
    rule_version: int
    evidence: dict[str, object] = field(default_factory=dict)


# A row that could not be judged; `missing` names the input without which it cannot be.
UNJUDGED_COLUMNS: Final = (
    "subject", "vehicle_id", "driver_id", "company_id", "trip_id", "start_ms", "end_ms", "missing",
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What one rule says of one job's rows; the three answers always add up.

    `clean` is computed, so `examined == len(found) + clean + len(cannot_tell)` holds by construction.
    The unjudged rows stay columns (`UNJUDGED_COLUMNS`): there can be as many as there are
    trips, and their `finding_key(rule, rule_version, [subject])` is only wanted in an export.
    """

    rule: str
    rule_version: int
    examined: int
    found: tuple[Finding, ...]
    cannot_tell: Columns

    @property
    def clean(self) -> int:
        """Rows examined that are neither found nor unjudged."""
        return self.examined - len(self.found) - len(self.cannot_tell)
