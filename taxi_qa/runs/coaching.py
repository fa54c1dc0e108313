"""The coaching index of a fleet over some days: what was found, per what could have been."""

from collections.abc import Mapping
from functools import cache
from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.facts.exposure import EXPOSURES
from taxi_qa.law import strict
from taxi_qa.law.parameter import Law
from taxi_qa.law.strict import BadLaw
from taxi_qa.paths import shipped
from taxi_qa.runs.exposed import Counted, Progress, exposed
from taxi_qa.runs.gather import law_of
from taxi_qa.score.index import coaching_index
from taxi_qa.store.home import Home
from taxi_qa.store.kept_lists import keep_indices
from taxi_qa.store.roster import drivers_known
from taxi_qa.store.standing import findings_that_stand
from taxi_qa.values.clock import day_start_ms

_FILE: Final = "desk/exposures.yaml"
# What people found to be none, or what waits for an upstream cause, moves nobody's index.
_COUNTS_NOT: Final = frozenset({"excused", "dismissed", "reversed", "expired", "quarantined"})


@cache
def exposure_of() -> Mapping[str, str]:
    """What each rule's findings are counted per; rules without a rate are not there.

    Raises:
        BadLaw: the file is not as it should be; names the key and what was expected.
    """
    return _listed()["exposures"]


@cache
def by_duty() -> frozenset[str]:
    """The rules that judge duties as a whole: one row they cannot judge leaves out all of its duty."""
    return frozenset(_listed()["duties"])


@cache
def without_rate() -> Mapping[str, str]:
    """Why a rule has no rate, for each that has none."""
    return _listed()["none"]


@cache
def _listed() -> dict[str, dict[str, str]]:
    shown = f"data/{_FILE}"
    file = strict.keys(
        shown,
        "the file",
        strict.load(shipped("data") / _FILE, shown),
        {"title", "reason", "duties", "exposures", "none"},
        set(),
    )
    found: dict[str, dict[str, str]] = {"exposures": {}, "none": {}}
    for part, of_rule in found.items():
        listed = file[part]
        if not isinstance(listed, dict):
            raise BadLaw(f"{shown}: {part}: expected exposures or reasons with lists of rules")
        for named, rules in listed.items():
            if part == "exposures" and named not in EXPOSURES:
                raise BadLaw(f"{shown}: {named}: expected one of {', '.join(EXPOSURES)}")
            if not isinstance(rules, list):
                raise BadLaw(f"{shown}: {named}: expected a list of rules")
            for one in rules:
                rule = strict.text(shown, str(named), one)
                if any(rule in other for other in found.values()):
                    raise BadLaw(f"{shown}: {named}: {rule} stands twice")
                of_rule[rule] = str(named)
    if not isinstance(file["duties"], list):
        raise BadLaw(f"{shown}: duties: expected a list of rules")
    found["duties"] = {strict.text(shown, "duties", one): "" for one in file["duties"]}
    strange = sorted(found["duties"].keys() - found["exposures"].keys())
    if strange:
        raise BadLaw(f"{shown}: duties: {', '.join(strange)}: expected rules that stand under exposures")
    return found


def exposures(
    home: Home, *, from_day: int, to_day: int, law: Law | None = None, progress: Progress | None = None
) -> pd.DataFrame:
    """What each driver could have been found in over some days, whether anybody judged it or not.

    Returns:
        A row a driver, index driver_id, columns `EXPOSURES`.
    """
    law = law_of(home.city) if law is None else law
    nothing = findings_that_stand(home, [])
    return exposed(
        home, law, from_day=from_day, to_day=to_day, rules={}, found=nothing, progress=progress
    ).whole


