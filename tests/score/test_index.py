"""Few trips say little: the coaching index beside plain rates, and its figures worked out."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scripts.bench_index import SIZES, flagged, held
from taxi_qa.score.fleet import fleet_of
from taxi_qa.score.index import INDEX_COLUMNS, coaching_index

Floats = npt.NDArray[np.float64]

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


@pytest.mark.parametrize("size", [size for size in SIZES if size <= 300])
def test_intervals_hold_nine_true_rates_in_ten(size: int) -> None:
    """Of any kind of fleet; with the likeliest prior taken for the true one they held half in small ones."""
    shares = [held(size, seed).share for seed in range(40)]
    assert 0.86 < np.nanmean(shares) < 0.95


def test_hardly_anybody_is_said_to_stand_out_who_does_not() -> None:
    told = [held(size, seed) for size in (8, 40, 300) for seed in range(20)]
    said, wrong = sum(one.said for one in told), sum(one.wrong for one in told)
    assert said > 500
    assert wrong < 0.05 * said


# How the truth of COUNTS is spread by summing over very many shapes and means, each fleet as likely as the
# negative binomial and the priors say: no quadrature, no narrowing.
LOG_SHAPES = np.linspace(np.log(0.05), np.log(1e3), 300)
LOG_MEANS = np.log(COUNTS.sum() / TRIPS.sum()) + np.linspace(-8, 8, 801)


def summed() -> tuple[Floats, Floats, Floats]:
    """Shapes, means and how likely each pair of them is."""
    log_shape, log_mean = (values.ravel() for values in np.meshgrid(LOG_SHAPES, LOG_MEANS))
    shape, mean = np.exp(log_shape), np.exp(log_mean)
    likely = stats.logistic.logpdf(log_shape) + stats.norm.logpdf(log_mean, LOG_MEANS[400], 2.0)
    for count, trips in zip(COUNTS, TRIPS, strict=True):
        rate = shape / mean
        likely += stats.nbinom.logpmf(count, shape, rate / (rate + trips))
    weight = np.exp(likely - likely.max())
    return shape, mean, weight / weight.sum()


def test_what_is_known_of_a_fleet_is_what_summing_finds() -> None:
    shape, mean, weight = summed()
    fleet = fleet_of(COUNTS, TRIPS)
    assert fleet is not None
    assert fleet.weight.sum() == pytest.approx(1)
    assert fleet.rate == pytest.approx(np.exp(weight @ np.log(mean)), rel=0.01)
    own = TRIPS[8] / (TRIPS[8] + shape / mean)
    assert fleet.own_weight(TRIPS)[8] == pytest.approx(weight @ own, rel=0.02)


def test_a_drivers_figures_are_those_of_all_fleets_his_may_be() -> None:
    shape, mean, weight = summed()
    row = by_driver(index(COUNTS, TRIPS))["D8"]
    # 5 findings in 220 trips: in each fleet a gamma with shape + 5 and shape / mean + 220.
    shapes, rates = shape + 5, shape / mean + 220
    average = weight @ (shapes / rates)
    assert row["rate"] == pytest.approx(average, rel=0.02)
    likely = weight > 1e-9
    shapes, rates, weight = shapes[likely], rates[likely], weight[likely]
    below = [weight @ stats.gamma.cdf(row[end], shapes, scale=1 / rates) for end in ("low", "high")]
    # One gamma for many: in so small a fleet it reaches rather too far down than not far enough.
    assert 0.02 < below[0] < 0.055
    assert below[1] == pytest.approx(0.95, abs=0.015)
    assert row["expected"] == pytest.approx(220 * row["fleet_rate"])
    assert row["excess"] == pytest.approx(5 - row["expected"])
    # After so many trips without a finding he has been found as often per trip as his fleet.
    assert 5 / (220 + row["clean_exposure"]) == pytest.approx(row["fleet_rate"])


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
    findings = np.array([40.0, 38.0, 2.0, 1.0, 0.0, 2.0, 3.0, 2.0, 1.0, 2.0, 1.0, 2.0])
    rows = by_driver(index(findings, np.full(12, 1000.0)))
    # Two stand out and cannot be told apart; the others come after both, again not told apart.
    assert [rows[f"D{i}"]["rank"] for i in range(12)] == [1, 1] + [3] * 10
    # Of six, two of them such, nobody knows what is usual in their fleet.
    few = by_driver(index(findings[:6], np.full(6, 1000.0)))
    assert few["D0"]["beside_fleet"] == "alike"
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
def test_one_finding_more_never_makes_a_rate_lower(fleet: list[tuple[int, int]]) -> None:
    findings, exposure = (np.array(values, dtype=np.float64) for values in zip(*fleet, strict=True))
    known = fleet_of(findings, exposure)
    if known is None:
        assert findings.sum() == 0
        return
    rows = index(findings, exposure)
    assert (rows["low"] <= rows["rate"]).all()
    assert ((rows["rate"] <= rows["high"]) | (rows["high"] == 0)).all()
    assert (rows["rank"] >= 1).all()
    assert rows["own_weight"].between(0, 1).all()
    # Each rate lies between the driver's own and the highest or lowest the fleet may have.
    own = rows["findings"] / rows["exposure"]
    low, high = np.minimum(own, known.mean.min()), np.maximum(own, known.mean.max())
    assert ((rows["rate"] >= low * 0.999999) & (rows["rate"] <= high * 1.000001)).all()
    less, more = (np.divide(*known.rates(findings + extra, exposure)) for extra in (0, 1))
    assert (more > less).all()


def test_the_same_findings_give_the_same_index() -> None:
    pd.testing.assert_frame_equal(index(COUNTS, TRIPS), index(COUNTS, TRIPS))


def test_all_alike_and_often_found_are_told_apart_from_nobody() -> None:
    rows = index(np.full(20, 50.0), np.full(20, 1000.0))
    assert set(rows["beside_fleet"]) == {"alike"}
    assert set(rows["rank"]) == {1}
