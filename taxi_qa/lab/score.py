"""How well findings fit the answer key of made fleets: found, missed, wrongly found, doubled.

A finding belongs to a planted act of its rule where the trip is the same, or, where either names none, the
car (or without a car the driver, without either the company) is the same and the times overlap. Excused
findings accuse nobody.
"""

from typing import Final

import numpy as np
import pandas as pd

CLEAR: Final = "clear"
NEAR_MISS: Final = "near_miss"
LOOK_ALIKE: Final = "look_alike"
# Stamps of minutes and seconds, and an act that a rule sees a little earlier or later than it was played.
AROUND: Final = pd.Timedelta(minutes=10)
TABLE: Final = (
    "planted", "found", "cannot_tell", "missed", "near_misses", "look_alikes", "wrongly_found", "duplicates",
    "recall", "precision",
)  # fmt: skip
TRUTH_COLUMNS: Final = ("rule", "label", "vehicle_id", "driver_id", "trip_id", "start", "end", "note")


def matched(truth: pd.DataFrame, said: pd.DataFrame) -> pd.Series:
    """The planted act each row of findings belongs to, -1 where it belongs to none.

    Args:
        truth: `TRUTH_COLUMNS`, start and end as UTC instants, one row a planted act; company_id where it
            is a company's.
        said: findings as exported (rule, vehicle_id, driver_id, trip_id, start, end), times as UTC instants.
    """
    acts = truth.reset_index(drop=True).rename_axis("act").reset_index()
    rows = said.reset_index(drop=True).rename_axis("row").reset_index()
    same = rows.merge(acts, on="rule", suffixes=("", "_act"))
    named = (same["trip_id"] != "") & (same["trip_id_act"] != "")
    same_trip = named & (same["trip_id"] == same["trip_id_act"])
    same_car = (same["vehicle_id"] != "") & (same["vehicle_id"] == same["vehicle_id_act"])
    no_car = (same["vehicle_id"] == "") | (same["vehicle_id_act"] == "")
    same_driver = (same["driver_id"] != "") & (same["driver_id"] == same["driver_id_act"])
    company, company_act = (
        same[name] if name in same else pd.Series("", index=same.index)
        for name in ("company_id", "company_id_act")
    )
    nobody = no_car & (same["driver_id"] == "") & (same["driver_id_act"] == "")
    same_desk = nobody & (company != "") & (company == company_act)
    beside = (same["start"] <= same["end_act"] + AROUND) & (same["end"] >= same["start_act"] - AROUND)
    fits = same[same_trip | (~named & beside & (same_car | (no_car & same_driver) | same_desk))]
    # Of several acts the driver's own, then the clear one, then the one that began nearest, is meant.
    both = (fits["driver_id"] != "") & (fits["driver_id_act"] != "")
    another = both & (fits["driver_id"] != fits["driver_id_act"])
    away = (fits["start"] - fits["start_act"]).abs()
    order = fits.assign(another=another, unclear=fits["label"] != CLEAR, away=away).sort_values(
        ["another", "unclear", "away", "act"]
    )
    first = order.drop_duplicates("row").set_index("row")["act"]
    return first.reindex(range(len(rows)), fill_value=-1).astype(np.int64)


def scored(truth: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """What became of the planted acts, rule by rule.

    Args:
        truth: as `matched`.
        said: findings with what nobody could tell (verdict found or cannot_tell, status), as `matched`.

    Returns:
        `TABLE` by rule: planted (clear ones), found, cannot_tell (of the clear ones that were not found),
        missed, near_misses and look_alikes that were found, wrongly_found (of no planted act), duplicates
        (findings of an act beyond its first), recall (of clear acts) and precision (of findings), NaN where
        there is nothing to divide by.
    """
    said = said.reset_index(drop=True)
    act = matched(truth, said)
    labels = truth["label"].reset_index(drop=True).reindex(act).fillna("").to_numpy()
    accused = ((said["verdict"] == "found") & (said["status"] != "excused")).to_numpy()
    unsure = (said["verdict"] == "cannot_tell").to_numpy()
    rows = []
    for rule in sorted({*truth["rule"], *said.loc[accused, "rule"]}):
        of_rule = (said["rule"] == rule).to_numpy()
        clear = set(np.flatnonzero(((truth["rule"] == rule) & (truth["label"] == CLEAR)).to_numpy()))
        hits = of_rule & accused
        found = set(act[hits]) & clear
        told = (set(act[of_rule & unsure]) & clear) - found
        near, alike = (len(set(act[hits & (labels == label)])) for label in (NEAR_MISS, LOOK_ALIKE))
        wrong = int((hits & (labels == "")).sum())
        doubled = int((hits & (labels == CLEAR)).sum()) - len(found)
        accusations = len(found) + near + alike + wrong
        rows.append(
            {
                "rule": rule,
                "planted": len(clear),
                "found": len(found),
                "cannot_tell": len(told),
                "missed": len(clear) - len(found) - len(told),
                "near_misses": near,
                "look_alikes": alike,
                "wrongly_found": wrong,
                "duplicates": doubled,
                "recall": len(found) / len(clear) if clear else np.nan,
                "precision": len(found) / accusations if accusations else np.nan,
            }
        )
    return pd.DataFrame(rows, columns=["rule", *TABLE]).set_index("rule")


def innocents(truth: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """The findings of stable rules that accuse a driver of what was not planted as a clear offence.

    Args:
        truth, said: as `scored`; said also has stage.
    """
    said = said.reset_index(drop=True)
    act = matched(truth, said)
    labels = truth["label"].reset_index(drop=True).reindex(act).fillna("").to_numpy()
    accuses = (said["verdict"] == "found") & (said["status"] != "excused") & (said["stage"] == "stable")
    innocent: pd.DataFrame = said[accuses & (said["driver_id"] != "") & (labels != CLEAR)]
    return innocent
