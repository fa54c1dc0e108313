"""Which column a header means, and which kind of record a file holds."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from taxi_qa.ingest.refusal import Refused
from taxi_qa.records.column import Column, Kind
from taxi_qa.records.kinds import KINDS

# Spellings met in files of others, beside those the records state. No unit may be guessed from one.
MORE_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "vehicle_id": ("plate", "plate_no", "licence_plate", "license_plate", "车牌号(含颜色)", "车辆牌照"),
    "driver_id": ("从业资格证", "从业资格证编号", "驾驶员资格证号"),
    "lon": ("lng", "longitude", "经度(度)"),
    "lat": ("latitude", "纬度(度)"),
    "time": ("gps_time", "定位日期时间", "timestamp"),
    "boarded_at": ("上客时间",),
    "alighted_at": ("下客时间",),
    "start": ("上班签到时间",),
    "end": ("下班签退时间",),
}

_ENDINGS: Final = re.compile(r"(\.(csv|tsv|txt|jsonl|ndjson|geojson|json|parquet|xlsx|gz))+$")
_NAMES_SHOWN: Final = 12


def folded(name: str) -> str:
    """A header as it is compared: width, case, blanks and a stray byte order mark do not matter."""
    return re.sub(r"\s+", "_", unicodedata.normalize("NFKC", name).replace("\ufeff", "").strip().lower())


@cache
def _names_of(kind_name: str) -> dict[str, Column]:
    names: dict[str, Column] = {}
    for column in KINDS[kind_name].columns:
        for name in (column.name, *column.aliases, *MORE_ALIASES.get(column.name, ())):
            names.setdefault(folded(name), column)
    return names


@cache
def _all_names() -> frozenset[str]:
    return frozenset(name for kind in KINDS for name in _names_of(kind))


def is_known(name: str) -> bool:
    """Whether some kind has a column of that name."""
    return folded(name) in _all_names()


@dataclass(frozen=True)
class Layout:
    """Where the columns of a kind stand in a file.

    Attributes:
        kind: the kind.
        places: index into the file's header -> the column it means.
        unknown: names no column of the kind has.
    """

    kind: Kind
    places: Mapping[int, Column]
    unknown: tuple[str, ...]

    @property
    def missing(self) -> tuple[Column, ...]:
        """The required columns the header lacks."""
        found = {column.name for column in self.places.values()}
        return tuple(c for c in self.kind.columns if c.required and c.name not in found)


def layout_of(header: Sequence[str], kind: Kind) -> Layout:
    """Where the columns of a kind stand in a header.

    Raises:
        Refused: two headers mean the same column.
    """
    names = _names_of(kind.name)
    places: dict[int, Column] = {}
    seen: dict[str, int] = {}
    unknown: dict[str, None] = {}
    for index, name in enumerate(header):
        column = names.get(folded(name))
        if column is None:
            if name.strip():
                unknown[name.strip()] = None
            continue
        if column.name in seen:
            raise Refused(
                f"the header names {column.name} twice (columns {seen[column.name] + 1} and {index + 1}); "
                "remove or rename one"
            )
        seen[column.name] = index
        places[index] = column
    return Layout(kind, places, tuple(unknown))


def require_all(layout: Layout, header: Sequence[str]) -> None:
    """Check that a file has what a kind needs.

    Raises:
        Refused: required columns are missing; the message names them and what was found.
    """
    if not layout.missing:
        return
    wanted = ", ".join(f"{c.name} ({c.aliases[0]})" if c.aliases else c.name for c in layout.missing)
    raise Refused(f"{layout.kind.name} need the columns {wanted}; the header has {shown(header)}")


def shown(header: Sequence[str]) -> str:
    """A header for a message: the first names, shortened."""
    names = [name.strip()[:40] or "(no name)" for name in header[:_NAMES_SHOWN]]
    rest = len(header) - len(names)
    return repr(", ".join(names)) + (f" and {rest} more" if rest > 0 else "")


def kind_from_name(path: Path) -> str | None:
    """The kind a file's name states: `positions_2026-10.csv.gz` -> positions."""
    stem = _ENDINGS.sub("", path.name.lower())
    for kind in sorted(KINDS, key=len, reverse=True):
        if stem.startswith(kind) and not stem[len(kind) : len(kind) + 1].isalpha():
            return kind
    return None


def kind_of(header: Sequence[str], path: Path) -> Kind:
    """The kind of record a file holds, told from its header and its name.

    Raises:
        Refused: neither tells, they contradict each other, or required columns are missing.
    """
    fits: dict[str, int] = {}
    for kind in KINDS.values():
        try:
            layout = layout_of(header, kind)
        except Refused:
            continue
        if not layout.missing:
            fits[kind.name] = len(layout.places)
    best = [name for name, count in fits.items() if count == max(fits.values())]
    named = kind_from_name(path)
    if named is not None:
        if not fits or named in best:
            layout = layout_of(header, KINDS[named])
            if not layout.places and not any(map(is_known, header)):
                raise Refused(
                    f"the file has no header line: its first line, {shown(header)}, names no column; "
                    f"{named} need {_required(named)}"
                )
            require_all(layout, header)
            return KINDS[named]
        raise Refused(f"the file's name says {named}, its header says {' or '.join(best)}; give --kind")
    if len(best) == 1:
        return KINDS[best[0]]
    if best:
        raise Refused(f"the header fits {' and '.join(best)} equally well; give --kind")
    raise Refused(
        f"neither the header, {shown(header)}, nor the file's name tells which kind of record this is; "
        f"{_nearest(header)}give --kind or --profile"
    )


def _required(kind: str) -> str:
    return ", ".join(column.name for column in KINDS[kind].columns if column.required)


def _nearest(header: Sequence[str]) -> str:
    """What the kind that fits best still needs, if any fits at all."""
    best: tuple[int, str] | None = None
    for kind in KINDS.values():
        try:
            layout = layout_of(header, kind)
        except Refused as refusal:
            if layout_matches(header, kind):
                return f"{refusal}; "
            continue
        needed = sum(column.required for column in kind.columns)
        if len(layout.missing) < needed and (best is None or len(layout.missing) < best[0]):
            best = (
                len(layout.missing),
                f"for {kind.name} it lacks {', '.join(c.name for c in layout.missing)}; ",
            )
    return "" if best is None else best[1]


def layout_matches(header: Sequence[str], kind: Kind) -> bool:
    """Whether every required column of a kind is named, perhaps twice."""
    names = _names_of(kind.name)
    found = {column.name for name in header if (column := names.get(folded(name))) is not None}
    return all(column.name in found for column in kind.columns if column.required)
