"""The coaching index: how often a driver is found, per exposure, shrunk towards his fleet.

Few trips say little: one finding in ten trips is chance, ten in a thousand are not. Findings are counted as
Poisson with each driver's own rate, the rates of a fleet as a gamma distribution fitted to all of its drivers
(empirical Bayes: Clayton and Kaldor 1987, Biometrics 43, 671-681); a driver's rate is then gamma again, with
shape + findings and rate + exposure. It is for coaching: it knows no points, and the ledger never sees it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, special

Floats = npt.NDArray[np.float64]

# The interval that is shown: nine of ten times the true rate lies in it.
_TAIL: Final = 0.05
# Shapes beyond are the same curve to a hundredth; below, most drivers would never be found at all.
_SHAPES: Final = (0.05, 1e4)
# A fleet of fewer says nothing of how drivers differ.
LEAST_DRIVERS: Final = 5
INDEX_COLUMNS: Final = (
    "driver_id", "stratum", "findings", "exposure", "own_weight", "rate", "low", "high", "fleet_rate",
    "expected", "excess", "beside_fleet", "rank", "clean_exposure", "why_not",
)  # fmt: skip


@dataclass(frozen=True)
class Prior:
    """How the rates of a fleet's drivers are spread: gamma with this shape and rate.

    Attributes:
        shape: the larger, the more alike drivers are.
        rate: in units of exposure: so much exposure weighs as much as the whole fleet.
    """

    shape: float
    rate: float

    @property
    def mean(self) -> float:
        """Findings per exposure in the fleet."""
        return self.shape / self.rate


def fleet_prior(findings: Floats, exposure: Floats) -> Prior | None:
    """The prior that makes what was seen likeliest; None where nothing can be fitted.

    Args:
        findings: float64[n], of each driver, whole numbers.
        exposure: float64[n], above 0, in one unit for all (trips, hours).

    Returns:
        None with fewer than `LEAST_DRIVERS` drivers or without any finding.
    """
    if findings.size < LEAST_DRIVERS or findings.sum() == 0:
        return None
    mean = float(findings.sum() / exposure.sum())

    def unlikely(theta: Floats) -> float:
        shape, rate = float(np.exp(theta[1])), float(np.exp(theta[1] - theta[0]))
        # Negative binomial: a Poisson count whose rate is gamma.
        likely = (
            special.gammaln(shape + findings)
            - special.gammaln(shape)
            + shape * np.log(rate / (rate + exposure))
            + findings * np.log(exposure / (rate + exposure))
        )
        return -float(likely.sum())

    found = optimize.minimize(
        unlikely,
        np.array([np.log(mean), 0.0]),
        method="L-BFGS-B",
        bounds=[(np.log(mean) - 3, np.log(mean) + 3), tuple(np.log(_SHAPES))],
    )
    shape = float(np.exp(found.x[1]))
    return Prior(shape, shape / float(np.exp(found.x[0])))


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
        is, else alike; `rank` is 1 + the drivers of the stratum whose whole interval lies above his;
        `clean_exposure` how much exposure without a finding brings his rate down to the fleet's.
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
    prior = fleet_prior(findings, exposure)
    if prior is None:
        return {"why_not": np.full(findings.size, "no_fleet", dtype=object)}
    weight = exposure / (exposure + prior.rate)
    shape, rate = prior.shape + findings, prior.rate + exposure
    low, high = (special.gammaincinv(shape, q) / rate for q in (_TAIL, 1 - _TAIL))
    known = weight >= least_weight
    beside = np.where(low > prior.mean, "above", np.where(high < prior.mean, "below", "alike"))
    expected = prior.mean * exposure
    lows = np.sort(low[known])
    rank = 1.0 + lows.size - np.searchsorted(lows, high, side="right")
    scored = {
        "rate": shape / rate, "low": low, "high": high, "fleet_rate": np.full(findings.size, prior.mean),
        "expected": expected, "excess": findings - expected, "rank": rank,
        # (shape + k) / (rate + e + x) <= shape / rate, solved for x.
        "clean_exposure": np.maximum(findings / prior.mean - exposure, 0.0),
    }  # fmt: skip
    return {
        "own_weight": weight,
        **{name: np.where(known, values, np.nan) for name, values in scored.items()},
        "beside_fleet": np.where(known, beside, "").astype(object),
        "why_not": np.where(known, "", "too_little_exposure").astype(object),
    }
