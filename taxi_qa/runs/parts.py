"""What days leave for weeks, months and the days after them, kept in the home's `derived/`.

Caches that prove their freshness: a part carries the mark of everything it was made from (the last delivery
that touched any of it, the law, the roads, the version of the facts). A mark that does not match, or a file
that cannot be read, and the part is made anew.
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import pyarrow as pa

from taxi_qa import __version__
from taxi_qa.facts.units import LEFT, PARTS_VERSION
from taxi_qa.law.parameter import Law
from taxi_qa.runs.gather import home_at, reach_days
from taxi_qa.store.home import Home
from taxi_qa.store.library import NO_BUCKET
from taxi_qa.store.presence import delivered, delivered_ever
from taxi_qa.store.road_files import digest
from taxi_qa.values.clock import date_of

_MARK: Final = b"made_from"
_COMPRESSED: Final = pa.ipc.IpcWriteOptions(compression="zstd")


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
    return max(_touched_by(home.path, home.url, part.delivery, kind, part.day, part.bucket) for kind in kinds)


# A delivery changes what the home holds, and its number with it: what is kept here is never stale.
@lru_cache(maxsize=65_536)
def _touched_by(path: Path, url: str | None, delivery: int, kind: str, day: int, bucket: int) -> int:
    """The last delivery of a kind that what is made for a day and bucket may have read."""
    reach = reach_days(kind)
    if reach == 0:
        return _delivered_ever(path, url, delivery).get(kind, 0)
    near = _delivered(path, url, delivery, day - reach, day + reach)
    days = range(day - reach, day + reach + 1)
    return max(near.get((kind, one, place), 0) for one in days for place in (bucket, NO_BUCKET))


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


def kept_part(home: Home, law: Law, part: Part) -> pa.Table | None:
    """The part a day left, None where there is none or it was made from other data or law."""
    try:
        # Read at once: a file that is mapped would stay open while another is renamed over it.
        with pa.OSFile(str(_path(home, part))) as file:
            table = pa.ipc.open_file(file).read_all()
    except (OSError, pa.ArrowException):
        return None
    return table if (table.schema.metadata or {}).get(_MARK) == _mark(home, law, part) else None


def left_on_roads(home: Home, name: str, day: int, bucket: int) -> pa.Table | None:
    """A part as it was left on the roads that count now, whatever data and law came since; or None."""
    try:
        with pa.OSFile(str(_path(home, Part(name, day, bucket, 0)))) as file:
            table = pa.ipc.open_file(file).read_all()
    except (OSError, pa.ArrowException):
        return None
    marks = (table.schema.metadata or {}).get(_MARK, b"").decode().split("/")
    return table if marks[1:2] == [digest(home)] and marks[3:4] == [str(PARTS_VERSION)] else None


def keep_part(home: Home, law: Law, part: Part, left: pa.Table) -> None:
    """Keep what a day leaves; written beside and renamed, so a killed process leaves nothing half."""
    path = _path(home, part)
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = left.schema.with_metadata({**(left.schema.metadata or {}), _MARK: _mark(home, law, part)})
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with pa.OSFile(str(beside), "wb") as file, pa.ipc.new_file(file, schema, options=_COMPRESSED) as writer:
        writer.write_table(left.replace_schema_metadata(schema.metadata))
    beside.replace(path)
