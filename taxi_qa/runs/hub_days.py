"""A city day at its hubs, kept for pages: each turn in a queue and each round, one small file a day.

Working out a day of a whole city takes longer than a page may; so it is kept in `derived/` when somebody asks
for it by command, with the delivery it was made from, and a page reads the rows of its hub alone.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxi_qa.facts.units import FOLDS
from taxi_qa.runs.gather import law_of
from taxi_qa.runs.jobs import DAY, WHOLE_CITY, Order
from taxi_qa.runs.leaving import left_by
from taxi_qa.store import library
from taxi_qa.store.home import Home
from taxi_qa.store.presence import delivered, last_delivery
from taxi_qa.store.run_log import Job
from taxi_qa.values.clock import date_of, day_start_ms

_FOLDER: Final = "hub_days"
# Of a turn: when the car came and went, how it ended, and what may be why it left.
TURN: Final = (
    "hub", "vehicle_id", "driver_id", "company_id", "start_ms", "end_ms", "wait_s", "ended", "is_queued",
    "ahead", "is_reserved", "is_paused", "goes_off", "seen_to", "missing",
)  # fmt: skip
ROUND: Final = (
    "hub", "vehicle_id", "driver_id", "company_id", "start_ms", "end_ms", "laps", "others_round", "missing",
)  # fmt: skip
_KINDS: Final = {"hub_visits": TURN, "hub_rounds": ROUND}
_MARKS: Final = (b"delivery", b"made_ms")
# A queue does not end at midnight: cars that came so long before are kept with the day.
_BEFORE_MS: Final = 3 * 3_600_000


@dataclass(frozen=True)
class HubDay:
    """A hub on a city day.

    Attributes:
        turns: columns `TURN`, by start; those that began up to three hours before the day, too.
        rounds: columns `ROUND`, by start.
        made_ms: when it was worked out.
        is_stale: data of the day came in since.
    """

    turns: pd.DataFrame
    rounds: pd.DataFrame
    made_ms: int
    is_stale: bool


def keep_hub_days(home: Home, from_day: int, to_day: int, now_ms: int) -> Iterator[tuple[int, int]]:
    """Work out and keep the days of a span that hold positions.

    Args:
        home: where.
        from_day, to_day: first and last city day.
        now_ms: the moment that is kept with it.

    Yields:
        Each day and its number of turns.
    """
    delivery, law = last_delivery(home), law_of(home.city)
    for day in sorted({day for day, _ in library.partitions(home, from_day, to_day, kind="positions")}):
        order = Order(
            home=str(home.path), url=home.url, jobs=(Job(day, WHOLE_CITY, DAY),), past_day=day + 1, rules=(),
            leaves=(), looks_back=False, vehicles=(), delivery=delivery,
        )  # fmt: skip
        places = library.partitions(home, day, day, kind="positions")
        from_ms, to_ms = (day_start_ms(one, home.timezone) for one in (day, day + 1))
        made: dict[str, pd.DataFrame] = {}
        for name in _KINDS:
            left = left_by(order, law, name, places)
            rows = FOLDS[name].fold(left, from_ms - _BEFORE_MS, to_ms).frame() if len(left) else None
            made[name] = pd.DataFrame() if rows is None else rows
        keep_hub_day(home, day, made["hub_visits"], made["hub_rounds"], delivery=delivery, made_ms=now_ms)
        yield day, len(made["hub_visits"])


def keep_hub_day(
    home: Home, day: int, turns: pd.DataFrame, rounds: pd.DataFrame, *, delivery: int, made_ms: int
) -> None:
    """Keep what was worked out of a day.

    Args:
        home: where.
        day: the city day.
        turns: columns `TURN` at least, or no row and no column.
        rounds: columns `ROUND` at least, or no row and no column.
        delivery: the home's last one it was made from.
        made_ms: when.
    """
    for (name, columns), rows in zip(_KINDS.items(), (turns, rounds), strict=True):
        kept = pd.DataFrame({column: rows.get(column, []) for column in columns})
        _keep(_path(home, day, name), kept, {"delivery": delivery, "made_ms": made_ms})


def hub_day(home: Home, day: int, hub: str) -> HubDay | None:
    """What is kept of a hub and day, None where nothing was worked out."""
    tables, marks = [], {}
    for name in _KINDS:
        path = _path(home, day, name)
        try:
            table = pq.read_table(path)
        except (FileNotFoundError, pa.ArrowInvalid):
            return None
        marks = {key: int(value) for key, value in (table.schema.metadata or {}).items() if key in _MARKS}
        rows = table.to_pandas()
        tables.append(rows[rows["hub"] == hub].sort_values(["start_ms", "vehicle_id"], ignore_index=True))
    if len(marks) != len(_MARKS):
        return None
    since = [
        delivery
        for (kind, _day, _bucket), delivery in delivered(home, day - 1, day + 1).items()
        if kind in ("positions", "trips")
    ]
    stale = max(since, default=0) > marks[b"delivery"]
    return HubDay(tables[0], tables[1], marks[b"made_ms"], stale)


def days_kept(home: Home) -> list[int]:
    """City days that were worked out, the last first."""
    found = []
    for folder in (home.derived / _FOLDER).glob("day=*"):
        try:
            found.append(date_of(0).fromisoformat(folder.name.removeprefix("day=")).toordinal())
        except ValueError:
            continue
    epoch = date_of(0).toordinal()
    return sorted((one - epoch for one in found), reverse=True)


def _path(home: Home, day: int, name: str) -> Path:
    return home.derived / _FOLDER / f"day={date_of(day)}" / f"{name}.parquet"


def _keep(path: Path, rows: pd.DataFrame, marks: dict[str, Any]) -> None:
    """Write beside and rename: a page that reads meanwhile has the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(rows, preserve_index=False)
    told = {**(table.schema.metadata or {}), **{key: str(value) for key, value in marks.items()}}
    part = path.with_name(f".{path.name}.{os.getpid()}")
    pq.write_table(table.replace_schema_metadata(told), part, compression="zstd")
    part.replace(path)
