"""What a rule says in a job, packed for writing: a pure shape, so that workers can make it.

Findings become rows of their table: made by workers, and handed over at a tenth of what it costs to hand
over the findings themselves. The rows nobody could judge, which can be as many as there are trips, are
packed as compressed columns.
"""

import hashlib
import json
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from taxi_qa.findings.finding import UNJUDGED_COLUMNS, Finding, Outcome
from taxi_qa.store.fetching import frame_of_columns
from taxi_qa.values.columns import Columns, runs_of

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
# What packed rows begin with, which compressed JSON never does; and what stands between two texts.
_PLAIN: Final = b"\x01"
_BETWEEN: Final = "\n"
_INT64: Final = struct.Struct("<q")
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
    packed = _unjudged(outcome.cannot_tell, only, bucket_of_vehicle) if len(outcome.cannot_tell) else {}
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


def _unjudged(
    rows: Columns, only: int | None, bucket_of_vehicle: Callable[[str], int]
) -> dict[int, tuple[int, bytes, int, int]]:
    """By bucket: how many rows, the rows packed, their first and last start."""
    starts, subject = rows["start_ms"], rows["subject"]
    owner = np.full(len(rows), -1 if only is None else only, dtype=np.int64)
    if only is None:
        cars = runs_of(rows["vehicle_id"])
        buckets = [bucket_of_vehicle(name) for name in rows["vehicle_id"][cars[:-1]]]
        owner = np.repeat(np.array(buckets, dtype=np.int64), np.diff(cars))
    order = np.lexsort((starts, owner))
    same = np.diff(owner[order]) == 0
    same &= np.diff(starts[order]) == 0
    if same.any():
        # Few begin at one moment, and texts are dear to sort.
        at = np.flatnonzero(np.append(same, False) | np.append(False, same))
        tied = order[at]
        order[at] = tied[np.lexsort((subject[tied].astype(str), starts[tied], owner[tied]))]
    rows, owner, starts = rows.cut(order), owner[order], starts[order]
    blocks = runs_of(owner).tolist()
    return {
        int(owner[first]): (
            past - first, _packed(rows, slice(first, past)), int(starts[first]), int(starts[past - 1])
        )
        for first, past in pairwise(blocks)
    }  # fmt: skip


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


def _packed(rows: Columns, some: slice) -> bytes:
    """Columns as compressed text and numbers, some hundred bytes where a Parquet file costs thousands.

    After `_PLAIN` the size (int64) of what zstd unpacks to: how many rows (int64); then each column, a text
    column as its number of bytes (int64) and its texts between `_BETWEEN`, a column of instants as int64,
    each the change from the one before. All numbers little-endian.
    """
    parts = [_INT64.pack(some.stop - some.start)]
    for name, dtype in _UNJUDGED:
        values = rows[name][some]
        if dtype == "str":
            texts = values.tolist()
            joined = _BETWEEN.join(texts)
            if joined.count(_BETWEEN) != len(texts) - 1:
                return _packed_as_json(rows, some)
            data = joined.encode()
            parts += [_INT64.pack(len(data)), data]
        else:
            parts.append(np.diff(values.astype("<i8"), prepend=np.int64(0)).tobytes())
    plain = b"".join(parts)
    packed: bytes = pa.compress(plain, codec="zstd", asbytes=True)
    return _PLAIN + _INT64.pack(len(plain)) + packed


def _packed_as_json(rows: Columns, some: slice) -> bytes:
    """Columns as compressed JSON: as earlier versions packed all, and what `_BETWEEN` is part of."""
    columns = [
        [value or None for value in rows[name][some].tolist()]
        if dtype == "str"
        else rows[name][some].tolist()
        for name, dtype in _UNJUDGED
    ]
    return zlib.compress(json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode(), 1)


def unpacked(data: bytes) -> pd.DataFrame:
    """The rows of one `UnjudgedBlob`, columns `UNJUDGED_COLUMNS`, sorted by start and subject."""
    if not data.startswith(_PLAIN):
        return frame_of_columns(json.loads(zlib.decompress(data)), _UNJUDGED)
    (size,) = _INT64.unpack_from(data, len(_PLAIN))
    packed = data[len(_PLAIN) + _INT64.size :]
    data = pa.decompress(packed, decompressed_size=size, codec="zstd", asbytes=True)
    (rows,) = _INT64.unpack_from(data)
    at = _INT64.size
    columns: list[list[Any]] = []
    for _, dtype in _UNJUDGED:
        if dtype == "str":
            (size,) = _INT64.unpack_from(data, at)
            at += _INT64.size
            # An empty text is missing.
            columns.append([text or None for text in data[at : at + size].decode().split(_BETWEEN)])
        else:
            size = rows * _INT64.size
            columns.append(np.cumsum(np.frombuffer(data, "<i8", rows, at)).tolist())
        at += size
    return frame_of_columns(columns, _UNJUDGED)


def unpacked_of(data: bytes, vehicle_id: str) -> pd.DataFrame:
    """The rows of one car in one `UnjudgedBlob`, as `unpacked` gives them.

    A page asks for one car of hundreds: the others' rows are not made.
    """
    if not data.startswith(_PLAIN):
        whole = unpacked(data)
        return whole[whole["vehicle_id"] == vehicle_id].reset_index(drop=True)
    (size,) = _INT64.unpack_from(data, len(_PLAIN))
    plain: bytes = pa.decompress(
        data[len(_PLAIN) + _INT64.size :], decompressed_size=size, codec="zstd", asbytes=True
    )
    if vehicle_id.encode() not in plain:
        return frame_of_columns([()] * len(_UNJUDGED), _UNJUDGED)
    (rows,) = _INT64.unpack_from(plain)
    at = _INT64.size
    blocks: list[bytes] = []
    for _, dtype in _UNJUDGED:
        size = rows * _INT64.size
        if dtype == "str":
            (size,) = _INT64.unpack_from(plain, at)
            at += _INT64.size
        blocks.append(plain[at : at + size])
        at += size
    owners = blocks[[name for name, _ in _UNJUDGED].index("vehicle_id")].decode().split(_BETWEEN)
    here = [place for place, owner in enumerate(owners) if owner == vehicle_id]
    columns: list[list[Any]] = []
    for (_, dtype), block in zip(_UNJUDGED, blocks, strict=True):
        if dtype == "str":
            texts = block.decode().split(_BETWEEN)
            columns.append([texts[place] or None for place in here])
        else:
            columns.append(np.cumsum(np.frombuffer(block, "<i8"))[here].tolist())
    return frame_of_columns(columns, _UNJUDGED)
