"""What days leave for weeks, months and the days after them, kept in the home's `derived/`.

Caches that prove their freshness: a part carries the mark of everything it was made from (the last delivery
that touched any of it, the law, the roads, the version of the facts). A mark that does not match, or a file
that cannot be read, and the part is made anew.
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import feather

from taxi_qa import __version__
from taxi_qa.facts.units import LEFT, PARTS_VERSION
from taxi_qa.law.parameter import Law
from taxi_qa.runs.gather import home_at, reach_days
from taxi_qa.store.home import Home
from taxi_qa.store.library import NO_BUCKET
from taxi_qa.store.presence import delivered, delivered_ever
from taxi_qa.store.road_files import digest
from taxi_qa.values.clock import date_of

_MARK = b"made_from"


@dataclass(frozen=True)
class Part:
    """Which part: its name in `LEFT`, its day and bucket; `delivery` is the home's last one."""

    name: str
    day: int
    bucket: int
    delivery: int


def _mark(home: Home, law: Law, part: Part) -> bytes:
    left = LEFT[part.name]
    roads = digest(home) if left.on_roads else ""
    made_from = _touched(home, part, left.reads)
    return f"{made_from}/{roads}/{law.digest}/{PARTS_VERSION}/{__version__}".encode()


def _touched(home: Home, part: Part, kinds: tuple[str, ...]) -> int:
    """The last delivery that brought or corrected anything the part is made from."""
    widest = max(reach_days(kind) for kind in kinds)
    near = _delivered(home.path, home.url, part.delivery, part.day - widest, part.day + widest)
    ever = _delivered_ever(home.path, home.url, part.delivery)
    last = 0
    for kind in kinds:
        reach = reach_days(kind)
        if reach == 0:
            last = max(last, ever.get(kind, 0))
            continue
        for day in range(part.day - reach, part.day + reach + 1):
            last = max(last, near.get((kind, day, part.bucket), 0), near.get((kind, day, NO_BUCKET), 0))
    return last


# A delivery changes what the home holds, and its number with it: what is kept here is never stale.
@lru_cache(maxsize=256)
def _delivered(
    path: Path, url: str | None, delivery: int, from_day: int, to_day: int
) -> dict[tuple[str, int, int], int]:
    del delivery
    return delivered(home_at(str(path), url), from_day, to_day)


@lru_cache(maxsize=2)
def _delivered_ever(path: Path, url: str | None, delivery: int) -> dict[str, int]:
    del delivery
    return delivered_ever(home_at(str(path), url))


def _path(home: Home, part: Part) -> Path:
    folder = home.derived / part.name / f"day={date_of(part.day)}"
    return folder / f"bucket={part.bucket:02d}.arrow"


def is_kept(home: Home, law: Law, part: Part) -> bool:
    """Whether the part is there and made from what counts now."""
    try:
        with pa.ipc.open_file(_path(home, part)) as file:
            metadata = file.schema.metadata or {}
    except (OSError, pa.ArrowException):
        return False
    return bool(metadata.get(_MARK) == _mark(home, law, part))


def kept_part(home: Home, law: Law, part: Part) -> pd.DataFrame | None:
    """The part a day left, None where there is none or it was made from other data or law."""
    try:
        table = feather.read_table(_path(home, part), memory_map=False)
    except (OSError, pa.ArrowException):
        return None
    if (table.schema.metadata or {}).get(_MARK) != _mark(home, law, part):
        return None
    left: pd.DataFrame = table.to_pandas()
    return left


def keep_part(home: Home, law: Law, part: Part, left: pd.DataFrame) -> None:
    """Keep what a day leaves; written beside and renamed, so a killed process leaves nothing half."""
    path = _path(home, part)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(left, preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _MARK: _mark(home, law, part)})
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    feather.write_feather(table, beside, compression="zstd")
    beside.replace(path)
