"""How well findings fit the answer key of made fleets: found, missed, wrongly found, doubled.

A finding belongs to a planted act of its rule where the trip is the same, or, where either names none, the
car (or without a car the driver, without either the company) is the same and the times overlap. Each
finding goes to an act of its own as long as there are any, the best overlap first: two acts of one car are
two. What offices wrote down of one act may be judged by two rules; the second is no act of its own. Excused
findings accuse nobody.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

CLEAR: Final = "clear"
NEAR_MISS: Final = "near_miss"
LOOK_ALIKE: Final = "look_alike"
# Stamps of minutes and seconds, and an act that a rule sees a little earlier or later than it was played.
AROUND: Final = pd.Timedelta(minutes=10)
# A rule that judges what is planted as another rule's act, too: one document, two paragraphs.
SAME_ACT: Final = {"hub.inspection_refused": "record.inspection_refused"}
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
    kin = rows[rows["rule"].isin(list(SAME_ACT))]
    kin = kin.assign(rule=kin["rule"].map(SAME_ACT), second=True)
    same = pd.concat([rows.assign(second=False), kin]).merge(acts, on="rule", suffixes=("", "_act"))
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
    # Of several acts the rule's own, the driver's own, the clear one, the one that overlaps best, then the
    # one that began nearest, is meant.
    both = (fits["driver_id"] != "") & (fits["driver_id_act"] != "")
    another = both & (fits["driver_id"] != fits["driver_id_act"])
    common = fits[["end", "end_act"]].min(axis=1) - fits[["start", "start_act"]].max(axis=1)
    away = (fits["start"] - fits["start_act"]).abs()
    clear = fits["label"] == CLEAR
    order = fits.assign(another=another, unclear=~clear, lacks=-common, away=away).sort_values(
        ["second", "another", "unclear", "lacks", "away", "act", "row"]
    )
    first = order.drop_duplicates("row").set_index("row")["act"]
    act = first.reindex(range(len(rows)), fill_value=-1).astype(np.int64)
    own = order[~order["second"] & ~order["another"] & ~order["unclear"]]
    act.update(_one_to_one(own, _kind(said)))
    return act.astype(np.int64)


def _kind(said: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Which findings share acts out among each other: accusations, excused ones, what nobody could tell."""
    return np.where(said["status"] == "excused", "excused", said["verdict"]).astype(object)


def _one_to_one(pairs: pd.DataFrame, kind: npt.NDArray[np.object_]) -> pd.Series:
    """An act for each row as long as there are acts no better pair has taken; rows without one are left out.

    Args:
        pairs: row and act, the best pairs first.
        kind: of every row; rows of different kinds may have the same act.
    """
    taken: set[tuple[object, int]] = set()
    given: dict[int, int] = {}
    for row, act in pairs[["row", "act"]].itertuples(index=False):
        if row not in given and (kind[row], act) not in taken:
            given[row] = act
            taken.add((kind[row], act))
    return pd.Series(given, dtype=np.int64)


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
        # Of the rule's own acts: what it says of another rule's is a second opinion, not a second finding.
        doubled = int((hits & np.isin(act, list(clear))).sum()) - len(found)
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
