"""Whom the coaching index flags: of the 25 worst of a made fleet, how many drove too little to say.

500 drivers whose true rates hardly differ (gamma, shape 10, mean 0.5 findings per 100 trips) and whose trips
differ much; flagged by raw rate, and by the index. A flag on at most 80 trips is luck, not conduct.

    scripts/bench index [--fleets 200] [--seed 1]
"""

import argparse
import sys
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


def fleet(seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
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


if __name__ == "__main__":
    main()
