"""A number of law (or of the house) and the days from which each of its values binds.

A parameter has a path, which is its name (`fare.per_km`), a unit, and versions. A version carries its
first instant, its value, the text it comes from, how sure that is, and the last day somebody looked.
Everything is looked up for many instants at once with one binary search.

Not in force is not zero. Before the first version, and from a repeal on, `at` gives NaN,
`version_index` gives -1 and `names_at` gives "": the caller has to say that it cannot tell.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

KindName = Literal["number", "bands", "window", "choice", "areas", "table"]


class Certainty(StrEnum):
    """How sure a value is; a finding that leans on an unverified one can never become points."""

    QUOTED = "quoted"  # the source states it; also a decision of the house, which is its own source
    BANK = "bank"  # an exam question bank states it together with the answer
    SECONDARY = "secondary"  # a report about the source states it, or its first day was inferred
    UNVERIFIED = "unverified"  # contradictory pages, or nothing but memory


@dataclass(frozen=True)
class Cite:
    """Where a value comes from: an act for law, a decision for the house.

    Attributes:
        act: name or number of the act, or who decided for a house setting.
        article: article of the act; may be empty.
        quote: the words or figures the value was read from, or the reason of a house setting.
        url: address of the page, or the document's name; may be empty.
    """

    act: str
    article: str = ""
    quote: str = ""
    url: str = ""

    @property
    def decided_by(self) -> str:
        """For a house setting: who decided."""
        return self.act

    @property
    def reason(self) -> str:
        """For a house setting: why this value."""
        return self.quote


@dataclass(frozen=True)
class Window:
    """A daily span on the place's clock; `until_ms` is outside, and the span may cross midnight.

    Attributes:
        from_ms: begin, milliseconds since the local midnight.
        until_ms: end, milliseconds since the local midnight; at or below `from_ms` it is of the next day.
        weekdays: Monday 0 … Sunday 6 on which the span begins.
        not_on: name of a calendar on whose days the span does not begin, or "".
    """

    from_ms: int
    until_ms: int
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    not_on: str = ""


@dataclass(frozen=True)
class Bands:
    """Values by lower bound; a bound belongs to the band that begins there.

    Attributes:
        bounds: ascending lower bounds, in the unit the parameter's file names with `of`.
        values: one value a band: numbers (shares, points) or texts (grades).
    """

    bounds: tuple[float, ...]
    values: tuple[float | str, ...]

    def at(self, measured: Floats) -> Floats:
        """The band's number for each measured value (NaN below the first bound; numeric bands only)."""
        place = (
            np.searchsorted(np.asarray(self.bounds), np.asarray(measured, dtype=np.float64), side="right") - 1
        )
        numbers = np.asarray([*self.values, np.nan], dtype=np.float64)
        result: Floats = numbers[np.where(np.isnan(measured), -1, place)]
        return result

    def name_of(self, measured: float) -> float | str | None:
        """The band's value for one measured value, None below the first bound."""
        place = int(np.searchsorted(np.asarray(self.bounds), measured, side="right")) - 1
        return self.values[place] if place >= 0 else None


@dataclass(frozen=True)
class Areas:
    """A named set of ground: zone ids of a feed, or a file of polygons under `data/zones`."""

    zones: frozenset[str] = frozenset()
    geojson: str = ""


Value = float | str | Bands | tuple[Window, ...] | Areas | Mapping[str, float | str] | tuple[float | str, ...]


@dataclass(frozen=True)
class Version:
    """One value with the instant from which it binds.

    Attributes:
        start_ms: first instant in force, milliseconds since 1970 in UTC.
        value: by kind: float, `Bands`, tuple of `Window`, text, `Areas`, or a table; None where
            the parameter is repealed, or in force with a value nobody could confirm (`unknown`).
        cite: where it comes from.
        certainty: how sure it is.
        checked_on: the last day somebody saw it still in force.
        name: what a finding writes down, such as `fare.per_km@2022-07-01`.
        unknown: True where the rule exists but its value was never seen.
    """

    start_ms: int
    value: Value | None
    cite: Cite
    certainty: Certainty
    checked_on: dt.date
    name: str
    unknown: bool = False

    @property
    def in_force(self) -> bool:
        """False for a repeal."""
        return self.value is not None or self.unknown


