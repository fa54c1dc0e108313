"""How a trip compares with the trips others drove between the same two areas: the second witness of a detour.

Five things are looked at, each in words a driver can check on a map:

* length: longer than the 50 most similar trips ("48 of 50 were shorter; half of them within 5.2 km");
* around: the stretch on which more was driven than others need between the same two places;
* away: how far from the routes of the similar trips it ran, and where it left them;
* turned, back: how much more it turned, and went back and forth, than the similar trips did.

Each is measured against the history itself: on 20,000 of its own trips, every one compared with all the
others but not with itself. The share of them that show at least as much is the witness's rarity p. The
strangeness of a trip is -ln(0.05 + p), summed: a witness may be wrong one time in twenty, so none decides
alone. Length and away count once between them (a longer way or another way), turned and back half each
(both are turns). It lies between -0.15 and 9; of ordinary San Francisco trips half stay below 2.3, and one in
a hundred is above 7.8.

The history is never cleaned and may hold detours; labels are used nowhere. Distances are sums of chords
between corners at least 50 m apart, in the plane around the history (0.5 % within 50 km of its middle).

Sources: nearest trips and robust statistics after R5 and R6 of the detour benchmark, the way off the usual
routes after iBOAT (Chen et al., T-ITS 2013). The constants below were chosen by reason and tried on detours
planted in trips of the history only (`scripts/bench detours --planted 1`): other values, by a half up or
down, one at a time, moved the pooled ROC-AUC there by less than 0.003.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.usual_routes import (
    LEG_M,
    Driven,
    Lines,
    Plane,
    Tree,
    every,
    lines_of,
    nearest,
    square_to_line,
    tree_of,
)
from taxi_qa.values.columns import Columns
from taxi_qa.values.place import metres_per_degree

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]

# A trip is compared with so many; with fewer than 20 nothing can be said.
ALIKE: Final = 50
FEWEST: Final = 20
# Both ends together (root of the squares) are no further off than this, or than a tenth of the straight line.
REACH_M: Final = 800.0
REACH_SHARE: Final = 0.1
# Stretches: between at most 24 corners of a trip; shorter ones than 300 m have no direction to compare.
CORNERS: Final = 24
STRETCH_M: Final = 300.0
STRETCH_SHARE: Final = 0.25
# 16 stretches of others say how long the way is between two places: what 85 % of them do not exceed.
STRETCHES: Final = 16
FEWEST_STRETCHES: Final = 8
NEEDED: Final = 0.85
# Of all stretches of a trip, so many that look longest are compared.
TRIED: Final = 16
# Added on both sides of a ratio of stretches: 300 m around a block are not twice the way.
SLACK_M: Final = 1500.0
# Further than this from every similar trip is off the usual roads: with a fix a minute chords cut corners.
LANE_M: Final = 150.0
# Closer than a receiver sees is no distance; further than a kilometre is no more unusual.
SEEN_M: Final = 10.0
FAR_M: Final = 1000.0
# A line is compared at places so far apart, at most so many.
PLACES_M: Final = 50.0
MOST_PLACES: Final = 100
# How often a witness may be wrong.
WRONG: Final = 0.05
# Of a longer history every second, third ... trip is used.
MOST_TRIPS: Final = 500_000
MOST_STRETCHES: Final = 4_000_000
ORDINARY: Final = 20_000
FEWEST_ORDINARY: Final = 100

_WITNESSES: Final = ("length", "around", "away", "turned", "back")
_FIELDS: Final = (
    *(f"{name}_more" for name in _WITNESSES),
    *("similar_n", "similar_median_m", "similar_p90_m", "similar_share_shorter", "usual_s"),
    *("around_m", "around_usual_m", "around_from", "around_to"),
    *("unusual_share", "unusual_m", "left_from", "left_to"),
)


class Usual(NamedTuple):
    """What is usual, ready to compare with.

    Attributes:
        plane: of the history.
        lines: its trips.
        trips: their ends; the owner is the trip's row in `lines`.
        stretches: the ends of their stretches; the owner likewise.
        wind: of each stretch in the tree's order: ln(driven metres / straight line).
        usual_wind: what `NEEDED` of all stretches of the history do not exceed.
        ordinary: (m, 5) what trips of the history show of each witness, every column sorted.
        strange: (m,) how strange these trips are, all witnesses together, sorted.
    """

    plane: Plane
    lines: Lines
    trips: Tree
    stretches: Tree
    wind: Floats32
    usual_wind: float
    ordinary: Floats
    strange: Floats


def usual(history: Driven) -> Usual:
    """What is usual, from trips as driven, cleaned or not; the same history gives the same.

    Args:
        history: at least one trip; those that did not move count for nothing.

    Raises:
        ValueError: no trip of the history moved.
    """
    trips = history.start.size - 1
    history = every(history, -(-trips // MOST_TRIPS))
    west, south = history.lon_e7.min(initial=2**31 - 1) * 1e-7, history.lat_e7.min(initial=2**31 - 1) * 1e-7
    north = history.lat_e7.max(initial=-(2**31)) * 1e-7
    plane = Plane(west, south, *metres_per_degree((south + north) / 2))
    lines = lines_of(history, plane)
    moved = np.flatnonzero(lines.length_m > 0)
    if not moved.size:
        raise ValueError(f"none of the {trips} trips moved: give trips with at least two places")
    trip_tree, _ = tree_of(lines.places[moved], moved.astype(np.int32))
    many = _stretches_of(lines, moved, *_room(0))
    some = moved[:: -(-many // MOST_STRETCHES)] if many else moved
    room = _room(_stretches_of(lines, some, *_room(0)))
    _stretches_of(lines, some, *room)
    places, owner, wind = room
    stretch_tree, order = tree_of(places, owner)
    usual_wind = float(np.quantile(wind, NEEDED)) if wind.size else 0.0
    none = np.empty((0, len(_WITNESSES)))
    made = Usual(plane, lines, trip_tree, stretch_tree, wind[order], usual_wind, none, np.empty(0))
    asked = moved[:: -(-moved.size // ORDINARY)]
    shown = _shown(made, lines, asked, own=True)[:, : len(_WITNESSES)]
    shown = shown[~np.isnan(shown[:, 0])]
    ordinary = np.sort(shown, axis=0)
    strange, _ = _strangeness(ordinary, shown)
    return made._replace(ordinary=ordinary, strange=np.sort(strange[~np.isnan(strange)]))


def compared(known: Usual, driven: Driven) -> Columns:
    """How each trip compares with the usual.

    Args:
        known: what is usual.
        driven: the trips; a trip of the history itself would be its own neighbour.

    Returns:
        a row a trip; all NaN but `similar_n` where fewer than `FEWEST` similar trips are known:

        * `similar_n`: how many trips it is compared with; `similar_median_m`, `similar_p90_m`: their lengths,
          each carried over to this trip's ends by the difference of the straight lines;
          `similar_share_shorter`: how many of these are shorter; `usual_s`: their median duration;
        * `driven_m`: its own length;
        * `around_m`: driven on the stretch between the fixes `around_from` and `around_to` of the trip (from
          0), where others need at most `around_usual_m`;
        * `unusual_m`, `unusual_share`: driven more than `LANE_M` from every similar trip; the longest such
          stretch lies between the fixes `left_from` and `left_to` (NaN where it never left);
        * `length_more`, `around_more`, `away_more`, `turned_more`, `back_more`: what each witness saw: ln of
          the ratio of lengths; the same of the stretch; metres from the nearest similar trip on average;
          radians; share of the length;
        * `length_rare` ...: the share of ordinary trips that show at least as much;
        * `strangeness`: all of it in one number; NaN where the history has too few ordinary trips;
          `strange_share`: the share of ordinary trips that are at least as strange.
    """
    lines = lines_of(driven, known.plane)
    trips = np.arange(lines.length_m.size)
    shown = _shown(known, lines, trips, own=False)
    columns = {name: shown[:, i].copy() for i, name in enumerate(_FIELDS)}
    columns["driven_m"] = lines.length_m
    strange, rare = _strangeness(known.ordinary, shown[:, : len(_WITNESSES)])
    columns |= {f"{name}_rare": rare[:, i] for i, name in enumerate(_WITNESSES)}
    columns["strangeness"] = strange
    columns["strange_share"] = _rarity(known.strange, strange)
    return Columns(columns)


def _strangeness(ordinary: Floats, shown: Floats) -> tuple[Floats, Floats]:
    """How strange trips are by what they show, and the rarity of each witness, (n, 5)."""
    rare = np.column_stack([_rarity(ordinary[:, i], shown[:, i]) for i in range(len(_WITNESSES))])
    length, around, away, turned, back = -np.log(WRONG + rare).T
    return np.maximum(length, away) + around + (turned + back) / 2, rare


def _rarity(ordinary: Floats, values: Floats) -> Floats:
    """The share of ordinary trips (sorted) that show at least each value; never 0 or 1."""
    if ordinary.size < FEWEST_ORDINARY:
        return np.full(values.size, np.nan)
    more = ordinary.size - np.searchsorted(ordinary, values, side="left")
    return np.where(np.isnan(values), np.nan, (more + 0.5) / (ordinary.size + 1))


def _room(many: int) -> tuple[Floats32, Int32s, Floats32]:
    """Room for so many stretches: places, owner, wind."""
    return (
        np.empty((many, 4), dtype=np.float32),
        np.empty(many, dtype=np.int32),
        np.empty(many, dtype=np.float32),
    )


@njit(cache=True, nogil=True)
def _ends(along_m: Floats32, ends: Int64s) -> int:
    """The corners of one line between which stretches are looked at: all, or `CORNERS` evenly along it."""
    n = along_m.size
    if n <= CORNERS:
        for i in range(n):
            ends[i] = i
        return n
    step = along_m[n - 1] / (CORNERS - 1)
    ends[0] = 0
    m = 1
    for i in range(1, n - 1):
        if m < CORNERS - 1 and along_m[i] >= m * step:
            ends[m] = i
            m += 1
    ends[m] = n - 1
    return m + 1


@njit(cache=True, nogil=True)
def _stretches_of(lines: Lines, trips: Int64s, places: Floats32, owner: Int32s, wind: Floats32) -> int:
    """How many stretches of at least `STRETCH_M` these trips have; written down where there is room."""
    ends = np.empty(CORNERS, dtype=np.int64)
    n = 0
    for t in trips:
        a = lines.start[t]
        m = _ends(lines.along_m[a : lines.start[t + 1]], ends)
        for p in range(m):
            i = a + ends[p]
            for q in range(p + 1, m):
                j = a + ends[q]
                straight = np.hypot(lines.x[j] - lines.x[i], lines.y[j] - lines.y[i])
                if straight < STRETCH_M:
                    continue
                if n < owner.size:
                    places[n, 0], places[n, 1] = lines.x[i], lines.y[i]
                    places[n, 2], places[n, 3] = lines.x[j], lines.y[j]
                    owner[n] = t
                    wind[n] = np.log((lines.along_m[j] - lines.along_m[i]) / straight)
                n += 1
    return n


def _shown(known: Usual, lines: Lines, trips: Int64s, *, own: bool) -> Floats:
    """What each trip shows: a row a trip, `_FIELDS` across; `own`: the lines are the history's."""
    shown = np.full((trips.size, len(_FIELDS)), np.nan)
    _compare(
        known.lines, known.trips, known.stretches, known.wind, known.usual_wind, lines, trips, own, shown
    )
    return shown


