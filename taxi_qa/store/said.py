"""What a rule says in a job, packed for writing: a pure shape, so that workers can make it.

Findings become rows of their table: made by workers, and handed over at a tenth of what it costs to hand
over the findings themselves. The rows nobody could judge, which can be as many as there are trips, are
packed as compressed columns.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.findings.finding import UNJUDGED_COLUMNS, Finding, Outcome
from taxi_qa.store.library import frame_of_columns

# The values of a row of `Said.found`: the finding's name, its content, and the content's digest.
FINDING_COLUMNS: Final = (
    "finding_id",
    "rule", "rule_version", "clause", "stage", "status", "vehicle_id", "driver_id", "company_id", "trip_id",
    "start_ms", "end_ms", "lon", "lat", "measured", "allowed", "unit", "sources", "evidence", "leans_on",
    "digest",
)  # fmt: skip
# Such a finding's act is covered by an excuse.
EXCUSED: Final = "excused"

_DIGEST_BYTES: Final = 8
_UNJUDGED: Final = tuple((name, "Int64" if name.endswith("_ms") else "str") for name in UNJUDGED_COLUMNS)


@dataclass(frozen=True)
class Said:
    """What one rule says in one job, ready to be written.

    Attributes:
        rule, rule_version: which rule.
        examined: rows asked.
        found: a row a finding, values in the order of `FINDING_COLUMNS`.
        excused: how many of them are excused.
        unjudged: how many rows it could not judge, and those rows packed (b"" without any).
        first_ms, last_ms: the span of the unjudged rows' starts.
    """

    rule: str
    rule_version: int
    examined: int
    found: tuple[tuple[Any, ...], ...]
    excused: int = 0
    unjudged: int = 0
    packed: bytes = b""
    first_ms: int = 0
    last_ms: int = 0


def said_of(
    outcome: Outcome, buckets: Mapping[int, int], bucket_of_vehicle: Callable[[str], int]
) -> dict[int, Said]:
    """An outcome over several buckets, told apart and packed: a pure function, so that workers can do it.

    Args:
        outcome: of all the rows of these buckets.
        buckets: bucket -> rows examined in it; with one bucket everything belongs to it.
        bucket_of_vehicle: the bucket of a vehicle.
    """
    only = next(iter(buckets)) if len(buckets) == 1 else None
    found: dict[int, list[tuple[Any, ...]]] = {bucket: [] for bucket in buckets}
    excused = dict.fromkeys(buckets, 0)
    for finding in outcome.found:
        bucket = bucket_of_vehicle(finding.vehicle_id) if only is None else only
        found[bucket].append(_row(finding))
        excused[bucket] += finding.status == EXCUSED
    frame = outcome.cannot_tell
    packed: dict[int, tuple[int, bytes, int, int]] = {}
    if len(frame):
        owner = np.full(len(frame), -1 if only is None else only, dtype=np.int64)
        if only is None:
            owner[:] = [bucket_of_vehicle(name) for name in frame["vehicle_id"].tolist()]
        order = np.lexsort((frame["subject"].astype(str), frame["start_ms"], owner))
        frame, owner = frame.cut(order), owner[order]
        # An empty text is missing.
        columns = [
            [value or None for value in frame[name].tolist()] if dtype == "str" else frame[name].tolist()
            for name, dtype in _UNJUDGED
        ]
        starts = frame["start_ms"]
        for bucket, first, past in zip(*_blocks(owner), strict=True):
            data = _packed([column[first:past] for column in columns])
            packed[int(bucket)] = (int(past - first), data, int(starts[first]), int(starts[past - 1]))
    return {
        bucket: Said(
            outcome.rule,
            outcome.rule_version,
            examined,
            tuple(found[bucket]),
            excused[bucket],
            *packed.get(bucket, (0, b"", 0, 0)),
        )
        for bucket, examined in buckets.items()
    }


def _row(finding: Finding) -> tuple[Any, ...]:
    """The values of `FINDING_COLUMNS`.

    The digest tells whether a later run says the same. It is made of what is kept, so whoever changes the
    order or the form of the content changes every digest: then all findings look new to the next run.
    """
    content = (
        finding.rule, finding.rule_version, finding.clause, finding.stage, finding.status, finding.vehicle_id,
        finding.driver_id, finding.company_id, finding.trip_id, int(finding.start_ms), int(finding.end_ms),
        _number(finding.lon), _number(finding.lat), _number(finding.measured), _number(finding.allowed),
        finding.unit, finding.sources, _AS_JSON.encode(finding.evidence), finding.leans_on,
    )  # fmt: skip
    data = repr(content).encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
    return (finding.finding_id, *content, int.from_bytes(digest, "big", signed=True))


def _number(value: float | None) -> float | None:
    """A plain float, None for NaN."""
    return None if value is None or value != value else float(value)  # noqa: PLR0124


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever evidence holds
    """Numbers of numpy as JSON numbers."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"evidence of the type {type(value).__name__} cannot be kept; expected text or numbers")


# Kept: json.dumps with any of these makes a new encoder for every finding.
_AS_JSON: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=_plain)


def _blocks(owner: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], ...]:
    """The runs of equal values: value, first row, row after the last."""
    first = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
    return owner[first], first, np.append(first[1:], owner.size)


def _packed(columns: list[list[Any]]) -> bytes:
    """Columns as compressed JSON: a few rows cost a hundred bytes, where a Parquet file costs thousands."""
    return zlib.compress(json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode(), 1)


def unpacked(data: bytes) -> pd.DataFrame:
    """The rows of one `UnjudgedBlob`, columns `UNJUDGED_COLUMNS`, sorted by start and subject."""
    columns = json.loads(zlib.decompress(data))
    return frame_of_columns(columns, _UNJUDGED)
