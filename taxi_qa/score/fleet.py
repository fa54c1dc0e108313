"""How a fleet's drivers differ, as far as their findings tell; and what that leaves open of a driver's rate.

Findings are Poisson with each driver's own rate, the rates of a fleet gamma with a shape and a mean: then a
driver's rate is gamma again, with shape + findings and shape / mean + exposure. Neither shape nor mean is
known. To take the likeliest for the truth (empirical Bayes) makes intervals far too short in small fleets
(Laird and Louis 1987, Journal of the American Statistical Association 82, 739-750); so both are integrated
out over weak priors by quadrature, and each driver's rate is the gamma with the mean and the variance that
are left (Kass and Steffey 1989, JASA 84, 717-726; for gamma-Poisson Christiansen and Morris 1997, JASA 92,
618-632). `scripts/bench index` measures how many true rates the intervals hold.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

# A fleet of fewer says nothing of how drivers differ.
LEAST_DRIVERS: Final = 5
# Shapes beyond are the same curve to a hundredth; below, most drivers would never be found at all.
_LOG_SHAPES: Final = (float(np.log(0.05)), float(np.log(1e3)))
# Before anything is seen: the shape's log is logistic around 1, so nine times in ten between 0.05 and 19; the
# mean within a factor of fifty of findings per exposure in the whole fleet.
_MEAN_LOG_SD: Final = 2.0
# Shapes are looked at on so many points, means on so many to each; a range is narrowed until it holds the
# shapes that are at most e^9 times less likely than the best.
_SHAPES: Final = 15
_MEANS: Final = 7
_UNLIKELY: Final = 9.0
_NARROWINGS: Final = 6
_NEWTON_STEPS: Final = 12
_SETTLED: Final = 1e-6
_NEGLIGIBLE: Final = 1e-6


@dataclass(frozen=True)
class Fleet:
    """What is known of how a fleet's rates are spread: shapes and means, and how likely each pair is.

    Attributes:
        shape: float64[m], the larger, the more alike drivers are.
        mean: float64[m], findings per exposure.
        weight: float64[m], above 0, they add up to 1.
    """

    shape: Floats
    mean: Floats
    weight: Floats

    @property
    def rate(self) -> float:
        """Findings per exposure in the fleet: the middle of what is known of the mean."""
        return float(np.exp(self.weight @ np.log(self.mean)))

    def own_weight(self, exposure: Floats) -> Floats:
        """The share of a driver's own data in his rate, 0 to 1."""
        weight = np.zeros(exposure.size)
        for shape, mean, likely in zip(self.shape, self.mean, self.weight, strict=True):
            weight += likely * exposure / (exposure + shape / mean)
        return weight

    def rates(self, findings: Floats, exposure: Floats, *, beside: bool = False) -> tuple[Floats, Floats]:
        """Shape and rate of the gamma that each driver's true rate follows.

        Args:
            findings: float64[n], of each driver.
            exposure: float64[n], above 0.
            beside: tell of his rate divided by his fleet's instead.

        Returns:
            Both float64[n]; the mean is the first divided by the second.
        """
        mean, square = np.zeros(findings.size), np.zeros(findings.size)
        for shape, of_fleet, likely in zip(self.shape, self.mean, self.weight, strict=True):
            scale = 1.0 / (shape / of_fleet + exposure) / (of_fleet if beside else 1.0)
            own = (shape + findings) * scale
            mean += likely * own
            square += likely * own * (own + scale)
        variance = square - mean**2
        return mean**2 / variance, mean / variance


def fleet_of(findings: Floats, exposure: Floats) -> Fleet | None:
    """What the findings of all drivers tell of their fleet.

    Args:
        findings: float64[n], of each driver, whole numbers.
        exposure: float64[n], above 0, in one unit for all (trips, hours).

    Returns:
        None with fewer than `LEAST_DRIVERS` drivers or without any finding.
    """
    if findings.size < LEAST_DRIVERS or findings.sum() == 0:
        return None
    low, high = _LOG_SHAPES
    for _ in range(_NARROWINGS):
        log_shape = np.linspace(low, high, _SHAPES)
        log_mean, likely = _likely(findings, exposure, np.exp(log_shape))
        of_shape = special.logsumexp(likely, axis=1)
        some = np.flatnonzero(of_shape > of_shape.max() - _UNLIKELY)
        narrow = log_shape[max(some[0] - 1, 0)], log_shape[min(some[-1] + 1, _SHAPES - 1)]
        if narrow[1] - narrow[0] > (high - low) / 2:
            break
        low, high = narrow
    weight = np.exp(likely - likely.max())
    weight /= weight.sum()
    kept = weight > _NEGLIGIBLE
    shape = np.broadcast_to(np.exp(log_shape)[:, None], weight.shape)
    return Fleet(shape[kept], np.exp(log_mean[kept]), weight[kept] / weight[kept].sum())


def _likely(findings: Floats, exposure: Floats, shape: Floats) -> tuple[Floats, Floats]:
    """Log means around the best for each shape, and how likely each pair is (log, but for a constant).

    Returns:
        Both float64[len(shape), _MEANS].
    """
    center = float(np.log(findings.sum() / exposure.sum()))
    best, spread = _best_means(findings, exposure, shape, center)
    at, at_weight = np.polynomial.hermite_e.hermegauss(_MEANS)
    log_mean = best[:, None] + spread[:, None] * at
    # A count is negative binomial: Poisson, with a rate that is gamma.
    likely = np.empty_like(log_mean)
    found = findings > 0
    for column in range(_MEANS):
        rate = shape * np.exp(-log_mean[:, column])
        none = np.log1p(exposure / rate[:, None]).sum(axis=1)
        some = np.log(rate[:, None] + exposure[found]) @ findings[found]
        likely[:, column] = -shape * none - some
    counts, drivers = np.unique(findings, return_counts=True)
    likely += ((special.gammaln(shape[:, None] + counts) - special.gammaln(shape)[:, None]) @ drivers)[
        :, None
    ]
    likely -= (np.log(shape) + 2 * np.log1p(1 / shape))[:, None]  # the prior of the shape
    likely -= (log_mean - center) ** 2 / (2 * _MEAN_LOG_SD**2)  # that of the mean
    # The points lie as if the mean's log were normal: what they stand for.
    likely += at**2 / 2 + np.log(at_weight) + np.log(spread)[:, None]
    return log_mean, likely


def _best_means(findings: Floats, exposure: Floats, shape: Floats, center: float) -> tuple[Floats, Floats]:
    """The likeliest log mean for each shape, and the standard deviation around it, by Newton's method."""
    best, spread = np.full(shape.size, center), np.ones(shape.size)
    total = shape[:, None] + findings
    for _ in range(_NEWTON_STEPS):
        rate = (shape * np.exp(-best))[:, None]
        fleets = rate / (rate + exposure)
        slope = (total * fleets).sum(axis=1) - shape * findings.size - (best - center) / _MEAN_LOG_SD**2
        bend = (total * fleets * (1 - fleets)).sum(axis=1) + 1 / _MEAN_LOG_SD**2
        step = np.clip(slope / bend, -1.0, 1.0)
        best, spread = best + step, 1 / np.sqrt(bend)
        if np.abs(step).max() < _SETTLED:
            break
    return best, spread