@njit(cache=True, nogil=True)
def _compare(
    history: Lines,
    trip_tree: Tree,
    stretch_tree: Tree,
    wind: Floats32,
    usual_wind: float,
    lines: Lines,
    trips: Int64s,
    own: bool,  # noqa: FBT001 - a kernel takes no keywords
    shown: Floats,
) -> None:
    rows = np.empty(ALIKE, dtype=np.int64)
    square = np.empty(ALIKE)
    place = np.empty(4)
    for at in range(trips.size):
        t = trips[at]
        but = t if own else -1
        for k in range(4):
            place[k] = lines.places[t, k]
        straight = np.hypot(place[2] - place[0], place[3] - place[1])
        reach = max(REACH_M, REACH_SHARE * straight)
        n = nearest(trip_tree, place, but, reach, rows, square)
        shown[at, 5] = n
        if n < FEWEST or lines.length_m[t] == 0.0:
            continue
        alike = trip_tree.owner[rows[:n]]
        length = lines.length_m[t]
        lengths = np.empty(n)
        for k in range(n):
            p = history.places[alike[k]]
            theirs = np.hypot(p[2] - p[0], p[3] - p[1])
            lengths[k] = max(LEG_M, history.length_m[alike[k]] - theirs + straight)
        shown[at, 6] = np.median(lengths)
        shown[at, 7] = np.quantile(lengths, 0.9)
        # A metre: two straight ways are equally long, whatever the rounding says.
        shown[at, 8] = np.mean(lengths < length - 1.0)
        shown[at, 9] = np.nanmedian(history.seconds[alike])
        shown[at, 0] = np.log(length / shown[at, 6])
        shown[at, 3] = lines.turned_rad[t] - np.median(history.turned_rad[alike])
        shown[at, 4] = lines.back_share[t] - np.median(history.back_share[alike])
        _around(stretch_tree, wind, usual_wind, lines, t, but, shown[at])
        _away(history, alike, lines, t, shown[at])


