"""The fairness ledger of hubs: what each driver's turns were against those of the same hour, luck included.

A turn is compared by its rank: the share of the others who loaded at the hub within half an hour of it that
waited less. Where the queue is kept ranks are drawn evenly from 0 to 1, whatever the hour and the hub, and
one endless wait counts no more than any other long one. A short trip is drawn as often as those others drew
one. So the sum of many turns says how far from chance a driver's are: bad luck is within it.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.facts.hub_turns import SHORT_M
from taxi_qa.facts.unit import period_rows
from taxi_qa.values.columns import Columns, Texts, stacked_columns

Floats = npt.NDArray[np.float64]

# Fewer others than this within the hour have no quartiles.
LEAST_OTHERS: Final = 4
# Fewer turns than this say nothing: the sum of eight even draws is still wider than two of ten.
LEAST_TURNS: Final = 8
# Chance alone goes further in one of twenty ledgers.
CHANCE: Final = 2.0
# An even draw from 0 to 1 has a variance of a twelfth.
_EVEN: Final = 1.0 / 12.0
_LAPS: Final = 3
_QUARTER: Final = 0.25

_SUMS: Final = (
    "turns", "loaded", "left_empty", "out_of_turn", "waited_s", "over_max_wait", "compared", "waited_least",
    "waited_most", "beyond_median_s", "overtook", "overtaken", "short_compared", "short_trips",
    "short_expected", "rank_sum", "short_variance",
)  # fmt: skip
_MEDIANS: Final = ("wait_median_s", "ahead_median", "wait_rank_median")


def hub_ledger(visits: Columns, rounds: Columns, from_ms: int, to_ms: int) -> Columns:
    """Each driver's turns at each hub, and at all of them together.

    Args:
        visits: turns as `hub_visits` gives them, of the whole city, of any days of the span.
        rounds: as `hub_rounds` gives them, of the same days.
        from_ms, to_ms: the span.

    Returns:
        Unit columns (no car; driver "" whom nobody can name) and hub ("" all of them);
        turns (queued), loaded, left_empty, out_of_turn (booked, paused or with a short-trip ticket: not
        compared); waited_s (all queued turns), wait_median_s, ahead_median (cars ahead on arrival);
        over_max_wait (turns longer than the hub allows);
        compared (turns loaded in turn among at least `LEAST_OTHERS` others), waited_least, waited_most (of
        them in the lowest and highest quarter of ranks), wait_rank_median, beyond_median_s (beyond that
        hour's median, in all), wait_deviations (standard deviations of the ranks' sum from an even draw,
        positive: longer); overtook, overtaken (cars);
        short_compared (loaded turns whose ride and hour's rides are known), short_trips, short_expected (by
        the shares of their hours), short_deviations (positive: more short ones);
        rounds (waits with a lap), laps (in their hours with most laps), circled (with three laps or more);
        waits_say, shorts_say: the sums in words.
    """
    rows = _and_of_all_hubs(visits.cut(visits["is_queued"]))
    keys = ["driver_id", "hub"]
    frame = pd.DataFrame(
        {
            **{name: rows[name] for name in (*keys, "company_id", "start_ms")},
            **_of_turns(rows),
        }
    ).sort_values([*keys, "start_ms", "company_id"], kind="stable")
    by = frame.groupby(keys, sort=True)
    ledger = by[list(_SUMS)].sum().join(by[list(_MEDIANS)].median()).join(by[["company_id"]].first())
    ledger = ledger.join(_of_rounds(_and_of_all_hubs(rounds), keys), how="outer")
    names = [index.astype(object) for index in (ledger.index.get_level_values(key) for key in keys)]
    drivers, hub = (name.to_numpy(dtype=object) for name in names)
    company: Texts = ledger["company_id"].fillna(ledger["round_company"]).fillna("").to_numpy(dtype=object)
    subject = np.array([f"{d}@{h}@{from_ms}" for d, h in zip(drivers, hub, strict=True)], dtype=object)
    sums: dict[str, Floats] = {
        name: np.nan_to_num(ledger[name].to_numpy(dtype=np.float64))
        for name in (*_SUMS, "rounds", "laps", "circled")
    }
    compared, short_compared = sums["compared"], sums["short_compared"]
    waits = _deviations(sums.pop("rank_sum") - compared / 2.0, compared * _EVEN)
    shorts = _deviations(sums["short_trips"] - sums["short_expected"], sums.pop("short_variance"))
    seconds = ("waited_s", "beyond_median_s", "short_expected")
    return period_rows(subject, company, drivers, from_ms, to_ms).but(
        {
            "hub": hub,
            **{name: values if name in seconds else values.astype(np.int64) for name, values in sums.items()},
            **{name: ledger[name].to_numpy(dtype=np.float64) for name in _MEDIANS},
            "wait_deviations": waits,
            "short_deviations": shorts,
            "waits_say": _waits_say(waits, compared, sums["overtook"], sums["overtaken"]),
            "shorts_say": _shorts_say(shorts, short_compared),
        }
    )


def _and_of_all_hubs(rows: Columns) -> Columns:
    """The rows, and once more under no hub's name."""
    return stacked_columns([rows, rows.but({"hub": np.full(len(rows), "", dtype=object)})])


