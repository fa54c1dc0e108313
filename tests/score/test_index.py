"""Few trips say little: the coaching index beside plain rates, and its figures worked out."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from scripts.bench_index import flagged
from taxi_qa.score.index import INDEX_COLUMNS, Prior, coaching_index, fleet_prior

Floats = npt.NDArray[np.float64]

# A fleet in which nobody differs from the sums below: shape and rate are what the fit finds.
COUNTS = np.array([0, 1, 2, 0, 3, 1, 0, 0, 5, 1], dtype=np.float64)
TRIPS = np.array([100, 150, 300, 80, 250, 200, 90, 120, 220, 180], dtype=np.float64)


def index(
    findings: Floats, exposure: Floats, strata: list[str] | None = None, least_weight: float = 0.0
) -> pd.DataFrame:
    names = pd.Series([f"D{i}" for i in range(findings.size)])
    where = pd.Series(strata or ["all"] * findings.size)
    return coaching_index(names, where, findings, exposure, least_weight=least_weight)


def by_driver(frame: pd.DataFrame) -> dict[Any, dict[Any, Any]]:
    return {row["driver_id"]: row for row in frame.to_dict("records")}


@pytest.mark.parametrize("seed", range(1, 5))
def test_of_the_25_worst_at_most_three_drove_80_trips_or_less(seed: int) -> None:
    raw, shrunk = flagged(seed)
    assert shrunk <= 3
    assert raw >= 3 * max(shrunk, 3)


def test_the_prior_is_the_likeliest() -> None:
    prior = fleet_prior(COUNTS, TRIPS)
    assert prior is not None

    def likelihood(shape: float, rate: float) -> float:
        """Of the counts, by integrating over every driver's true rate: no closed form."""
        whole = 1.0
        for count, trips in zip(COUNTS, TRIPS, strict=True):
            spread = stats.gamma(shape, scale=1 / rate)
            whole *= integrate.quad(
                lambda true, k=count, e=trips, of=spread: stats.poisson.pmf(k, true * e) * of.pdf(true),
                0,
                spread.ppf(0.999999),
            )[0]
        return whole

    best = likelihood(prior.shape, prior.rate)
    for shape, rate in ((1.2, 1.0), (0.8, 1.0), (1.0, 1.2), (1.0, 0.8), (1.2, 1.2), (0.8, 0.8)):
        assert likelihood(prior.shape * shape, prior.rate * rate) < best


def test_a_drivers_figures_are_those_of_the_gamma_behind_them() -> None:
    prior = fleet_prior(COUNTS, TRIPS)
    assert prior is not None
    row = by_driver(index(COUNTS, TRIPS))["D8"]
    # 5 findings in 220 trips: gamma with shape + 5 and rate + 220.
    true = stats.gamma(prior.shape + 5, scale=1 / (prior.rate + 220))
    assert row["rate"] == pytest.approx(true.mean())
    assert (row["low"], row["high"]) == (pytest.approx(true.ppf(0.05)), pytest.approx(true.ppf(0.95)))
    assert row["expected"] == pytest.approx(220 * prior.mean)
    assert row["excess"] == pytest.approx(5 - 220 * prior.mean)
    assert row["own_weight"] == pytest.approx(220 / (220 + prior.rate))
    # After so many trips without a finding his rate is the fleet's.
    clean = row["clean_exposure"]
    assert (prior.shape + 5) / (prior.rate + 220 + clean) == pytest.approx(prior.mean)


def test_without_exposure_there_is_no_score_rather_than_a_zero() -> None:
    findings = np.append(COUNTS, [0.0, 0.0, 4.0])
    exposure = np.append(TRIPS, [0.0, np.nan, 0.0])
    rows = by_driver(index(findings, exposure))
    for name, why in (("D10", "no_exposure"), ("D11", "not_judged"), ("D12", "no_exposure")):
        assert rows[name]["why_not"] == why
        assert all(np.isnan(rows[name][figure]) for figure in ("rate", "low", "high", "rank", "excess"))
    assert rows["D0"]["rate"] > 0


def test_too_little_exposure_has_no_score_either() -> None:
    # One driver with a single trip: his own weight is 1 / (1 + rate).
    findings, exposure = np.append(COUNTS, 1.0), np.append(TRIPS, 1.0)
    rows = by_driver(index(findings, exposure, least_weight=0.1))
    few = rows["D10"]
    assert few["own_weight"] < 0.1
    assert (few["why_not"], few["beside_fleet"]) == ("too_little_exposure", "")
    assert np.isnan(few["rate"])


@pytest.mark.parametrize(("findings", "drivers"), [(0.0, 10), (1.0, 4)])
def test_a_fleet_without_findings_or_drivers_ranks_nobody(findings: float, drivers: int) -> None:
    rows = index(np.full(drivers, findings), np.full(drivers, 100.0))
    assert set(rows["why_not"]) == {"no_fleet"}


def test_ranks_only_where_intervals_separate() -> None:
    findings = np.array([40.0, 38.0, 2.0, 1.0, 0.0, 2.0])
    rows = by_driver(index(findings, np.full(6, 1000.0)))
    # Two stand out and cannot be told apart; the others come after both, again not told apart.
    assert [rows[f"D{i}"]["rank"] for i in range(6)] == [1, 1, 3, 3, 3, 3]
    assert (rows["D0"]["beside_fleet"], rows["D4"]["beside_fleet"]) == ("above", "below")


def test_each_is_compared_with_those_who_drive_alike() -> None:
    findings = np.concatenate([COUNTS, COUNTS * 10])
    exposure = np.concatenate([TRIPS, TRIPS])
    rows = index(findings, exposure, ["day"] * 10 + ["night"] * 10)
    day, night = (rows[rows["stratum"] == name] for name in ("day", "night"))
    assert day["fleet_rate"].nunique() == night["fleet_rate"].nunique() == 1
    assert night["fleet_rate"].iloc[0] > 5 * day["fleet_rate"].iloc[0]
    alone = index(COUNTS, TRIPS, ["day"] * 10)
    columns = [name for name in INDEX_COLUMNS if name != "driver_id"]
    pd.testing.assert_frame_equal(day[columns].reset_index(drop=True), alone[columns].reset_index(drop=True))


FLEETS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 2000)), min_size=5, max_size=40)


@given(FLEETS)
@settings(max_examples=40, deadline=None)
def test_a_rate_lies_between_his_own_and_the_fleets(fleet: list[tuple[int, int]]) -> None:
    findings, exposure = (np.array(values, dtype=np.float64) for values in zip(*fleet, strict=True))
    prior = fleet_prior(findings, exposure)
    if prior is None:
        assert findings.sum() == 0
        return
    rows = index(findings, exposure)
    own = rows["findings"] / rows["exposure"]
    low, high = np.minimum(own, prior.mean), np.maximum(own, prior.mean)
    assert ((rows["rate"] >= low * 0.999999) & (rows["rate"] <= high * 1.000001)).all()
    assert (rows["low"] <= rows["rate"]).all()
    assert ((rows["rate"] <= rows["high"]) | (rows["high"] == 0)).all()
    assert (rows["rank"] >= 1).all()


def test_a_prior_says_its_mean() -> None:
    assert Prior(2.0, 400.0).mean == 0.005
