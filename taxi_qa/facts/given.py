"""What is given to the facts: every record of some vehicles around one span, and the track they drove.

The store fills a `Given`; nothing on this floor reads a file or asks a database.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from taxi_qa.facts.past import Past
from taxi_qa.facts.track import Track
from taxi_qa.records.fixes import Fixes
from taxi_qa.records.kinds import KINDS
from taxi_qa.roads.city import Roads
from taxi_qa.values.columns import runs_of

MADE = TypeVar("MADE")


@dataclass(frozen=True)
class Given:
    """The records of some vehicles, with a margin on both sides of the span that is judged.

    Attributes:
        zone: the city's time zone.
        from_ms, to_ms: an act is judged here if it began in [from_ms, to_ms).
        heard_to_ms: nothing is known after this: the end of the positions given, or of the home's data.
        fixes, track: positions as received and as a clean line; may reach beyond the span.
        tables: kind -> frame of its records (inside columns), every kind present, maybe empty; may be read
            only when first asked for. Nobody writes into them.
        feeds: kind -> city days on which the whole home holds any such record; tells "this car has
            none" from "nobody sends any".
        seen: vehicle_id -> (first day, last day) with positions in the home.
        areas: zone_id -> its area in lon/lat.
        roads: the city's roads, None where the home has none.
        city_trips: how many trips the whole home holds on the day.
        past: what the days before left, None where nobody asks for it.
    """

    zone: str
    from_ms: int
    to_ms: int
    heard_to_ms: int
    fixes: Fixes
    track: Track
    tables: Mapping[str, pd.DataFrame]
    feeds: dict[str, frozenset[int]]
    seen: dict[str, tuple[int, int]]
    areas: dict[str, shapely.Geometry]
    roads: Roads | None = None
    city_trips: int = 0
    past: Past | None = None
    # Not handed on by `replace`: other records make other things.
    _made: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, name: str, make: Callable[["Given"], MADE]) -> MADE:
        """What several units are made from, made when first asked for; nobody writes into it.

        Args:
            name: of what is made.
            make: makes it from these records alone.
        """
        if name not in self._made:
            self._made[name] = make(self)
        made: MADE = self._made[name]
        return made

    def vehicles(self) -> list[str]:
        """Every vehicle any record here speaks of, sorted."""
        names = set(self.fixes.vehicle_ids)
        for kind in ("trips", "shifts", "events"):
            names.update(self.tables[kind]["vehicle_id"])
        return sorted(names)

    def sends(self, kind: str, day: int, within_days: int = 0) -> bool:
        """Whether anyone in the home sent this kind on that city day, or within some days of it."""
        days = self.feeds.get(kind, frozenset())
        return any(day + shift in days for shift in range(-within_days, within_days + 1))


def sent_on(
    given: Given, kind: str, days: npt.NDArray[np.int32], within_days: int = 0
) -> npt.NDArray[np.bool_]:
    """`Given.sends` for many days."""
    some, which = np.unique(days, return_inverse=True)
    sent = np.array([given.sends(kind, int(day), within_days) for day in some], dtype=bool)
    return sent[which]


@cache
def empty_table(kind: str) -> pd.DataFrame:
    """A frame of that kind without rows, inside columns and dtypes."""
    return pd.DataFrame({c.inside: pd.Series(dtype=c.dtype) for c in KINDS[kind].columns})


def judged_rows(given: Given) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The first row of each vehicle's positions within the judged span, and the row after the last."""
    return given.once("judged_rows", _judged_rows)


def _judged_rows(given: Given) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    fixes = given.fixes
    first, past = fixes.starts[:-1].copy(), fixes.starts[:-1].copy()
    for at, (low, high) in enumerate(zip(fixes.starts[:-1], fixes.starts[1:], strict=True)):
        first[at] += np.searchsorted(fixes.time_ms[low:high], given.from_ms)
        past[at] += np.searchsorted(fixes.time_ms[low:high], given.to_ms)
    return first, past


def counts_between(
    is_so: npt.NDArray[np.bool_], first: npt.NDArray[np.int64], past: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """How many of the rows first … past - 1 are so, for each pair."""
    return np.array(
        [np.count_nonzero(is_so[low:high]) for low, high in zip(first, past, strict=True)], dtype=np.int64
    )


def events_of(given: Given, kind: str) -> list[tuple[str, int]]:
    """The events of one kind: vehicle and moment (ms), in their order."""
    found = given.once("events", _events_by_kind)
    return found.get(kind, [])


def _events_by_kind(given: Given) -> dict[str, list[tuple[str, int]]]:
    events = given.tables["events"]
    found: dict[str, list[tuple[str, int]]] = {}
    columns = (words(events["kind"]), words(events["vehicle_id"]), instants(events["time_ms"], 0).tolist())
    for kind, vehicle_id, moment in zip(*columns, strict=True):
        found.setdefault(kind, []).append((vehicle_id, moment))
    return found


NOT_GIVEN: Final = -1
_ROWS_A_RUN: Final = 4


def positions_of(
    names: tuple[str, ...], wanted: pd.Series | npt.NDArray[np.object_]
) -> npt.NDArray[np.int64]:
    """The index of each wanted vehicle in `names`, `NOT_GIVEN` where it is not there."""
    number = _numbered(names)
    listed = wanted if isinstance(wanted, np.ndarray) else words(wanted)
    return looked_up(listed, lambda name: number.get(name, NOT_GIVEN), np.int64)


def looked_up(
    names: npt.NDArray[np.object_], look_up: Callable[[str], Any], dtype: "npt.DTypeLike"
) -> npt.NDArray[Any]:
    """What each name stands for; asked once a name, for few cars make many rows.

    Args:
        names: texts, none missing.
        look_up: name -> its value, always the same.
        dtype: of the values.
    """
    starts = runs_of(names)
    if starts.size - 1 <= names.size // _ROWS_A_RUN:
        # Rows mostly come car by car: looking at neighbours costs a fifth of looking every name up.
        return np.repeat(
            np.array([look_up(name) for name in names[starts[:-1]]], dtype=dtype), np.diff(starts)
        )
    number, some = pd.factorize(names)
    return np.array([look_up(name) for name in some], dtype=dtype)[number]


@lru_cache(maxsize=8)
def _numbered(names: tuple[str, ...]) -> dict[str, int]:
    return {name: at for at, name in enumerate(names)}


def instants(column: pd.Series, missing: int) -> npt.NDArray[np.int64]:
    """A nullable column of instants as plain int64, `missing` where there is none."""
    return np.asarray(column.to_numpy(dtype=np.int64, na_value=missing), dtype=np.int64)


def numbers(column: pd.Series) -> npt.NDArray[np.float64]:
    """A nullable numeric column as float64, NaN where there is no value."""
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def words(column: pd.Series) -> npt.NDArray[np.object_]:
    """A text column as plain str, "" where there is none; a column of objects holds none missing."""
    if column.dtype == object:
        return np.asarray(column.to_numpy(), dtype=object)
    return np.asarray(column.to_numpy(dtype=object, na_value=""), dtype=object)
