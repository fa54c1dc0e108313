"""The terms of one era: every number of a place's tariff between two changes of any of them.

Whatever a tariff can be made of is a parameter under `fare.`; `terms_at` reads those in force at one
instant into one frozen record. Trips are grouped by era, so that a hundred thousand of them cost a few
look-ups, and an era is written down in findings as the versions it is made of.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.law.parameter import Areas, Bands, Certainty, Law, Version, Window

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Waiting:
    """What waiting costs.

    Attributes:
        per_s: fen a second outside peak and night.
        peak_per_s: fen a second at peak.
        peak: the peak windows, empty where the tariff has none.
        night: whether the night surcharge raises waiting: `plain`, `raised` or `unstated`.
        free_s: seconds that cost nothing.
    """

    per_s: float = 0.0
    peak_per_s: float = 0.0
    peak: tuple[Window, ...] = ()
    night: str = "plain"
    free_s: float = 0.0


@dataclass(frozen=True)
class Units:
    """A meter that counts units of distance or time, charged in advance.

    Attributes:
        fen: price of a unit.
        distance_m: metres of a unit while driving faster than the switch speed.
        seconds: time of a unit below it.
    """

    fen: float
    distance_m: float
    seconds: float


@dataclass(frozen=True)
class Flat:
    """A flat fare between two areas, in either direction."""

    fen: float
    one_end: Areas
    other_end: Areas


@dataclass(frozen=True)
class Surcharge:
    """An amount beside the meter's fare, and what it depends on.

    Attributes:
        fen: the amount, the highest where it depends on the car's energy.
        by_energy: amounts by energy, empty where they do not differ.
        window: hours of boarding it belongs to, empty for all.
        calendar: name of the days it belongs to, "" for all.
        areas: one of the ride's ends lies there, None for all.
        only_for: the rate code it belongs to, "" for all.
        not_for: the rate code it is not added to, "" for none.
    """

    fen: float
    by_energy: dict[str, float] = field(default_factory=dict)
    window: tuple[Window, ...] = ()
    calendar: str = ""
    areas: Areas | None = None
    only_for: str = ""
    not_for: str = ""


@dataclass(frozen=True)
class Terms:
    """A place's tariff in one era; see the fields' parameters under `fare.`.

    Attributes:
        missing: the law that would be needed but is not in force or not known, "" where the tariff is whole.
        names: versions used, by part of the tariff (`base`, `return`, `night`, `waiting`, `peak`, `float`,
            `flat`, `electric`, `out_of_town`, `rate`, `surcharge`, `step`, `doubt`).
        unverified: parts that lean on an unverified value.
    """

    missing: str = ""
    flagfall: float = 0.0
    flagfall_electric: float | None = None
    flagfall_km: float = 0.0
    per_km: float = 0.0
    return_share: Bands | None = None
    return_hours: tuple[Window, ...] = ()
    night: tuple[Window, ...] = ()
    night_share: float = 0.0
    night_flagfall: float | None = None
    multiplicative: bool = False
    waiting: Waiting = Waiting()
    units: Units | None = None
    flats: tuple[Flat, ...] = ()
    out_of_town: float = 1.0
    rate_adds: dict[str, float] = field(default_factory=dict)
    float_up: float = 0.0
    float_window: tuple[Window, ...] = ()
    surcharges: tuple[Surcharge, ...] | None = None
    step_km: float = 0.0
    rounding_fen: float = 0.0
    longest_s: float = np.inf
    fastest_kmh: float = np.inf
    ordinary_kmh: float = 0.0
    ordinary_stand_s: float = 0.0
    names: dict[str, str] = field(default_factory=dict)
    unverified: frozenset[str] = frozenset()


PARTS: Final = (
    "base",
    "return",
    "night",
    "waiting",
    "peak",
    "float",
    "flat",
    "electric",
    "out_of_town",
    "rate",
)


_FARE_PATHS: Final = frozenset(
    f"fare.{name}"
    for name in (
        "flagfall", "flagfall_km", "flagfall_electric", "per_km", "composition", "rate_code_adds",
        "return.share", "return.hours", "night.window", "night.share", "night.per_km_adds", "night.flagfall",
        "night.applies_to", "waiting.per_min", "waiting.per_h", "waiting.each_s", "waiting.adds_km",
        "waiting.peak_adds_km", "waiting.peak", "waiting.night", "waiting.free_s", "waiting.below_kmh",
        "units.fare", "units.distance_m", "units.seconds", "units.switch_kmh", "out_of_town.factor",
        "float.up", "float.window", "surcharges", "shared_share",
    )
)  # fmt: skip
_FLAT_PARTS: Final = ("fare", "from", "to")
_SURCHARGE_PARTS: Final = (
    "amount", "by_energy", "per_piece", "window", "calendar", "areas", "only_for", "not_for",
)  # fmt: skip


def is_part_of_a_tariff(path: str) -> bool:
    """Whether a path under `fare.` is one tariffs are made of: a misspelt one would do nothing."""
    if path in _FARE_PATHS:
        return True
    parts = path.split(".")
    known = {"flat": _FLAT_PARTS, "surcharge": _SURCHARGE_PARTS}.get(parts[1] if len(parts) > 1 else "", ())
    return len(parts) == len(("fare", "flat", "name", "part")) and parts[-1] in known


def era_starts(law: Law) -> Int64s:
    """The instants at which any number of the tariff changes, ascending: int64[k]."""
    starts = {
        version.start_ms
        for path, parameter in law.parameters.items()
        if path.startswith(("fare.", "house.fare."))
        for version in parameter.versions
    }
    return np.asarray(sorted(starts), dtype=np.int64)


class _Reader:
    """Reads parameters at one instant and writes down which versions were used for which part."""

    def __init__(self, law: Law, instant_ms: int) -> None:
        self.law, self.instant_ms = law, instant_ms
        self.used: dict[str, list[str]] = {}
        self.unverified: set[str] = set()
        self.missing = ""

    def version(self, path: str, part: str, *, needed: bool = False) -> Version | None:
        parameter = self.law.get(path)
        version = parameter.on(self.instant_ms) if parameter else None
        if version is None or version.unknown:
            if (needed or version is not None) and not self.missing:
                self.missing = f"law {path}"
            return None
        self.used.setdefault(part, []).append(version.name)
        if version.certainty is Certainty.UNVERIFIED:
            self.unverified.add(part)
        return version

    def number(self, path: str, part: str, *, needed: bool = False) -> float | None:
        version = self.version(path, part, needed=needed)
        return float(version.value) if version and isinstance(version.value, int | float) else None

    def amount(self, path: str, part: str) -> float:
        return self.number(path, part) or 0.0

    def word(self, path: str, part: str, otherwise: str = "") -> str:
        version = self.version(path, part)
        return str(version.value) if version else otherwise

    def windows(self, path: str, part: str) -> tuple[Window, ...]:
        version = self.version(path, part)
        found = version.value if version and isinstance(version.value, tuple) else ()
        return tuple(window for window in found if isinstance(window, Window))

    def areas(self, path: str, part: str) -> Areas | None:
        version = self.version(path, part)
        return version.value if version and isinstance(version.value, Areas) else None

    def table(self, path: str, part: str) -> dict[str, float]:
        version = self.version(path, part)
        found = version.value if version else None
        if found is None or isinstance(found, float | int | str | Bands | tuple | Areas):
            return {}
        return {key: float(value) for key, value in found.items()}

    def named(self, prefix: str) -> list[str]:
        """The names below a prefix, such as `jfk` below `fare.flat.`."""
        paths = [path.removeprefix(prefix) for path in self.law.parameters if path.startswith(prefix)]
        return sorted({path.partition(".")[0] for path in paths})


def terms_at(law: Law, instant_ms: int) -> Terms:
    """The tariff of a place at one instant; `missing` names the law it lacks."""
    read = _Reader(law, instant_ms)
    flagfall = read.number("fare.flagfall", "base", needed=True)
    units = _units(read)
    per_km = None if units else read.number("fare.per_km", "base", needed=True)
    flagfall_km = None if units else read.number("fare.flagfall_km", "base", needed=True)
    night_share = read.amount("fare.night.share", "night")
    adds = read.number("fare.night.per_km_adds", "night")
    if adds is not None and per_km:
        night_share = adds / per_km
    raises_flagfall = read.word("fare.night.applies_to", "night", "per_km_only") == "flagfall_and_per_km"
    night_flagfall = read.number("fare.night.flagfall", "night")
    if night_flagfall is None and raises_flagfall and flagfall is not None:
        night_flagfall = flagfall * (1 + night_share)
    bands = read.version("fare.return.share", "return")
    terms = {
        "flagfall": flagfall or 0.0,
        "flagfall_electric": read.number("fare.flagfall_electric", "electric"),
        "flagfall_km": flagfall_km or 0.0,
        "per_km": per_km or 0.0,
        "return_share": bands.value if bands and isinstance(bands.value, Bands) else None,
        "return_hours": read.windows("fare.return.hours", "return"),
        "night": read.windows("fare.night.window", "night"),
        "night_share": night_share,
        "night_flagfall": night_flagfall,
        "multiplicative": read.word("fare.composition", "base", "additive") == "multiplicative",
        "waiting": _waiting(read, per_km or 0.0),
        "units": units,
        "flats": _flats(read),
        "out_of_town": read.number("fare.out_of_town.factor", "out_of_town") or 1.0,
        "rate_adds": read.table("fare.rate_code_adds", "rate"),
        "float_up": read.amount("fare.float.up", "float"),
        "float_window": read.windows("fare.float.window", "float"),
        "step_km": read.amount("house.fare.meter_step_m", "step") / 1000,
        "rounding_fen": read.amount("house.fare.rounding_fen", "step"),
        "longest_s": read.number("house.fare.longest_trip_s", "doubt") or np.inf,
        "fastest_kmh": read.number("house.fare.fastest_trip_kmh", "doubt") or np.inf,
        "ordinary_kmh": read.amount("house.fare.ordinary_kmh", "doubt"),
        "ordinary_stand_s": read.amount("house.fare.ordinary_stand_s", "doubt"),
    }
    missing = read.missing
    surcharges = _surcharges(read)
    return Terms(
        missing=missing,
        surcharges=surcharges,
        names={part: ";".join(names) for part, names in read.used.items()},
        unverified=frozenset(read.unverified),
        **terms,  # type: ignore[arg-type]
    )


def _waiting(read: _Reader, per_km: float) -> Waiting:
    """Waiting as money by the minute or hour, or as kilometres added by a span of time."""
    part = "waiting"
    each_s = read.number("fare.waiting.each_s", part)
    per_s = read.amount("fare.waiting.per_min", part) / 60 + read.amount("fare.waiting.per_h", part) / 3600
    peak_per_s, peak = 0.0, ()
    if each_s:
        per_s += read.amount("fare.waiting.adds_km", part) * per_km / each_s
        peak_per_s = read.amount("fare.waiting.peak_adds_km", "peak") * per_km / each_s
    return Waiting(
        per_s=per_s,
        peak_per_s=peak_per_s or per_s,
        peak=read.windows("fare.waiting.peak", "peak") or peak,
        night=read.word("fare.waiting.night", part, "plain"),
        free_s=read.amount("fare.waiting.free_s", part),
    )


def _units(read: _Reader) -> Units | None:
    fen = read.number("fare.units.fare", "base")
    if fen is None:
        return None
    return Units(
        fen=fen,
        distance_m=read.number("fare.units.distance_m", "base", needed=True) or np.inf,
        seconds=read.number("fare.units.seconds", "base", needed=True) or np.inf,
    )


def _flats(read: _Reader) -> tuple[Flat, ...]:
    flats = []
    for name in read.named("fare.flat."):
        fen = read.number(f"fare.flat.{name}.fare", "flat")
        one, other = (read.areas(f"fare.flat.{name}.{end}", "flat") for end in ("from", "to"))
        if fen is not None and one and other:
            flats.append(Flat(fen, one, other))
    return tuple(flats)


def _surcharges(read: _Reader) -> tuple[Surcharge, ...] | None:
    """The surcharges of the era, None where the law does not say that its list is whole."""
    part = "surcharge"
    if not read.word("fare.surcharges", part):
        return None
    found = []
    for name in read.named("fare.surcharge."):
        path = f"fare.surcharge.{name}"
        by_energy = read.table(f"{path}.by_energy", part)
        pieces = read.amount(f"{path}.per_piece", part)
        fen = read.amount(f"{path}.amount", part) + max(by_energy.values(), default=0.0)
        if pieces:
            fen += pieces * read.amount("house.fare.luggage_pieces", part)
        if fen:
            found.append(
                Surcharge(
                    fen=fen,
                    by_energy=by_energy,
                    window=read.windows(f"{path}.window", part),
                    calendar=read.word(f"{path}.calendar", part),
                    areas=read.areas(f"{path}.areas", part),
                    only_for=read.word(f"{path}.only_for", part),
                    not_for=read.word(f"{path}.not_for", part),
                )
            )
    return tuple(found)