@njit(cache=True, nogil=True)
def _around(
    stretch_tree: Tree, wind: Floats32, usual_wind: float, lines: Lines, t: int, but: int, shown: Floats
) -> None:
    """The stretch of a trip that is longest for what others need between its ends."""
    ends = np.empty(CORNERS, dtype=np.int64)
    a = lines.start[t]
    m = _ends(lines.along_m[a : lines.start[t + 1]], ends)
    pairs = m * (m - 1) // 2
    first, second = np.empty(pairs, dtype=np.int64), np.empty(pairs, dtype=np.int64)
    straight, guess = np.empty(pairs), np.empty(pairs)
    c = 0
    for p in range(m):
        i = a + ends[p]
        for q in range(p + 1, m):
            j = a + ends[q]
            first[c], second[c] = i, j
            straight[c] = np.hypot(lines.x[j] - lines.x[i], lines.y[j] - lines.y[i])
            driven = float(lines.along_m[j] - lines.along_m[i])
            guess[c] = (driven + SLACK_M) / (straight[c] * np.exp(usual_wind) + SLACK_M)
            c += 1
    order = np.argsort(-guess)
    rows = np.empty(STRETCHES, dtype=np.int64)
    square = np.empty(STRETCHES)
    place = np.empty(4)
    for c in order[:TRIED]:
        i, j = first[c], second[c]
        place[0], place[1], place[2], place[3] = lines.x[i], lines.y[i], lines.x[j], lines.y[j]
        winding = usual_wind
        if straight[c] >= STRETCH_M:
            reach = max(STRETCH_M, STRETCH_SHARE * straight[c])
            n = nearest(stretch_tree, place, but, reach, rows, square)
            if n >= FEWEST_STRETCHES:
                winding = float(np.quantile(wind[rows[:n]], NEEDED))
        driven = float(lines.along_m[j] - lines.along_m[i])
        needed = straight[c] * np.exp(winding)
        more = np.log((driven + SLACK_M) / (needed + SLACK_M))
        # Not greater than NaN: the first is always taken.
        if not more <= shown[1]:
            shown[1] = more
            shown[10], shown[11] = driven, needed
            shown[12], shown[13] = lines.fix[i], lines.fix[j]


