"""Detours planted among real trips: how well the second witness tells them, beside eight published ways."""

import argparse
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

# Run as a file, `scripts` would not be found.
sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.detour_baselines import Trips, baselines
from taxi_qa.facts.similar import WRONG, Usual, compared, usual
from taxi_qa.facts.usual_routes import Driven
from taxi_qa.values.columns import Columns
from taxi_qa.values.place import E7, metres_per_degree

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

FILES: Final = ("history_trips", "history_points", "eval_trips", "eval_points")
REAL: Final = "neg"
SHIFTS: Final = ("P1 shift d=500m a=0.1", "P1 shift d=500m a=0.3", "P1 shift d=1000m a=0.3")
# Spliced as the others, but no longer: what the seams alone give away (with --planted only).
CONTROL: Final = "P0 splice -5..+5%"
SPLICES: Final = ("P2 splice +10-20%", "P2 splice +20-30%", "P2 splice +30-50%", "P2 splice +50-100%")
POOLS: Final = {"P2 +20..100 %": SPLICES[1:], "P1 pooled": SHIFTS}
OURS: Final = "taxi_qa strangeness"
CONTAMINATION: Final = 0.05
FALSE_POSITIVES: Final = 0.01
RESAMPLES: Final = 200


class Case(NamedTuple):
    """What is asked: trips of the past, and trips of known kind.

    Attributes:
        history, trips: on the plane.
        seconds: (of the history) durations.
        kind: of each trip, `REAL` or how it was planted.
        corner: lon, lat the metres are counted from; per: metres of a degree.
    """

    history: Trips
    seconds: Floats
    trips: Trips
    kind: Texts
    corner: tuple[float, float]
    per: tuple[float, float]