@dataclass(frozen=True)
class Parameter:
    """A dated value of law or house; see the module's text.

    Attributes:
        path: its name, such as `fare.per_km` or `house.fare.longest_trip_s`.
        title_zh: what it is, in Chinese.
        title_en: what it is, in English.
        unit: one of `UNITS`.
        kind: which shape its values have.
        versions: in the order of their first instants; announced ones without a value are left out.
        choices: what a `choice` may be.
        of: for bands, the unit of their bounds.
        clause: the pledge's clause, where the parameter is an item of the credit table.
        evidence: what such an item can be shown from (gps, meter, camera, complaint, document, inspection).
        file: where it was read.
        expected: first days that are announced without a value.
    """

    path: str
    title_zh: str
    title_en: str
    unit: str
    kind: KindName
    versions: tuple[Version, ...]
    choices: tuple[str, ...] = ()
    of: str = ""
    clause: str = ""
    evidence: tuple[str, ...] = ()
    file: str = ""
    expected: tuple[str, ...] = field(default=())

    @cached_property
    def _starts(self) -> Int64s:
        return np.asarray([version.start_ms for version in self.versions], dtype=np.int64)

    @cached_property
    def _force(self) -> Bools:
        return np.asarray([version.in_force for version in self.versions], dtype=np.bool_)

    def version_index(self, instants_ms: Int64s) -> Int64s:
        """Which version binds at each instant: int64[n], -1 where none does (before the first, repealed)."""
        instants = np.asarray(instants_ms, dtype=np.int64)
        if not self.versions:
            return np.full(instants.shape, -1, dtype=np.int64)
        index = np.searchsorted(self._starts, instants, side="right") - 1
        return np.where((index >= 0) & self._force[index], index, -1).astype(np.int64)

    def at(self, instants_ms: Int64s) -> Floats:
        """The number at each instant: float64[n], NaN where not in force or not known.

        Raises:
            TypeError: the parameter is no number.
        """
        if self.kind != "number":
            raise TypeError(f"{self.path} is of kind {self.kind}, only a number can be read with at()")
        values = [np.nan if not isinstance(v.value, int | float) else float(v.value) for v in self.versions]
        result: Floats = np.asarray([*values, np.nan], dtype=np.float64)[self.version_index(instants_ms)]
        return result

    def on(self, instant_ms: int) -> Version | None:
        """The version that binds at one instant, None where none does."""
        index = int(self.version_index(np.asarray([instant_ms], dtype=np.int64))[0])
        return self.versions[index] if index >= 0 else None

    def names_at(self, instants_ms: Int64s) -> Texts:
        """The version's name at each instant: object[n], "" where none is in force."""
        names = np.asarray([*(version.name for version in self.versions), ""], dtype=object)
        result: Texts = names[self.version_index(instants_ms)]
        return result

    def unverified_at(self, instants_ms: Int64s) -> Bools:
        """Where the version in force is unverified: bool[n] (False where none is in force)."""
        marks = [version.certainty is Certainty.UNVERIFIED for version in self.versions]
        result: Bools = np.asarray([*marks, False], dtype=np.bool_)[self.version_index(instants_ms)]
        return result


@dataclass(frozen=True)
class Law:
    """Everything that binds in one place: the nation's law, the place's, and the house's settings.

    Attributes:
        place: the folder's name under `data/law`, such as `shenzhen`.
        name_zh: the place's name in Chinese.
        name_en: the place's name in English.
        timezone: whose clock and calendar days count, such as `Asia/Shanghai`.
        currency: ISO code; its hundredth is the product's `fen`.
        parameters: by path; house settings begin with `house.`.
        calendars: named sets of city days (days since 1970), read from `data/calendar`.
    """

    place: str
    name_zh: str
    name_en: str
    timezone: str
    currency: str
    parameters: Mapping[str, Parameter]
    calendars: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def __getitem__(self, path: str) -> Parameter:
        """The parameter of that path.

        Raises:
            KeyError: the place has no such law; the message names both.
        """
        try:
            return self.parameters[path]
        except KeyError:
            raise KeyError(f"{self.place} has no law {path!r}") from None

    def __contains__(self, path: object) -> bool:
        """Whether the place has such a law (or house setting)."""
        return path in self.parameters

    def get(self, path: str) -> Parameter | None:
        """The parameter of that path, None where the place has none."""
        return self.parameters.get(path)

    @cached_property
    def digest(self) -> str:
        """A digest of every version of law and house that could have been read, values included."""
        names = (
            f"{version.name}={version.value!r}/{version.certainty}"
            for path in self.paths()
            for version in self[path].versions
        )
        return hashlib.sha256("\n".join([self.place, *names]).encode()).hexdigest()[:16]

    def paths(self) -> tuple[str, ...]:
        """All paths, sorted."""
        return tuple(sorted(self.parameters))

    def number(self, path: str, instant_ms: int) -> float:
        """One number at one instant.

        Raises:
            KeyError: the place has no such law, or it is not in force then.
        """
        version = self[path].on(instant_ms)
        if version is None or not isinstance(version.value, int | float):
            raise KeyError(f"{path} of {self.place} is not in force at that moment")
        return float(version.value)


WINDOW_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# Units a file may name. Money is whole fen, so those values must be whole numbers.
UNITS: Final = frozenset(
    {
        "fen", "fen/km", "fen/min", "fen/h", "fen/unit", "fen/piece",
        "km", "m", "km/h", "s", "min", "h", "d", "month",
        "share", "ratio", "points", "grade", "score", "count", "window", "choice", "area", "table",
        "m/s2", "deg", "hours of class", "per month",
    }
)  # fmt: skip
