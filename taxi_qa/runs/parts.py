"""What days leave for weeks and months, kept in the home's `derived/`: caches that prove their freshness.

A part carries the mark of everything it was made from (the last delivery, the law, the version of the
facts). A mark that does not match, or a file that cannot be read, and the part is made anew.
"""

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import feather

from taxi_qa import __version__
from taxi_qa.facts.units import PARTS_VERSION
from taxi_qa.law.parameter import Law
from taxi_qa.store.home import Home
from taxi_qa.values.clock import date_of

_MARK = b"made_from"


@lru_cache(maxsize=4)
def _law_digest(place: str, names: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join([place, *names]).encode()).hexdigest()[:16]


def law_digest(law: Law) -> str:
    """A digest of every version of law and house that could have been read, values included."""
    names = tuple(
        f"{version.name}={version.value!r}/{version.certainty}"
        for path in law.paths()
        for version in law[path].versions
    )
    return _law_digest(law.place, names)


@dataclass(frozen=True)
class Part:
    """Which part: of what unit, of which day and bucket, made after which delivery."""

    unit: str
    day: int
    bucket: int
    delivery: int


def _mark(law: Law, part: Part) -> bytes:
    return f"{part.delivery}/{law_digest(law)}/{PARTS_VERSION}/{__version__}".encode()


def _path(home: Home, part: Part) -> Path:
    folder = home.derived / part.unit / f"day={date_of(part.day)}"
    return folder / f"bucket={part.bucket:02d}.arrow"


def kept_part(home: Home, law: Law, part: Part) -> pd.DataFrame | None:
    """The part a day left, None where there is none or it was made from other data or law."""
    try:
        table = feather.read_table(_path(home, part), memory_map=False)
    except (OSError, pa.ArrowException):
        return None
    if (table.schema.metadata or {}).get(_MARK) != _mark(law, part):
        return None
    left: pd.DataFrame = table.to_pandas()
    return left


def keep_part(home: Home, law: Law, part: Part, left: pd.DataFrame) -> None:
    """Keep what a day leaves; written beside and renamed, so a killed process leaves nothing half."""
    path = _path(home, part)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(left, preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _MARK: _mark(law, part)})
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    feather.write_feather(table, beside, compression="zstd")
    beside.replace(path)