@njit(cache=True, nogil=True)
def _away(history: Lines, alike: Int32s, lines: Lines, t: int, shown: Floats) -> None:
    """How far from the similar trips a trip ran, and the longest stretch off their routes."""
    length = lines.length_m[t]
    step = max(PLACES_M, length / MOST_PLACES)
    away = off_m = run_m = longest_m = 0.0
    run_from = lines.start[t]
    for i in range(lines.start[t] + 1, lines.start[t + 1]):
        leg = float(lines.along_m[i] - lines.along_m[i - 1])
        pieces = max(1, int(np.ceil(leg / step)))
        for piece in range(1, pieces + 1):
            share = piece / pieces
            x = lines.x[i - 1] + (lines.x[i] - lines.x[i - 1]) * share
            y = lines.y[i - 1] + (lines.y[i] - lines.y[i - 1]) * share
            best = FAR_M * FAR_M
            for h in alike:
                a, z = history.start[h], history.start[h + 1]
                best = min(best, square_to_line(x, y, history.x[a:z], history.y[a:z]))
                if best <= SEEN_M * SEEN_M:
                    best = SEEN_M * SEEN_M
                    break
            metres = leg / pieces
            away += np.sqrt(best) * metres
            if best <= LANE_M * LANE_M:
                run_m = 0.0
                continue
            off_m += metres
            if run_m == 0.0:
                run_from = i - 1
            run_m += metres
            if run_m > longest_m:
                longest_m = run_m
                shown[16], shown[17] = lines.fix[run_from], lines.fix[i]
    shown[2] = away / length
    shown[14], shown[15] = off_m / length, off_m