def _of_turns(rows: Columns) -> dict[str, npt.NDArray[np.generic]]:
    """What each queued turn adds."""
    loaded = rows["ended"] == "loaded"
    away = rows["is_reserved"] | rows["is_paused"] | ~np.isnan(rows["short_m"])
    compared = loaded & ~away & rows["seen_from"] & (rows["others"] >= LEAST_OTHERS)
    wait_s, rank = rows["wait_s"], np.where(compared, np.nan_to_num(rows["wait_rank"]), np.nan)
    share = rows["short_share"]
    known = compared & ~np.isnan(rows["load_m"]) & ~np.isnan(share)
    chance = np.where(known, np.nan_to_num(share), 0.0)
    beyond = np.where(compared, wait_s - np.nan_to_num(rows["wait_q50_s"]), 0.0)
    return {
        "turns": np.ones(len(rows)),
        "loaded": loaded,
        "left_empty": rows["ended"] == "empty",
        "out_of_turn": away,
        "waited_s": wait_s,
        "over_max_wait": wait_s > rows["max_wait_s"],
        "compared": compared,
        "waited_least": rank < _QUARTER,
        "waited_most": rank > 1.0 - _QUARTER,
        "beyond_median_s": beyond,
        "overtook": np.where(away, 0, rows["overtook"]),
        "overtaken": np.where(away, 0, rows["overtaken"]),
        "short_compared": known,
        "short_trips": known & (rows["load_m"] < SHORT_M),
        "short_expected": chance,
        "rank_sum": np.nan_to_num(rank),
        "short_variance": chance * (1.0 - chance),
        "wait_median_s": wait_s,
        "ahead_median": rows["ahead"].astype(np.float64),
        "wait_rank_median": rank,
    }


def _of_rounds(rounds: Columns, keys: list[str]) -> pd.DataFrame:
    some = rounds.cut(rounds["laps"] > 0)
    columns = {name: some[name] for name in (*keys, "company_id", "laps")}
    frame = pd.DataFrame(columns).rename(columns={"company_id": "round_company"})
    frame = frame.assign(rounds=1, circled=frame["laps"] >= _LAPS)
    by = frame.sort_values([*keys, "round_company"], kind="stable").groupby(keys, sort=True)
    return by[["rounds", "laps", "circled"]].sum().join(by[["round_company"]].first())


def _deviations(beyond: Floats, variance: Floats) -> Floats:
    """How many standard deviations a sum lies beyond what chance has it, NaN where nothing could vary."""
    some = variance > 0
    return np.where(some, beyond / np.sqrt(np.where(some, variance, 1.0)), np.nan)


def _waits_say(deviations: Floats, turns: Floats, overtook: Floats, overtaken: Floats) -> Texts:
    conditions = [
        turns < LEAST_TURNS, np.abs(deviations) <= CHANCE, (deviations > 0) & (overtaken > 0), deviations > 0,
        overtook > 0,
    ]  # fmt: skip
    words = ["too few turns", "chance", "longer, and overtaken", "longer, in turn", "shorter, and overtook"]
    return np.select(conditions, words, "shorter, in turn").astype(object)


def _shorts_say(deviations: Floats, turns: Floats) -> Texts:
    conditions = [
        turns < LEAST_TURNS, np.isnan(deviations) | (np.abs(deviations) <= CHANCE), deviations > 0,
    ]  # fmt: skip
    return np.select(conditions, ["too few turns", "chance", "more short trips"], "fewer short trips").astype(
        object
    )
