"""Roads on which many otherwise clean drivers are found: there the map or its limit is the suspect.

Whoever speeds is found on many roads; a limit that is wrong finds people who are found nowhere else. And
where many drive, many are found: a road stands out only beside its share of the traffic. How many different
drivers that explains is told by all other roads: as many as were found there, a driver once a road, times the
traffic here by the traffic there. Speeding goes by the metres driven, a detour by the passes (a reasonable
route leads over a road as a whole). Limits: the traffic is that of a week's sample of trips, empty cars are
not in it, and on a wide road people do drive faster; who looks at the sign decides. Where no traffic is known
enough drivers alone make a road suspect: that delays cases, and accuses nobody.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from taxi_qa.law.parameter import Law
from taxi_qa.roads.traffic import Traffic

_SPEEDING: Final = "driving.speeding"
RULES: Final = (_SPEEDING, "driving.detour")
_HALF: Final = 0.5
_KEY = tuple[str, str]


@dataclass(frozen=True)
class Standard:
    """From when on a road is suspect.

    Attributes:
        drivers: so many different ones who are clean elsewhere.
        times: so many times the drivers that its traffic explains.
        traffic: of the city; None where nothing is known of it.
    """

    drivers: int
    times: float
    traffic: Traffic | None = None


def standard_of(law: Law, at_ms: int, traffic: Traffic | None) -> Standard:
    """The house's standard at a moment."""
    drivers = round(law.number("house.driving.suspect_drivers", at_ms))
    return Standard(drivers, law.number("house.review.suspect_times", at_ms), traffic)


@dataclass(frozen=True)
class Suspect:
    """A road with its findings.

    Attributes:
        way_id, road: of the map; the name is "" where it has none.
        rule: of the findings.
        findings: how many.
        drivers: how many different drivers; a finding without a driver counts by its car.
        clean_elsewhere: how many of them were found by this rule on no other road; other pieces of a road of
            the same name are no other road where speeding is meant.
        expected: how many different drivers its traffic explains, None where nothing is known of it.
        busiest_share: share of the findings of the driver with most.
        allowed: the limit most of them were held against (km/h; of detours metres), NaN without one.
        limit_source: where that limit is from.
        is_suspect: enough different drivers who are clean elsewhere, none of them with half of it, and by so
            many times more than the traffic explains.
    """

    way_id: str
    road: str
    rule: str
    findings: int
    drivers: int
    clean_elsewhere: int
    expected: float | None
    busiest_share: float
    allowed: float
    limit_source: str
    is_suspect: bool


@dataclass(frozen=True)
class _Seen:
    """One finding: who, on which ways, and what their roads are called."""

    who: str
    ways: frozenset[str]
    names: frozenset[str]
    allowed: float
    limit_source: str


def suspects(frames: Iterable[pd.DataFrame], standard: Standard) -> list[Suspect]:
    """Roads by how many different drivers were found on them, most first.

    Args:
        frames: findings in the columns of the export.
        standard: from when on one is suspect.
    """
    of_rule: dict[str, dict[str, list[_Seen]]] = defaultdict(lambda: defaultdict(list))
    on_way: dict[_KEY, list[_Seen]] = defaultdict(list)
    for frame in frames:
        rows = frame[frame["rule"].isin(RULES)]
        columns = (rows[name] for name in ("rule", "driver_id", "vehicle_id", "allowed", "evidence"))
        for rule, driver, car, allowed, evidence in zip(*columns, strict=True):
            one = _seen(driver if isinstance(driver, str) and driver else f"car {car}", allowed, evidence)
            if one.ways:
                of_rule[str(rule)][one.who].append(one)
                for way in one.ways:
                    on_way[str(rule), way].append(one)
    # A driver counts once a road, however often he was found there.
    pairs = Counter[str]()
    for (rule, _), here in on_way.items():
        pairs[rule] += len({one.who for one in here})
    found = [_suspect(key, here, of_rule[key[0]], pairs[key[0]], standard) for key, here in on_way.items()]
    return sorted(found, key=lambda one: (-one.drivers, -one.findings, one.rule, one.way_id))


def _seen(who: str, allowed: float, evidence: str) -> _Seen:
    told = json.loads(evidence)
    ways, names = (
        frozenset(filter(None, str(told.get(name, "")).split(";"))) for name in ("way_ids", "road")
    )
    return _Seen(who, ways, names, float(allowed), str(told.get("limit_source", "")))


def _suspect(
    key: _KEY, here: Sequence[_Seen], of_all: Mapping[str, Sequence[_Seen]], pairs: int, standard: Standard
) -> Suspect:
    rule, way = key
    of_drivers = Counter(one.who for one in here)
    busiest = max(of_drivers.values()) / len(here)
    (allowed, source), _ = Counter((one.allowed, one.limit_source) for one in here).most_common(1)[0]
    # With one name for several ways nobody can say whose it is, unless every finding on this one bears it.
    called = frozenset.intersection(*(one.names for one in here)) if rule == _SPEEDING else frozenset[str]()
    clean = sum(all(way in one.ways or called & one.names for one in of_all[who]) for who in of_drivers)
    expected = _expected(rule, way, pairs - len(of_drivers), standard.traffic)
    stands_out = expected is None or len(of_drivers) >= standard.times * expected
    alone = [one.names for one in here if len(one.ways) == 1]
    return Suspect(
        way_id=way,
        road=next(iter(alone[0]), "") if alone else "",
        rule=rule,
        findings=len(here),
        drivers=len(of_drivers),
        clean_elsewhere=clean,
        expected=expected,
        busiest_share=busiest,
        allowed=allowed,
        limit_source=source,
        is_suspect=clean >= standard.drivers and busiest < _HALF and stands_out,
    )


def _expected(rule: str, way: str, elsewhere: int, traffic: Traffic | None) -> float | None:
    """How many drivers would be found on a way if it were like all others; None where that is not known."""
    if traffic is None:
        return None
    share = (traffic.driven if rule == _SPEEDING else traffic.passed).get(way, 0.0)
    return elsewhere * share / (1 - share) if share < 1 else 0.0
