"""Findings as frames in exactly the columns of an export, in a stable order, a day at a time."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import ColumnElement, Table, and_, func, literal_column, or_, select, true

from taxi_qa.findings.finding import finding_key
from taxi_qa.store.casebook import CONTENT
from taxi_qa.store.fetching import fetch, frame_of
from taxi_qa.store.home import Home
from taxi_qa.store.said import unpacked
from taxi_qa.store.tables import FindingRow, UnjudgedBlob, table_of
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_MIN, MS_PER_S, date_of, offset_ms

EXPORT_COLUMNS: Final = (
    "finding_id", "rule", "clause", "verdict", "stage", "status", "vehicle_id", "driver_id", "company_id",
    "trip_id", "start", "end", "lon", "lat", "measured", "allowed", "unit", "sources", "evidence", "leans_on",
    "rule_version", "run_id", "title_zh", "title_en",
)  # fmt: skip
MISSING: Final = "missing"

_NUMBERS: Final = ("lon", "lat", "measured", "allowed")
_WHOLE: Final = ("start_ms", "end_ms", "rule_version")
_WINDOW_ROWS: Final = 250_000


@dataclass(frozen=True)
class RuleAbout:
    """What an export says of a rule beside its findings (the catalogue knows it, the store does not)."""

    clause: str
    stage: str
    title_zh: str
    title_en: str


def findings(
    home: Home,
    *,
    about: Mapping[str, RuleAbout],
    from_day: int | None = None,
    to_day: int | None = None,
    rules: Collection[str] | None = None,
    with_cannot_tell: bool = False,
) -> Iterator[pd.DataFrame]:
    """Findings that stand, ordered by start and finding_id.

    Args:
        home: where.
        about: every rule's clause, stage and titles.
        from_day: only of jobs that reach this city day: what a week or month says stands on its first day.
        to_day: only of jobs up to this city day, itself included.
        rules: only of these rules.
        with_cannot_tell: also what could not be judged, and a last column `missing`.

    Yields:
        Frames in `EXPORT_COLUMNS` (and `missing`), never empty; times are ISO 8601 with the city's offset.
    """
    found, blobs = table_of(FindingRow), table_of(UnjudgedBlob)
    found_here = and_(found.c.withdrawn_by.is_(None), *_asked(found, from_day, to_day, rules))
    blobs_here = and_(*_asked(blobs, from_day, to_day, rules), blobs.c.rows > 0)
    columns = [*EXPORT_COLUMNS, MISSING] if with_cannot_tell else list(EXPORT_COLUMNS)
    for from_ms, to_ms in _windows(home, found_here, blobs_here if with_cannot_tell else None):
        parts = [_found(home, and_(found_here, found.c.start_ms >= from_ms, found.c.start_ms < to_ms))]
        if with_cannot_tell:
            overlap = and_(blobs_here, blobs.c.first_ms < to_ms, blobs.c.last_ms >= from_ms)
            parts += _unjudged(home, overlap, from_ms, to_ms, about)
        parts = [part for part in parts if len(part)]
        if not parts:
            continue
        frame = pd.concat(parts, ignore_index=True)
        frame = frame.sort_values(["start_ms", "finding_id"], ignore_index=True)
        for moment in ("start", "end"):
            frame[moment] = iso_texts(
                frame[f"{moment}_ms"].to_numpy(dtype=np.int64), home.timezone, whole_seconds=True
            )
        for title in ("title_zh", "title_en"):
            titles = {rule: str(getattr(said, title)) for rule, said in about.items()}
            frame[title] = frame["rule"].map(titles).fillna("").astype("str")
        yield frame[columns]


def _asked(
    table: Table, from_day: int | None, to_day: int | None, rules: Collection[str] | None
) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = [true()]
    if from_day is not None:
        week, month = from_day - 6, from_day - date_of(from_day).day + 1
        asked.append(
            or_(
                table.c.day >= from_day,
                and_(table.c.scope.like("%week"), table.c.day >= week),
                and_(table.c.scope.like("%month"), table.c.day >= month),
            )
        )
    if to_day is not None:
        asked.append(table.c.day <= to_day)
    if rules is not None:
        asked.append(table.c.rule.in_(sorted(rules)))
    return asked


def _windows(
    home: Home, found_here: ColumnElement[bool], blobs_here: ColumnElement[bool] | None
) -> Iterator[tuple[int, int]]:
    """Spans of time, in order, in which anything begins; none holds many more than `_WINDOW_ROWS`."""
    found, blobs = table_of(FindingRow), table_of(UnjudgedBlob)
    rows_of_day: Counter[int] = Counter()
    with home.engine.connect() as connection:
        # Whole numbers: both databases cut the fraction off.
        utc_day = found.c.start_ms.op("/")(literal_column(str(MS_PER_DAY)))
        for day, rows in fetch(connection, select(utc_day, func.count()).where(found_here).group_by(utc_day)):
            rows_of_day[day] += rows
        if blobs_here is not None:
            spans = select(blobs.c.first_ms, blobs.c.last_ms, blobs.c.rows).where(blobs_here)
            for first_ms, last_ms, rows in fetch(connection, spans):
                for day in range(first_ms // MS_PER_DAY, last_ms // MS_PER_DAY + 1):
                    rows_of_day[day] += rows
    for day in sorted(rows_of_day):
        pieces = 1 + rows_of_day[day] // _WINDOW_ROWS
        edges = [day * MS_PER_DAY + MS_PER_DAY * n // pieces for n in range(pieces + 1)]
        yield from pairwise(edges)


def _found(home: Home, here: ColumnElement[bool]) -> pd.DataFrame:
    table = table_of(FindingRow)
    columns = [(name, _dtype(name)) for name in ("finding_id", *CONTENT, "run_id")]
    with home.engine.connect() as connection:
        frame = frame_of(
            fetch(connection, select(*(table.c[name] for name, _ in columns)).where(here)), columns
        )
    frame["verdict"] = pd.array(["found"] * len(frame), dtype="str")
    frame[MISSING] = pd.array([""] * len(frame), dtype="str")
    return frame


def _unjudged(
    home: Home, here: ColumnElement[bool], from_ms: int, to_ms: int, about: Mapping[str, RuleAbout]
) -> list[pd.DataFrame]:
    table = table_of(UnjudgedBlob)
    query = select(table.c.rule, table.c.rule_version, table.c.run_id, table.c.packed).where(here)
    parts = []
    with home.engine.connect() as connection:
        for rule, version, run_id, packed in fetch(connection, query):
            frame = unpacked(packed)
            frame = frame[(frame["start_ms"] >= from_ms) & (frame["start_ms"] < to_ms)]
            said = about.get(rule)
            keys = [finding_key(rule, version, [subject]) for subject in frame["subject"]]
            fixed = {
                "rule": rule, "rule_version": version, "run_id": run_id, "verdict": "cannot_tell",
                "clause": said.clause if said else "", "stage": said.stage if said else "",
                "status": "", "unit": "", "sources": "", "evidence": "{}", "leans_on": "",
                **dict.fromkeys(_NUMBERS, np.nan),
            }  # fmt: skip
            parts.append(
                frame.drop(columns="subject").assign(finding_id=pd.array(keys, dtype="str"), **fixed)
            )
    return parts


def _dtype(name: str) -> str:
    return "Int64" if name in _WHOLE else "float64" if name in _NUMBERS else "str"


def iso_texts(
    instants_ms: npt.NDArray[np.int64], zone: str, *, whole_seconds: bool = False
) -> pd.api.extensions.ExtensionArray:
    """`clock.iso_of` as a vector: the city's offset, milliseconds only where there are any.

    Findings stand in whole seconds: one form throughout a column, so that any reader takes it.
    """
    offsets = offset_ms(instants_ms, zone)
    local = (instants_ms + offsets).astype("datetime64[ms]")
    texts = np.datetime_as_string(local, unit="s")
    if not whole_seconds:
        texts = np.where(instants_ms % MS_PER_S == 0, texts, np.datetime_as_string(local, unit="ms"))
    minutes, code = np.unique(offsets // MS_PER_MIN, return_inverse=True)
    signs = [f"{'-' if m < 0 else '+'}{abs(m) // 60:02d}:{abs(m) % 60:02d}" for m in minutes.tolist()]
    return pd.array(np.char.add(texts, np.array(signs, dtype=np.str_)[code]).astype(object), dtype="str")
