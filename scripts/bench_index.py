"""Whom the coaching index flags, and how many true rates its intervals hold.

First: of the 25 worst of a made fleet, how many drove too little to say. 500 drivers whose true rates
hardly differ (gamma, shape 10, mean 0.5 findings per 100 trips) and whose trips differ much; flagged by raw
rate, and by the index. A flag on at most 80 trips is luck, not conduct.

Then: fleets of 5 to 2,000 drivers that differ little or much (shape 0.3 to 50), are found seldom or often
(0.3 to 20 times each) and drive little or much; the 90 % intervals are to hold nine true rates in ten, and
who is said to stand above or below his fleet is to do so in truth.

    scripts/bench index [--fleets 200] [--seed 1]
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from taxi_qa.score.index import coaching_index  # noqa: E402

DRIVERS, FLAGGED, FEW_TRIPS = 500, 25, 80
MEAN, SHAPE = 0.005, 10.0
SIZES = (5, 8, 12, 20, 40, 100, 300, 1000, 2000)
LARGE = 100
# What a fleet's figures are drawn from, evenly by their logs: its shape, and findings of its mean driver.
SHAPES, FOUND = (0.3, 50.0), (0.3, 20.0)
Floats = npt.NDArray[np.float64]


def fleet(seed: int) -> tuple[Floats, Floats]:
    """Findings and trips of each driver: trips log-normal, median 150, three in ten at most 80."""
    chance = np.random.default_rng(seed)
    trips = np.clip(np.rint(chance.lognormal(np.log(150), 1.2, DRIVERS)), 5, 3000)
    findings = chance.poisson(chance.gamma(SHAPE, MEAN / SHAPE, DRIVERS) * trips)
    return findings.astype(np.float64), trips


def flagged(seed: int) -> tuple[int, int]:
    """How many of the 25 worst drove at most 80 trips: by raw rate, by the index."""
    findings, trips = fleet(seed)
    raw = np.argsort(-findings / trips, kind="stable")[:FLAGGED]
    names = pd.Series([f"D{i}" for i in range(DRIVERS)])
    index = coaching_index(names, pd.Series(["all"] * DRIVERS), findings, trips, least_weight=0.0)
    worst = index["exposure"].to_numpy()[:FLAGGED]
    return int((trips[raw] <= FEW_TRIPS).sum()), int((worst <= FEW_TRIPS).sum())


@dataclass(frozen=True)
class Held:
    """How the index of one made fleet stands beside the truth.

    Attributes:
        drivers: how many.
        share: of the true rates that lie in their intervals; NaN where there is no score.
        said, wrong: how many are said to be above or below the fleet's rate, and of them are not.
    """

    drivers: int
    share: float
    said: int
    wrong: int


def held(drivers: int, seed: int) -> Held:
    """One fleet of any kind: how many true rates lie in their intervals."""
    chance = np.random.default_rng([drivers, seed])
    shape, found = (float(np.exp(chance.uniform(*np.log(span)))) for span in (SHAPES, FOUND))
    exposure = (
        np.clip(np.rint(chance.lognormal(np.log(150), 1.2, drivers)), 5, 3000),
        np.rint(chance.uniform(5, FEW_TRIPS, drivers)),
        chance.lognormal(np.log(60), 0.5, drivers),
    )[int(chance.integers(3))]
    mean = found / float(exposure.mean())
    true = chance.gamma(shape, mean / shape, drivers)
    findings = chance.poisson(true * exposure).astype(np.float64)
    names = pd.Series(np.arange(drivers))
    index = coaching_index(names, pd.Series(["all"] * drivers), findings, exposure, least_weight=0.0)
    if (index["why_not"] != "").any():
        return Held(drivers, np.nan, 0, 0)
    of_row = true[index["driver_id"].to_numpy(dtype=np.int64)]
    low, high, beside = (index[name].to_numpy() for name in ("low", "high", "beside_fleet"))
    wrong = ((beside == "above") & (of_row <= mean)) | ((beside == "below") & (of_row >= mean))
    return Held(
        drivers,
        float(((low <= of_row) & (of_row <= high)).mean()),
        int((beside != "alike").sum()),
        int(wrong.sum()),
    )


def tell_held(fleets: int, seed: int) -> None:
    """Print what the intervals hold, by the size of the fleet."""
    told = [held(SIZES[at % len(SIZES)], seed + at) for at in range(fleets)]
    scored = [one for one in told if not np.isnan(one.share)]
    for size in SIZES:
        own = [one for one in scored if one.drivers == size]
        if own:
            shares = [one.share for one in own]
            said, wrong = sum(one.said for one in own), sum(one.wrong for one in own)
            print(
                f"{size:5} drivers: intervals hold {np.mean(shares):.1%} of true rates,"
                f" least {min(shares):.1%} of {len(own)} fleets; {said} said to stand out, {wrong} wrongly"
            )
    shares = [one.share for one in scored]
    large = [one.share for one in scored if one.drivers >= LARGE]
    print(
        f"{len(scored)} of {fleets} fleets with a score: intervals hold {np.mean(shares):.1%} on average,"
        f" least {min(shares):.1%}, of fleets of {LARGE} and more {min(large, default=np.nan):.1%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fleets", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    counts = np.array([flagged(asked.seed + at) for at in range(asked.fleets)])
    few = np.mean([(fleet(asked.seed + at)[1] <= FEW_TRIPS).mean() for at in range(asked.fleets)])
    for name, column in zip(("raw rate", "index"), counts.T, strict=True):
        print(f"{name}: mean {column.mean():.2f}, most {column.max()} of {FLAGGED} on <= {FEW_TRIPS} trips")
    print(f"{asked.fleets} fleets of {DRIVERS}; {few:.0%} of drivers have at most {FEW_TRIPS} trips")
    tell_held(asked.fleets, asked.seed)


if __name__ == "__main__":
    main()
