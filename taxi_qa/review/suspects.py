"""Roads on which many otherwise clean drivers are found: there the map or its limit is the suspect.

Whoever speeds is found on many roads; a limit that is wrong finds people who are found nowhere else.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pandas as pd

RULES: Final = ("driving.speeding", "driving.detour")


@dataclass(frozen=True)
class Suspect:
    """A road with its findings.

    Attributes:
        way_id, road: of the map; the name is "" where it has none.
        rule: of the findings.
        findings: how many.
        drivers: how many different drivers; a finding without a driver counts by its car.
        clean_elsewhere: how many of them were found by this rule on no other road.
        busiest_share: share of the findings of the driver with most.
        allowed: the limit most of them were held against (km/h; of detours metres), NaN without one.
        limit_source: where that limit is from.
        is_suspect: enough different drivers who are clean elsewhere, none of them with half of it.
    """

    way_id: str
    road: str
    rule: str
    findings: int
    drivers: int
    clean_elsewhere: int
    busiest_share: float
    allowed: float
    limit_source: str
    is_suspect: bool


def suspects(frames: Iterable[pd.DataFrame], *, least_drivers: int) -> list[Suspect]:
    """Roads by how many different drivers were found on them, most first.

    Args:
        frames: findings in the columns of the export.
        least_drivers: so many who are clean elsewhere make a road suspect.
    """
    of_all: Counter[tuple[str, str]] = Counter()
    drivers: dict[tuple[str, str], Counter[str]] = {}
    limits: dict[tuple[str, str], Counter[tuple[float, str]]] = {}
    names: dict[str, str] = {}
    for frame in frames:
        rows = frame[frame["rule"].isin(RULES)]
        columns = (rows[name] for name in ("rule", "driver_id", "vehicle_id", "allowed", "evidence"))
        for rule, driver, car, allowed, evidence in zip(*columns, strict=True):
            told = json.loads(evidence)
            ways = str(told.get("way_ids", "")).split(";")
            roads = str(told.get("road", "")).split(";")
            who = driver if isinstance(driver, str) and driver else f"car {car}"
            of_all[str(rule), who] += 1
            for way in sorted(set(filter(None, ways))):
                key = (str(rule), way)
                drivers.setdefault(key, Counter())[who] += 1
                limits.setdefault(key, Counter())[float(allowed), str(told.get("limit_source", ""))] += 1
                # With one name for several ways nobody can say whose it is.
                if len(ways) == 1:
                    names[way] = roads[0]
    found = []
    for (rule, way), of_drivers in drivers.items():
        total = of_drivers.total()
        busiest = max(of_drivers.values()) / total
        allowed, source = limits[rule, way].most_common(1)[0][0]
        clean = sum(many == of_all[rule, who] for who, many in of_drivers.items())
        is_suspect = clean >= least_drivers and busiest < 0.5  # noqa: PLR2004 - half
        found.append(
            Suspect(
                way,
                names.get(way, ""),
                rule,
                total,
                len(of_drivers),
                clean,
                busiest,
                allowed,
                source,
                is_suspect,
            )
        )
    return sorted(found, key=lambda one: (-one.drivers, -one.findings, one.rule, one.way_id))
