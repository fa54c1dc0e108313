"""Planted acts of speed: how fast, for how long, on which road, and who knows its limit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from taxi_qa.lab import city as town
from taxi_qa.lab.acting import board, close, plant
from taxi_qa.lab.life import Duty, Life, start_meter
from taxi_qa.lab.pace import SLOW_DOWN_MS2, SPEED_UP_MS2, Sprint
from taxi_qa.lab.plan import Post, hour_of
from taxi_qa.lab.streets import EXPRESSWAY_KMH, INTERCHANGES, Way
from taxi_qa.lab.wayfinding import Ints, tree_from, way_back

# What is driven of the limit before and after.
_AROUND: Final = 0.9
_LEAD_M: Final = 300.0
# Longest of the acts: 72 km/h for 90 s, with room before and behind.
_STRETCH_M: Final = 2_500.0
_SCHOOL_STRETCH_M: Final = 1_200.0
_SCHOOL_S: Final = (7 * 3600 + 300, 9 * 3600 - 600)
_BURST_S: Final = 10.0


@dataclass(frozen=True)
class Act:
    """How a stretch is driven.

    Attributes:
        where: wide, middling, express, school or unknown (nobody knows the limit).
        kmh: how fast; 0: by `above`.
        above: the share above the limit.
        held_s: for how long; 0: a burst of ten seconds above the limit in all.
        note: for the answer key, after the speed.
    """

    where: str
    note: str
    kmh: float = 0.0
    above: float = 0.0
    held_s: float = 60.0


_ACTS: Final[dict[str, tuple[Act, ...]]] = {
    "clear": (
        Act("wide", "for a minute on a wide street", above=0.30),
        Act("express", "for a minute and a half on the expressway", above=0.20, held_s=90.0),
        Act("middling", "for a minute on a street whose limit the operator's table has", above=0.30),
        Act("school", "for a minute before a school in its hours", kmh=45.0),
    ),
    "near_miss": (
        Act("wide", "for a minute and a half: inside the margin", above=0.08, held_s=90.0),
        Act("wide", "for ten seconds only", above=0.30, held_s=0.0),
    ),
    "look_alike": (
        Act("express", "lawful there, beside a street with a limit of 50", kmh=75.0, held_s=120.0),
        Act("unknown", "where nobody knows the limit: cannot tell", above=0.25),
        Act("school", "before a school, outside its hours: lawful", kmh=45.0),
    ),
}


def act_of(post: Post) -> Act:
    """Which act a post asks for."""
    acts = _ACTS[post.label]
    return acts[post.variant % len(acts)]


def speed(life: Life, duty: Duty, post: Post) -> None:
    """A ride along one road, a stretch of it at the speed of the act."""
    track, graph = life.track, life.track.streets.graph
    act = act_of(post)
    in_school_hours = hour_of(post) == "school"
    if in_school_hours:
        track.stand_until(max(life.now, duty.start_s - duty.start_s % 86_400 + _SCHOOL_S[0]))
    edges, lead_m = _road(life, act.where)
    track.drive(divmod(int(graph.tail[edges[0]]), town.ROWS), _AROUND)
    if in_school_hours and life.now % 86_400 > _SCHOOL_S[1]:
        return  # a long ride before: the hours are over, and nothing is planted
    boarded = board(life)
    track.stand(6)
    ride = start_meter(life, duty)
    limit_kmh = float(graph.limits_at(edges, track.now_s)[int(np.searchsorted(_ends(life, edges), lead_m))])
    sprint = Sprint(lead_m, act.kmh or limit_kmh * (1 + act.above), act.held_s or _burst_s(limit_kmh, act))
    begun_m = track.driven_m + lead_m
    track.follow(edges, _AROUND, sprint=sprint)
    span = (track.when(begun_m), track.when(begun_m + sprint.length_m(_AROUND * limit_kmh / 3.6)))
    close(life, ride, boarded)
    plant(life, duty, post, span, f"{sprint.kmh:.0f} km/h at {limit_kmh:.0f}, {act.note}", ride)


def _burst_s(limit_kmh: float, act: Act) -> float:
    """How long the top speed is held so that the limit is passed for ten seconds in all."""
    above_ms = act.above * limit_kmh / 3.6
    return _BURST_S - above_ms / SPEED_UP_MS2 - above_ms / SLOW_DOWN_MS2


def _ends(life: Life, edges: Ints) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.cumsum(life.track.streets.graph.length_m[edges])


def _road(life: Life, where: str) -> tuple[Ints, float]:
    """The edges of the nearest fitting road, and the metres to the begin of the stretch."""
    if where == "express":
        return _expressway(life)
    wishes: dict[str, Callable[[Way], bool]] = {
        "wide": lambda way: way.kind.road_class == "primary" and not way.kind.part and way.known != "nobody",
        "middling": lambda way: way.kind.road_class == "secondary" and way.known == "table",
        "school": lambda way: way.kind.part == "school",
        "unknown": lambda way: way.known == "nobody" and way.kind.road_class != "residential",
    }
    return _nearest(life, wishes[where], _SCHOOL_STRETCH_M if where == "school" else _STRETCH_M), _LEAD_M


def _nearest(life: Life, wish: Callable[[Way], bool], least_m: float) -> Ints:
    """The edges of the nearest way of a kind, from end to end, that begins at a corner of the city."""
    streets = life.track.streets
    runs: list[tuple[float, Ints]] = []
    for number, way in enumerate(streets.ways):
        if not wish(way) or _is_below(way):
            continue
        edges = np.flatnonzero(streets.graph.way == number)
        directions = [edges] if way.kind.towards else [edges[::2], edges[1::2][::-1]]
        for run in directions:
            first, last = int(streets.graph.tail[run[0]]), int(streets.graph.head[run[-1]])
            if max(first, last) < (town.LAST_CITY_COLUMN + 1) * town.ROWS and _ends(life, run)[-1] >= least_m:
                east_m, north_m = float(streets.east_m[first]), float(streets.north_m[first])
                away_m = abs(east_m - life.track.at_m[0]) + abs(north_m - life.track.at_m[1])
                runs.append((away_m, run))
    return min(runs, key=lambda run: run[0])[1]


def _is_below(way: Way) -> bool:
    """Whether a way is the street under the expressway, where nobody can tell the two apart."""
    return all(point % town.ROWS == town.EXPRESSWAY_ROW for point in way.points)


def _expressway(life: Life) -> tuple[Ints, float]:
    """From the nearest way onto the expressway to the second next off it, clear of the tunnel."""
    graph = life.track.streets.graph
    inside = [column for column in INTERCHANGES if column <= town.LAST_CITY_COLUMN - 4]
    pairs = [
        (a, b)
        for a in inside
        for b in inside
        if abs(a - b) == 16 and not min(a, b) <= town.TUNNEL_COLUMNS[0] <= max(a, b)  # noqa: PLR2004 - blocks
    ]
    start, goal = min(pairs, key=lambda pair: abs(pair[0] - life.track.node[0]))
    row = town.EXPRESSWAY_ROW
    on, off = town.corner_of((start, row)), town.corner_of((goal, row))
    edges = way_back(graph, tree_from(graph, graph.driven_s(), on), off)
    before_m = float(graph.length_m[edges[: int(np.argmax(graph.limit_kmh[edges] == EXPRESSWAY_KMH))]].sum())
    return edges, before_m + _LEAD_M