def main() -> int:
    """The command line."""
    asked = argparse.ArgumentParser(description=__doc__)
    real = Path(os.environ.get("TAXI_QA_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    asked.add_argument("folder", nargs="?", type=Path, default=real / "sf_detours")
    asked.add_argument(
        "--planted",
        type=int,
        metavar="SEED",
        help="leave the folder's own cases alone: plant others in the last quarter of its history",
    )
    options = asked.parse_args()
    missing = [name for name in FILES if not (options.folder / f"{name}.parquet").is_file()]
    if missing:
        print(f"no {missing[0]}.parquet in {options.folder}: name a folder that holds it", file=sys.stderr)
        return 2
    case = read(options.folder)
    if options.planted is not None:
        case = planted(case, options.planted)
    counts = {kind: int((case.kind == kind).sum()) for kind in (REAL, *SHIFTS, *SPLICES)}
    print(f"{case.history.pair.size} trips of history; asked: {counts}")
    known, seen = timed(case)
    scores = baselines(case.history, case.trips)
    ours = with_parts(known, seen)
    ok = table(case.kind, scores, ours)
    intervals(case.kind, scores, ours[OURS])
    if options.planted is not None:
        seams(case.kind, ours)
    ceiling(case, seen)
    return 0 if ok else 1


def read(folder: Path) -> Case:
    """The folder's own cases."""
    frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in FILES}
    points = frames["history_points"]
    corner = float(points["lon"].min()), float(points["lat"].min())
    per = metres_per_degree(float(points["lat"].mean()))
    past = frames["history_trips"].sort_values("t0", kind="stable")
    asked = frames["eval_trips"]
    return Case(
        laid(past["trip"], past["pair"], points.rename(columns={"trip": "key"}), corner, per),
        (past["t1"] - past["t0"]).to_numpy(dtype=np.float64),
        laid(
            asked["uid"],
            asked["pair"],
            frames["eval_points"].sort_values(["uid", "seq"]).rename(columns={"uid": "key"}),
            corner,
            per,
        ),
        asked["set"].to_numpy(dtype=object),
        corner,
        per,
    )


def laid(
    keys: "pd.Series[int]",
    pairs: "pd.Series[int]",
    points: pd.DataFrame,
    corner: tuple[float, float],
    per: tuple[float, float],
) -> Trips:
    """Trips on the plane, in the order of their keys; the points of a key are in order of time."""
    rank = pd.Series(np.arange(len(keys)), index=keys.to_numpy())
    of = rank.reindex(points["key"]).to_numpy(dtype=np.int64)
    order = np.argsort(of, kind="stable")
    x = (points["lon"].to_numpy()[order] - corner[0]) * per[0]
    y = (points["lat"].to_numpy()[order] - corner[1]) * per[1]
    start: Int64s = np.zeros(len(keys) + 1, dtype=np.int64)
    np.cumsum(np.bincount(of, minlength=len(keys)), out=start[1:])
    return made(start, x, y, np.asarray(pairs, dtype=np.int64))


def made(start: Int64s, x: Floats, y: Floats, pair: Int64s) -> Trips:
    """Trips with their lengths."""
    step = np.hypot(np.diff(x, prepend=x[0]), np.diff(y, prepend=y[0]))
    step[start[:-1]] = 0
    first, last = start[:-1], start[1:] - 1
    ends = np.stack([x[first], y[first], x[last], y[last]], axis=1)
    straight = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
    return Trips(start, x, y, pair, np.add.reduceat(step, first), straight, ends)


def planted(case: Case, seed: int) -> Case:
    """The same kinds of cases made from the history alone: what a constant may be tried on.

    Two fifths of the pairs give nothing but ways of other taxis. Of the others the first three quarters in
    time are the history, half of the rest the real trips, and the other half is planted in.
    """
    draw = np.random.default_rng(seed)
    whole = case.history
    pairs = np.unique(whole.pair)
    lent = np.isin(whole.pair, draw.choice(pairs, len(pairs) * 2 // 5, replace=False))
    late = np.arange(whole.pair.size) >= whole.pair.size * 72 // 100
    rest = draw.permutation(np.flatnonzero(~lent & late))
    hosts = rest[len(rest) // 2 :]
    lines = [(trip_of(whole, t), int(t), REAL) for t in rest[: len(rest) // 2]]
    most = max(1, len(hosts) // 6)
    for name, metres, share in zip(SHIFTS, (500, 500, 1000), (0.1, 0.3, 0.3), strict=True):
        some = draw.choice(hosts, most, replace=False)
        lines += [(shifted(trip_of(whole, t), metres, share, draw), int(t), name) for t in some]
    lines += spliced(whole, hosts, np.flatnonzero(lent | late), most, draw)
    kept = np.flatnonzero(~lent & ~late)
    return case._replace(
        history=joined([trip_of(whole, t) for t in kept], whole.pair[kept]),
        seconds=case.seconds[kept],
        trips=joined([line for line, _, _ in lines], whole.pair[[t for _, t, _ in lines]]),
        kind=np.array([name for _, _, name in lines], dtype=object),
    )


def joined(lines: list[Floats], pair: Int64s) -> Trips:
    """Trips of their lines."""
    start = np.concatenate([[0], np.cumsum([line.shape[1] for line in lines])]).astype(np.int64)
    whole = np.concatenate(lines, axis=1)
    return made(start, whole[0], whole[1], pair)


def trip_of(trips: Trips, t: "int | np.int64") -> Floats:
    """One trip: x and y, (2, places)."""
    rows = slice(trips.start[t], trips.start[t + 1])
    return np.stack([trips.x[rows], trips.y[rows]])


def shifted(line: Floats, metres: float, share: float, draw: np.random.Generator) -> Floats:
    """A run of its inner places moved to one of eight sides."""
    n = line.shape[1]
    many = min(max(1, round(share * n)), n - 2)
    first = draw.integers(1, n - many)
    angle = draw.integers(8) * np.pi / 4
    line[:, first : first + many] += metres * np.array([[np.cos(angle)], [np.sin(angle)]])
    return line


def spliced(
    trips: Trips, hosts: Int64s, lenders: Int64s, most: int, draw: np.random.Generator
) -> list[tuple[Floats, int, str]]:
    """Between two places 1 km apart a host goes the longer way that another went between the same cells."""
    bands = (-0.05, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
    names = (CONTROL, "", *SPLICES)
    column, row = (np.floor(axis / 250).astype(np.int64) for axis in (trips.x, trips.y))
    cell = column * 100_000 + row
    owner = np.repeat(np.arange(trips.pair.size), np.diff(trips.start))
    lent = np.flatnonzero(np.isin(owner, lenders))
    by_cell = {c: rows.to_numpy() for c, rows in pd.Series(lent).groupby(cell[lent])}
    step = np.hypot(np.diff(trips.x, prepend=0), np.diff(trips.y, prepend=0))
    along = np.cumsum(step)
    made_of: dict[str, list[tuple[Floats, int, str]]] = {name: [] for name in names if name}
    for _ in range(200 * most):
        t = int(draw.choice(hosts))
        a, z = trips.start[t], trips.start[t + 1]
        i, j = np.sort(draw.choice(np.arange(a, z), 2, replace=False))
        near = np.hypot(trips.x[j] - trips.x[i], trips.y[j] - trips.y[i]) < 1000
        if near or cell[i] not in by_cell or cell[j] not in by_cell:
            continue
        begins, ends = by_cell[cell[i]], by_cell[cell[j]]
        both = np.intersect1d(owner[begins], owner[ends])
        for other in draw.permutation(both[both != t])[:20]:
            p = int(draw.choice(begins[owner[begins] == other]))
            later = ends[(owner[ends] == other) & (ends > p)]
            if not later.size:
                continue
            q = int(draw.choice(later))
            more = ((along[q] - along[p]) - (along[j] - along[i])) / trips.length_m[t]
            name = names[band] if 0 <= (band := int(np.searchsorted(bands, more)) - 1) < len(names) else ""
            if not name or len(made_of[name]) == most:
                continue
            before, after = np.arange(a, max(i, a + 1)), np.arange(min(j + 1, z - 1), z)
            rows = np.concatenate([before, np.arange(p, q + 1), after])
            made_of[name].append((np.stack([trips.x[rows], trips.y[rows]]), t, name))
            break
    return [one for some in made_of.values() for one in some]


def driven(trips: Trips, seconds: Floats, case: Case) -> Driven:
    """The trips as the product takes them."""
    lon, lat = (
        np.rint((axis / per + corner) * E7).astype(np.int32)
        for axis, per, corner in zip((trips.x, trips.y), case.per, case.corner, strict=True)
    )
    return Driven(trips.start, lon, lat, seconds)


def timed(case: Case) -> tuple[Usual, Columns]:
    """What the product says, and how long it took once it was compiled."""
    past = driven(case.history, case.seconds, case)
    now = driven(case.trips, np.full(case.trips.pair.size, np.nan), case)
    compared(usual(past), now)
    began = time.perf_counter()
    known = usual(past)
    indexed = time.perf_counter()
    seen = compared(known, now)
    ended = time.perf_counter()
    size = sum(part.nbytes for part in (*known.lines, *known.trips, *known.stretches, known.wind))
    print(
        f"index: {indexed - began:.1f} s, {size / 1e6:.0f} MB, {known.wind.size} stretches; "
        f"{(ended - indexed) / len(seen) * 1e3:.2f} ms a trip; "
        f"{int(np.isnan(seen['strangeness']).sum())} trips with fewer than 20 similar ones (scored lowest)"
    )
    return known, seen


def with_parts(known: Usual, seen: Columns) -> dict[str, Floats]:
    """The product's score, what is left of it without its turns, and each of its five witnesses alone."""
    said = {
        name: -np.log(WRONG + seen[f"{name}_rare"]) for name in ("length", "around", "away", "turned", "back")
    }
    assert known.ordinary.shape[1] == len(said)  # noqa: S101 - a new witness belongs into the table
    parts = {
        OURS: seen["strangeness"],
        "  without turned and back": np.maximum(said["length"], said["away"]) + said["around"],
        **{f"  {name} alone": values for name, values in said.items()},
    }
    return {name: np.nan_to_num(values, nan=-1.0) for name, values in parts.items()}


def figures(real: Floats, found: Floats) -> tuple[float, float, float]:
    """ROC-AUC, PR-AUC at 5 % contamination by weighting, recall at 1 % false positives."""
    score = np.concatenate([real, found])
    order = np.argsort(-score, kind="stable")
    is_found = (np.arange(score.size) >= real.size)[order]
    # Equal scores are one threshold.
    last = np.append(np.diff(score[order]) != 0, True)
    recall = np.cumsum(is_found)[last] / found.size
    false = np.cumsum(~is_found)[last] / real.size
    hits, misses = recall * CONTAMINATION, false * (1 - CONTAMINATION)
    area = np.trapezoid(np.append(0, recall), np.append(0, false))
    precision_area = np.sum(np.diff(recall, prepend=0) * hits / (hits + misses))
    return float(area), float(precision_area), float(recall[false <= FALSE_POSITIVES].max(initial=0))


def table(kind: Texts, scores: Mapping[str, Floats], ours: Mapping[str, Floats]) -> bool:
    """Every way on both pools and on each set; whether ours is the best of each figure of the pools."""
    sets = SHIFTS + SPLICES
    print(
        "\nROC-AUC / PR-AUC at 5 % contamination / recall at 1 % false positives; then ROC-AUC of each set:"
    )
    print(", ".join(sets))
    print(f"{'':34}" + "".join(f"{pool:>24}" for pool in POOLS))
    best = np.zeros((len(POOLS), 3))
    own = np.zeros((len(POOLS), 3))
    for name, score in {**scores, **ours}.items():
        real = score[kind == REAL]
        rows = np.array([figures(real, score[np.isin(kind, some)]) for some in POOLS.values()])
        if name in scores:
            best = np.maximum(best, rows)
        if name == OURS:
            own = rows
        areas = [figures(real, score[kind == one])[0] for one in sets]
        print(
            f"{name:34}"
            + "".join("   " + " / ".join(f"{value:.3f}" for value in row) for row in rows)
            + "".join(f"{value:7.3f}" for value in areas)
        )
    beaten = own > best
    print(f"\nbetter than every published way on {int(beaten.sum())} of {beaten.size} figures of the pools")
    return bool(beaten.all())


def intervals(kind: Texts, scores: Mapping[str, Floats], ours: Floats) -> None:
    """How far ours is ahead of the best published way, with 95 % of the resamples of all trips."""
    draw = np.random.default_rng(1)
    for pool, sets in POOLS.items():
        real, found = np.flatnonzero(kind == REAL), np.flatnonzero(np.isin(kind, sets))
        leads = []
        for _ in range(RESAMPLES):
            some_real, some_found = (draw.choice(rows, rows.size) for rows in (real, found))
            others = np.array([figures(score[some_real], score[some_found]) for score in scores.values()])
            leads.append(np.array(figures(ours[some_real], ours[some_found])) - others.max(axis=0))
        low, high = np.quantile(leads, [0.025, 0.975], axis=0)
        said = ", ".join(f"{a:+.3f} to {b:+.3f}" for a, b in zip(low, high, strict=True))
        print(f"{pool}: ahead of the best published way of each resample by {said}")


def seams(kind: Texts, ours: Mapping[str, Floats]) -> None:
    """What the seams of a splice give away where the way is no longer; 0.5 / 0.05 / 0.01 is nothing."""
    for name, score in ours.items():
        said = " / ".join(f"{value:.3f}" for value in figures(score[kind == REAL], score[kind == CONTROL]))
        print(f"{CONTROL}, {name.strip()}: {said}")


def ceiling(case: Case, seen: Columns) -> None:
    """What the real trips themselves hold: longer ways nobody planted."""
    real = case.kind == REAL
    ratio = seen["driven_m"][real] / seen["similar_median_m"][real]
    over = ", ".join(f"> {limit} x: {np.nanmean(ratio > limit):.2%}" for limit in (1.2, 1.5, 2.0))
    print(f"\nreal trips longer than the median of the similar ones: {over}")
    quota = int(FALSE_POSITIVES * real.sum())
    longest = np.sort(ratio)[::-1][quota]
    print(f"1 % false positives are {quota} trips; by length alone they would all be > {longest:.2f} x")
    names = {
        "driven_m": "driven",
        "similar_median_m": "median",
        "similar_n": "of",
        "similar_share_shorter": "shorter",
        "unusual_m": "off",
        "around_m": "stretch",
        "around_usual_m": "others",
        "strangeness": "strangeness",
    }
    frame = seen.cut(real).frame()
    frame["similar_share_shorter"] *= frame["similar_n"]
    top = frame.sort_values("strangeness", ascending=False, kind="stable").head(10)
    print(
        "\nthe ten strangest real trips: metres; how many of how many similar trips were shorter; metres off"
    )
    print(
        "their routes; a stretch as driven and what 85 % of others need at most between the same two places"
    )
    print(top[[*names]].rename(columns=names).round(1).to_string(index=False))
    long = (frame["driven_m"] > 1.5 * frame["similar_median_m"]).to_numpy()
    strangest = frame["strangeness"].rank(ascending=False, method="first").to_numpy() <= quota
    print(f"of the {quota} strangest real trips {int((long & strangest).sum())} are > 1.5 x the median")


if __name__ == "__main__":
    sys.exit(main())