def coaching(
    home: Home, *, from_day: int, to_day: int, now_ms: int, progress: Progress | None = None
) -> pd.DataFrame:
    """The coaching index of every driver and rule over some days.

    Args:
        home: where; `check` must have judged the days.
        from_day, to_day: city days, both included.
        now_ms: at which moment house settings are read.
        progress: told after each day and bucket.

    Returns:
        `rule`, `unit`, the columns of `score.index.INDEX_COLUMNS`, `unjudged` (exposure the rule did not
        judge for certain: in none of the other figures; NaN not known) and `moved` (the finding_ids that
        were counted, joined by ;), rule by rule, the worst first. A rule nobody was found by in these days
        is there too: its rows say `no_fleet`; one that judged nothing says `not_judged`.
    """
    law = law_of(home.city)
    found = findings_that_stand(home)
    begin, end = day_start_ms(from_day, home.timezone), day_start_ms(to_day + 1, home.timezone)
    counted = found[
        (found["start_ms"] >= begin) & (found["start_ms"] < end) & ~found["status"].isin(_COUNTS_NOT)
    ]
    rules = {rule: Counted(unit, rule in by_duty()) for rule, unit in exposure_of().items()}
    told = exposed(home, law, from_day=from_day, to_day=to_day, rules=rules, found=counted, progress=progress)
    drivers = told.whole.index
    if drivers.empty:
        return pd.DataFrame()
    strata = _strata(told.whole, law, now_ms)
    counted = counted[~counted["finding_id"].isin(told.not_counted)]
    per_rule = {
        str(rule): rows.groupby("driver_id")["finding_id"].agg(list) for rule, rows in counted.groupby("rule")
    }
    least = law.number("house.review.index_own_weight", now_ms)
    parts = []
    for rule, unit in exposure_of().items():
        own = per_rule.get(rule)
        findings, moved = np.zeros(len(drivers)), dict[str, str]()
        if own is not None:
            findings += own.map(len).reindex(drivers).fillna(0).to_numpy(dtype=np.float64)
            moved = {str(driver): ";".join(ids) for driver, ids in own.items()}
        whole = told.whole[unit].to_numpy(dtype=np.float64)
        exposure = np.nan_to_num(told.judged[rule].reindex(drivers).to_numpy(dtype=np.float64))
        # Not judged is not none.
        exposure = np.where((exposure == 0) & (whole != 0), np.nan, exposure)
        index = coaching_index(drivers.to_series(), strata, findings, exposure, least_weight=least)
        unjudged = pd.Series(np.maximum(whole - np.nan_to_num(exposure), 0.0), index=drivers)
        index["unjudged"] = unjudged.reindex(index["driver_id"]).to_numpy()
        index["moved"] = [moved.get(str(driver), "") for driver in index["driver_id"]]
        index.insert(0, "unit", unit)
        index.insert(0, "rule", rule)
        parts.append(index)
    return pd.concat(parts, ignore_index=True)


def keep_coaching(home: Home, told: pd.DataFrame, *, from_day: int, to_day: int, now_ms: int) -> None:
    """Keep an index for the lists of the web; replaces what was kept before.

    Args:
        home: where.
        told: what `coaching` gave.
        from_day, to_day: of which days.
        now_ms: the present moment.
    """
    register = drivers_known(home, now_ms)
    companies = dict(
        zip(register["driver_id"].tolist(), register["company_id"].fillna("").tolist(), strict=True)
    )
    kept = (
        "rule", "unit", "stratum", "driver_id", "findings", "exposure", "rate", "low", "high", "fleet_rate",
        "excess", "beside_fleet", "why_not", "moved",
    )  # fmt: skip
    plain = told[[name for name in kept if name in told]].astype(object)
    rows = plain.where(plain.notna(), None).to_dict("records")
    keep_indices(
        home,
        [
            {
                **{str(name): value for name, value in row.items()},
                "company_id": companies.get(str(row["driver_id"]), ""),
                "exposure": row["exposure"] or 0.0,
                "from_day": from_day,
                "to_day": to_day,
                "counted_ms": now_ms,
            }
            for row in rows
        ],
    )


def _strata(told: pd.DataFrame, law: Law, now_ms: int) -> pd.Series:
    trips = told["metered_trips"].to_numpy(dtype=np.float64)
    some = np.maximum(trips, 1.0)
    at_night = told["night_trips"].to_numpy(dtype=np.float64) / some >= law.number(
        "house.review.index_night_share", now_ms
    )
    at_hubs = told["hub_departures"].to_numpy(dtype=np.float64) / some >= law.number(
        "house.review.index_hub_share", now_ms
    )
    when, where = np.where(at_night, "night", "day"), np.where(at_hubs, "hub", "street")
    names = [f"{one}/{other}" for one, other in zip(when.tolist(), where.tolist(), strict=True)]
    return pd.Series(names, index=told.index)
