"""The coaching index: how often a driver is found, per exposure, shrunk towards his fleet.

Few trips say little: one finding in ten trips is chance, ten in a thousand are not. How the rates of a fleet
are spread, and what that and his own findings leave open of a driver's rate, is in `fleet`. It is for
coaching: it knows no points, and the ledger never sees it.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from taxi_qa.score.fleet import fleet_of

Floats = npt.NDArray[np.float64]

# The interval that is shown: nine of ten times the true rate lies in it.
_TAIL: Final = 0.05
INDEX_COLUMNS: Final = (
    "driver_id", "stratum", "findings", "exposure", "own_weight", "rate", "low", "high", "fleet_rate",
    "expected", "excess", "beside_fleet", "rank", "clean_exposure", "why_not",
)  # fmt: skip


def coaching_index(
    driver_ids: "pd.Series[str]",
    strata: "pd.Series[str]",
    findings: Floats,
    exposure: Floats,
    *,
    least_weight: float,
) -> pd.DataFrame:
    """How each driver stands beside those who drive alike.

    Args:
        driver_ids: str[n], once each.
        strata: str[n], whom a driver is compared with: those of the same.
        findings: float64[n], how often he was found.
        exposure: float64[n], how much he could have been found in, as far as it was judged; 0 where there was
            none, NaN where nothing of it was judged.
        least_weight: a driver whose own data weigh less than this beside the fleet's has no score.

    Returns:
        A row a driver in `INDEX_COLUMNS`, the worst first. `rate`, `low`, `high` (5 % and 95 %) and what
        follows from them are NaN where `why_not` says why: `no_exposure`, `not_judged`,
        `too_little_exposure`, `no_fleet` (nobody found, or too few drivers, in his stratum). `own_weight` is
        the share of his own data in his rate; `expected` the findings the fleet's rate makes of his
        exposure, `excess` what he has beyond it; `beside_fleet` is above or below where the whole interval
        is, even if the fleet's own rate, known no better, is a little another one, else alike; `rank` is 1 +
        the drivers of the stratum whose whole interval lies above his; `clean_exposure` how much exposure
        without a finding brings his findings per exposure down to the fleet's.
    """
    told = pd.DataFrame(
        {
            "driver_id": driver_ids.to_numpy(dtype=object),
            "stratum": strata.to_numpy(dtype=object),
            "findings": findings,
            "exposure": exposure,
        }
    )
    for name in INDEX_COLUMNS[4:11]:
        told[name] = np.nan
    told["beside_fleet"], told["rank"], told["clean_exposure"], told["why_not"] = "", np.nan, np.nan, ""
    exposed = np.nan_to_num(exposure) > 0
    told.loc[~exposed, "why_not"] = "no_exposure"
    told.loc[np.isnan(exposure), "why_not"] = "not_judged"
    for stratum in sorted(set(told["stratum"])):
        rows = np.flatnonzero((told["stratum"] == stratum).to_numpy() & exposed)
        if rows.size:
            for name, values in _of_stratum(findings[rows], exposure[rows], least_weight).items():
                told.loc[told.index[rows], name] = values
    told = told.assign(_low=told["low"].fillna(-1.0))
    order = ["_low", "excess", "driver_id"]
    ordered = told.sort_values(order, ascending=[False, False, True], ignore_index=True)
    return ordered[list(INDEX_COLUMNS)]


def _of_stratum(
    findings: Floats, exposure: Floats, least_weight: float
) -> dict[str, npt.NDArray[np.object_] | Floats]:
    fleet = fleet_of(findings, exposure)
    if fleet is None:
        return {"why_not": np.full(findings.size, "no_fleet", dtype=object)}
    weight = fleet.own_weight(exposure)
    shape, rate = fleet.rates(findings, exposure)
    low, high = _between(shape, rate)
    known = weight >= least_weight
    # What is not known of the fleet's own rate blurs the comparison, too.
    beside_low, beside_high = _between(*fleet.rates(findings, exposure, beside=True))
    is_above = (low > fleet.rate) & (beside_low > 1)
    is_below = (high < fleet.rate) & (beside_high < 1)
    beside = np.where(is_above, "above", np.where(is_below, "below", "alike"))
    expected = fleet.rate * exposure
    lows = np.sort(low[known])
    rank = 1.0 + lows.size - np.searchsorted(lows, high, side="right")
    scored = {
        "rate": shape / rate, "low": low, "high": high, "fleet_rate": np.full(findings.size, fleet.rate),
        "expected": expected, "excess": findings - expected, "rank": rank,
        # findings / (exposure + x) <= the fleet's rate, solved for x.
        "clean_exposure": np.maximum(findings / fleet.rate - exposure, 0.0),
    }  # fmt: skip
    return {
        "own_weight": weight,
        **{name: np.where(known, values, np.nan) for name, values in scored.items()},
        "beside_fleet": np.where(known, beside, "").astype(object),
        "why_not": np.where(known, "", "too_little_exposure").astype(object),
    }


def _between(shape: Floats, rate: Floats) -> tuple[Floats, Floats]:
    """Where nine tenths of each gamma distribution lie."""
    low, high = (special.gammaincinv(shape, q) / rate for q in (_TAIL, 1 - _TAIL))
    return low, high
