"""What the car's terminal sends of its true movement: noisy, now and then missing, wrong or late."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.lab.city import TURN_DEG
from taxi_qa.lab.life import Disturbance, Life
from taxi_qa.lab.motion import Sampled

# A receiver's error (one sigma of each axis), car by car, and what trembles while the car stands.
_NOISE_M: Final = (5.0, 6.0, 7.0, 8.0)
_TREMBLE_M: Final = 0.4
_MISSING_SHARE: Final = 0.012
_JUMP_SHARE: Final = 1 / 4_000
_CLOCK_SHARE: Final = 1 / 30_000
_NULL_ISLAND_SHARE: Final = 1 / 15_000
_TWICE_SHARE: Final = 0.002
_LIMIT_GAP_S: Final = 590

Rows = npt.NDArray[np.int64]


def fixes_of(life: Life, sampled: Sampled, spans: list[tuple[int, int]], midnight_ms: int) -> pd.DataFrame:
    """The rows a terminal sends over some spans of time.

    Args:
        life: the car.
        sampled: its true movement (or that of its double, for a cloned plate).
        spans: when the terminal is on, seconds from the fleet's first midnight.
        midnight_ms: the instant of that midnight.

    Returns:
        The columns of `positions`, times as int64 milliseconds UTC, in the order of sending.
    """
    (rng,) = life.rng.spawn(1)  # the terminal's own dice: what it sends wrongly moves nothing else
    seconds = _moments(life, spans, rng)
    seconds = seconds[rng.random(seconds.size) >= _MISSING_SHARE]
    row = np.clip(seconds - sampled.first_s, 0, sampled.along_m.size - 1)
    east, north = sampled.east_m[row], sampled.north_m[row]
    moved = np.clip(row + 1, 0, sampled.along_m.size - 1)
    d_east, d_north = sampled.east_m[moved] - east, sampled.north_m[moved] - north
    moves = np.hypot(d_east, d_north) > 0.3  # noqa: PLR2004 - creeping
    heading = np.where(moves, np.degrees(np.arctan2(d_east, d_north)) - TURN_DEG, np.nan)
    heading = pd.Series(heading).ffill().fillna(0.0).to_numpy() % 360
    covered = life.track.streets.graph.covered[sampled.edge[row]]
    sigma_m = _NOISE_M[life.number % len(_NOISE_M)]
    noise_e, noise_n = _noise(rng, moves, sigma_m), _noise(rng, moves, sigma_m)
    jumped = rng.random(seconds.size) < _JUMP_SHARE
    for span in life.disturbances:
        jumped |= _scattered(span, seconds)
    noise_e = noise_e + jumped * rng.uniform(2_000, 15_000, seconds.size) * rng.choice([-1, 1], seconds.size)
    noise_n = noise_n + jumped * rng.uniform(0, 9_000, seconds.size)
    for span in life.disturbances:
        if span.kind == "drift":
            noise_e = noise_e + 3_000.0 * ((seconds >= span.start_s) & (seconds < span.end_s))
    lon, lat = life.track.streets.city.degrees(east + noise_e, north + noise_n)
    loaded = _inside(seconds, [(r.on_s, r.off_s) for r in life.rides])
    speed = np.abs(sampled.speed_ms[row] * 3.6 + rng.normal(0, 0.5, seconds.size))
    frame = pd.DataFrame(
        {
            "at_s": seconds,
            "time": midnight_ms + seconds * 1000,
            "lon": lon,
            "lat": lat,
            "speed_kmh": np.round(np.where(speed < 1.2, 0.0, speed), 1),  # noqa: PLR2004 - the receiver's dead band
            "heading_deg": np.round(heading) % 360,
            "loaded": loaded,
            "fixed": ~covered,
            "acc_on": ~_inside(seconds, life.rests),
            "odometer_km": np.round(40_000 + 900 * life.number + sampled.along_m[row] * 1.002 / 1000.0, 1),
            "delay_s": np.where(
                rng.random(seconds.size) < 0.01,  # noqa: PLR2004 - a slow hundredth
                rng.uniform(15, 40, seconds.size),
                rng.uniform(1, 5, seconds.size),
            ),
        }
    )
    # In a tunnel most fixes are missing and the rest repeat the last place without a fix.
    frame.loc[frame["fixed"].to_numpy() == False, ["lon", "lat"]] = np.nan  # noqa: E712 - an array
    frame[["lon", "lat"]] = frame[["lon", "lat"]].ffill().bfill()
    frame = frame[~covered | (rng.random(seconds.size) < 0.3)]  # noqa: PLR2004 - the share still sent
    for span in life.disturbances:
        frame = _disturbed(frame, span)
    return _finished(life, frame, rng)


def _moments(life: Life, spans: list[tuple[int, int]], rng: np.random.Generator) -> Rows:
    parts = []
    for start, end in spans:
        ticks = np.arange(start + int(rng.integers(0, life.interval_s)), end, life.interval_s)
        parts.append(ticks + rng.integers(-1, 2, ticks.size))
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts]).astype(np.int64)


def _noise(rng: np.random.Generator, moves: npt.NDArray[np.bool_], sigma_m: float) -> npt.NDArray[np.float64]:
    """Metres of error of a receiver, its neighbours alike (a drifting sky, not dice).

    While the car stands the receiver holds its place, as receivers do.
    """
    drift = np.convolve(rng.normal(0, 1, moves.size + 7), np.full(8, sigma_m / np.sqrt(8)), mode="valid")
    held = np.maximum(np.cumsum(moves) - 1, 0)
    noise: npt.NDArray[np.float64] = drift[held] + rng.normal(0, _TREMBLE_M, moves.size)
    return noise


def _inside(seconds: Rows, spans: list[tuple[int, int]]) -> npt.NDArray[np.bool_]:
    """Whether each second lies in one of the (disjoint, sorted) spans."""
    if not spans:
        return np.zeros(seconds.size, dtype=np.bool_)
    starts, ends = (np.array(side, dtype=np.int64) for side in zip(*spans, strict=True))
    which = np.searchsorted(starts, seconds, side="right") - 1
    inside: npt.NDArray[np.bool_] = (which >= 0) & (seconds < ends[which])
    return inside


def _scattered(span: Disturbance, seconds: Rows) -> npt.NDArray[np.bool_]:
    """Every ninth fix of a span of single jumps."""
    if span.kind != "jumps":
        return np.zeros(seconds.size, dtype=np.bool_)
    hit: npt.NDArray[np.bool_] = (seconds >= span.start_s) & (seconds < span.end_s)
    ninth: npt.NDArray[np.bool_] = hit & (np.cumsum(hit) % 9 == 0)
    return ninth


def _disturbed(frame: pd.DataFrame, span: Disturbance) -> pd.DataFrame:
    at_s = frame["at_s"].to_numpy()
    hit = (at_s >= span.start_s) & (at_s < span.end_s)
    if span.kind == "silent":
        return frame[~hit]
    if span.kind == "silent_to_limit":
        first = int(np.searchsorted(at_s, span.start_s))
        last = int(np.searchsorted(at_s, at_s[min(first, at_s.size - 1)] + _LIMIT_GAP_S, side="right")) - 1
        keep = np.ones(at_s.size, dtype=np.bool_)
        keep[first + 1 : last] = False
        return frame[keep]
    frame = frame.copy()
    if span.kind == "unfixed":
        frame.loc[hit, "fixed"] = False
    elif span.kind == "zero":
        frame.loc[hit, ["lon", "lat"]] = 0.0
    elif span.kind == "steady":
        frame.loc[hit, "delay_s"] += span.amount
    elif span.kind == "batch":
        frame.loc[hit, "delay_s"] = span.end_s + span.amount - at_s[hit]
    elif span.kind == "clock":
        frame.loc[hit, "time"] += round(span.amount * 1000)
        frame.loc[hit, "delay_s"] -= span.amount
    return frame


def _finished(life: Life, frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    count = len(frame)
    received = frame["time"].to_numpy() + np.round(frame["delay_s"].to_numpy() * 1000).astype(np.int64)
    epoch = rng.random(count) < _CLOCK_SHARE
    nowhere = rng.random(count) < _NULL_ISLAND_SHARE
    seconds_only = frame["time"].to_numpy() % 86_400_000  # a clock that lost its date: 1970-01-01
    made = pd.DataFrame(
        {
            "vehicle_id": life.vehicle_id,
            "time": np.where(epoch, seconds_only, frame["time"].to_numpy()),
            "lon": np.where(nowhere, 0.0, np.round(frame["lon"].to_numpy(), 6)),
            "lat": np.where(nowhere, 0.0, np.round(frame["lat"].to_numpy(), 6)),
            "speed_kmh": frame["speed_kmh"].to_numpy(),
            "heading_deg": frame["heading_deg"].to_numpy(),
            "loaded": frame["loaded"].to_numpy(),
            "fixed": frame["fixed"].to_numpy() & ~nowhere,
            "acc_on": frame["acc_on"].to_numpy(),
            "odometer_km": frame["odometer_km"].to_numpy(),
            "received_at": received // 1000 * 1000,
            "day": frame["at_s"].to_numpy() // 86_400,
        }
    )
    twice = np.flatnonzero(rng.random(count) < _TWICE_SHARE)
    order = np.sort(np.concatenate((np.arange(count), twice)))
    return made.iloc[order].reset_index(drop=True)
