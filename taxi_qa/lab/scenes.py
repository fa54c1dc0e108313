"""Planted acts that change what a car does: the stretch of a shift in which each is played."""

from typing import TYPE_CHECKING, Final

import numpy as np

from taxi_qa.lab import city as town
from taxi_qa.lab import detours, hails, speeding
from taxi_qa.lab.acting import board, close, leave, plant
from taxi_qa.lab.life import (
    RIDE,
    Duty,
    Label,
    Life,
    Mode,
    Planned,
    carry,
    cruise,
    queue,
    start_meter,
    stop_meter,
    to_rank,
)
from taxi_qa.lab.plan import Post, hour_of
from taxi_qa.lab.streets import INTERCHANGES

if TYPE_CHECKING:
    from collections.abc import Callable

_ELEVEN_AT_NIGHT_S: Final = 23 * 3600
# After which share of its shift an act is due that belongs to an hour of the day.
_HOURS: Final = {"school": 0.08, "noon": 0.52, "rush": 0.13}
# In a jam before and behind the tunnel the car creeps along, so that its last place is near the mouth.
_JAM: Final = 0.3
_MOUTH_M: Final = 240.0

# Shifts that are worked otherwise, by (label, variant modulo 2).
_LONG_STRETCH: Final = Mode(stretch_min=(272.0, 280.0), queues=False)
_LONG_DAY: Final = Mode(work_h=12.2, stretch_min=(140.0, 150.0), rest_min=(22.0, 24.0), queues=False)
_STRETCH_INSIDE: Final = Mode(stretch_min=(208.0, 212.0), queues=False, short_rides=True)
_DAY_INSIDE: Final = Mode(
    work_h=10.7, stretch_min=(120.0, 130.0), rest_min=(24.0, 26.0), queues=False, short_rides=True
)
_TWO_DRIVERS: Final = Mode(
    work_h=8.0, stretch_min=(150.0, 155.0), rest_min=(25.0, 30.0), handover_min=(4.0, 6.0)
)

_MODES: Final[dict[tuple[Label, int], Mode]] = {
    ("clear", 0): _LONG_STRETCH,
    ("clear", 1): _LONG_DAY,
    ("near_miss", 0): _STRETCH_INSIDE,
    ("near_miss", 1): _DAY_INSIDE,
    ("look_alike", 0): _TWO_DRIVERS,
    ("look_alike", 1): _TWO_DRIVERS,
}


def mode_of(post: Post) -> Mode | None:
    """How the shift is worked, where the act is about that."""
    return _MODES[post.label, post.variant % 2] if post.rule == "driving.long_hours" else None


def scene_of(post: Post) -> Planned | None:
    """The scene of an act, where it needs one."""
    acts: dict[str, Callable[[Life, Duty, Post], None]] = {
        "fare.off_meter": _off_meter,
        "fare.early_meter": _early_meter,
        "fare.late_meter": _late_meter,
        "licence.outside_area": _outside_area,
        "driving.speeding": speeding.speed,
        "driving.detour": detours.detour,
        "service.refusal": hails.hail,
    }
    if post.rule == "vehicle.gnss_outage" and post.label == "look_alike" and post.variant % 3 == 1:
        return Planned(0.3, lambda life, duty: _tunnel_jam(life, duty, post))
    if post.rule == "fare.wrong_rate" and post.label == "near_miss":
        return Planned(0.62, lambda life, duty: _over_eleven(life, duty, post))
    act = acts.get(post.rule)
    if act is None:
        return None
    at_handover = post.rule == "fare.off_meter" and post.label == "look_alike" and post.variant % 3 == 0
    after = 0.0 if at_handover else _HOURS.get(hour_of(post), 0.15 + 0.07 * (post.variant % 6))
    return Planned(
        after, lambda life, duty: act(life, duty, post), rest_first=post.rule == "licence.outside_area"
    )


def _travel(life: Life, metres: float, *, stop_after_m: float | None = None) -> None:
    goal = town.node_near(life.track.node, metres, life.rng)
    life.track.drive(goal, RIDE, stop_after_m=stop_after_m)


def _travel_on(life: Life, start: town.Node, metres: float) -> None:
    """Drives on so that the way from the start on is no detour."""
    life.track.drive(town.node_beyond(start, life.track.node, metres, life.rng), RIDE)


def _off_meter(life: Life, duty: Duty, post: Post) -> None:
    track, rng = life.track, life.rng
    if post.label == "look_alike":
        _off_meter_look_alike(life, duty, post)
        return
    cruise(life, 1_200)
    boarded = board(life)
    track.stand(8)
    if post.label == "clear":
        _travel(life, float(rng.uniform(3_000, 6_500)))
        note = "passengers carried for kilometres with the meter off"
    else:
        _travel(life, 1_600, stop_after_m=430.0)
        note = "passengers moved 430 m with the meter off, then left: inside 500 m"
    track.stand(15)
    plant(life, duty, post, (boarded, leave(life)), note)


def _off_meter_look_alike(life: Life, duty: Duty, post: Post) -> None:
    track = life.track
    variant = post.variant % 3
    if variant == 0:
        boarded = board(life)
        _travel(life, 1_300)
        note = "the driver who goes off duty rides along at the handover"
    elif variant == 1:
        life.happened("device_test", life.now, honest_error_s=0)
        boarded = board(life)
        _travel(life, 900)
        note = "device test: the seat sensor is tried out while driving"
    else:
        cruise(life, 800)
        boarded = board(life)
        track.stand(240)
        note = "somebody sat in the standing car, then got out again"
    plant(life, duty, post, (boarded, leave(life)), note)


def _early_meter(life: Life, duty: Duty, post: Post) -> None:
    track, rng = life.track, life.rng
    moving = post.variant % 2 == 1
    start = track.node
    if post.label == "look_alike":
        cruise(life, 1_000)
        start = track.node
        boarded = board(life)
        track.stand(5)
        ride = start_meter(life, duty)
        track.stand(15)
        leave(life)
        track.stand(190)
        life.happened("passenger_boarded", life.now)
        track.stand(6)
        span, note = (
            (ride.on_s, life.now),
            "they boarded, went back for something while the meter ran, and came again",
        )
    else:
        to_rank(life)
        start = track.node
        queue(life)
        ride = start_meter(life, duty)
        if moving:
            _travel(life, 2_400, stop_after_m=1_300.0 if post.label == "clear" else 210.0)
        else:
            track.stand(270 if post.label == "clear" else 95)
        boarded = board(life)
        track.stand(6)
        how = "driving empty" if moving else "standing at the rank"
        span, note = (
            (ride.on_s, boarded),
            f"meter on while {how}, {boarded - ride.on_s} s before anybody boarded",
        )
    _travel_on(life, start, float(rng.uniform(3_000, 7_000)))
    close(life, ride, boarded)
    plant(life, duty, post, span, note, ride)


def _late_meter(life: Life, duty: Duty, post: Post) -> None:
    track, rng = life.track, life.rng
    cruise(life, 1_000)
    start = track.node
    boarded = board(life)
    track.stand(6)
    ride = start_meter(life, duty)
    _travel(life, float(rng.uniform(2_500, 6_000)))
    if post.label == "look_alike":
        left = leave(life)
        track.stand(200)
        life.happened("passenger_boarded", life.now)
        span, note = (left, life.now), "they got out at a shop, came back and rode on"
        track.stand(6)
        _travel_on(life, start, 2_500)
        close(life, ride, boarded)
    else:
        track.stand(6)
        left = leave(life)
        if post.label == "near_miss":
            track.stand(left + 108 - life.now)
        elif post.variant % 2:
            _travel_on(life, start, 3_000)
        else:
            track.stand(290)
        stop_meter(life, ride)
        ride.boarded_s, ride.alighted_s, ride.taken = boarded, left, True
        span, note = (left, life.now), f"meter stopped {life.now - left} s after the passengers had left"
        track.stand(5)
    plant(life, duty, post, span, note, ride)


def _outside_area(life: Life, duty: Duty, post: Post) -> None:
    track, rng = life.track, life.rng
    if post.label == "look_alike":
        _over_the_border(life, duty, post)
        return
    row = int(rng.integers(14, 30))
    border_start = post.label == "near_miss" and post.variant % 2 == 1
    start = (town.LAST_CITY_COLUMN, row) if border_start else (town.LAST_CITY_COLUMN + 6, row)
    if border_start:
        track.drive(start, RIDE)
    else:
        carry(life, duty, start).taken = True
        track.drive((start[0] + 2, row + 1), RIDE)
    goal = {
        "clear": (town.LAST_CITY_COLUMN + 14, row - 5),
        "near_miss": (town.LAST_CITY_COLUMN + 8, row + 2)
        if border_start
        else (town.LAST_CITY_COLUMN - 6, row),
    }[post.label]
    ride = carry(life, duty, goal)
    ride.taken = True
    note = {
        "clear": "picked up and set down beyond the border",
        "near_miss": "from the last street of the city outwards"
        if border_start
        else "a ride back into the city",
    }[post.label]
    plant(life, duty, post, (ride.on_s, ride.off_s), note, ride)
    track.drive((54, row), RIDE)


def _over_the_border(life: Life, duty: Duty, post: Post) -> None:
    """Along the wide street beyond the border: a sixth longer than the way inside, and no slower."""
    track = life.track
    row, beyond = int(life.rng.integers(9, 13)), town.LAST_CITY_COLUMN + 2
    track.drive((town.LAST_CITY_COLUMN, row), RIDE)
    boarded = board(life)
    ride = start_meter(life, duty)
    for corner in ((beyond, row), (beyond, row + 20), (town.LAST_CITY_COLUMN - 3, row + 20)):
        track.drive(corner, RIDE)
    close(life, ride, boarded)
    note = "from city to city by a road beyond the border"
    plant(life, duty, post, (ride.on_s, ride.off_s), note, ride)


def _tunnel_jam(life: Life, duty: Duty, post: Post) -> None:
    """Stop and go on the expressway from just before its tunnel to just behind it."""
    track = life.track
    graph = track.streets.graph
    before, after = (
        next(c for c in INTERCHANGES if c <= town.TUNNEL_COLUMNS[0] < c + 8),
        next(c for c in INTERCHANGES if c >= town.TUNNEL_COLUMNS[1]),
    )
    track.drive((before, town.EXPRESSWAY_ROW), RIDE)
    edges = track.route_to((after, town.EXPRESSWAY_ROW))
    covered = graph.covered[edges]
    before_m = float(graph.length_m[edges[: int(np.argmax(covered))]].sum())
    left = track.follow(edges, RIDE, stop_after_m=before_m - _MOUTH_M)
    entered = life.now
    left = track.follow(left, _JAM, stop_after_m=_MOUTH_M + 500.0)
    track.stand(14 * 60)
    rest_m = float(graph.length_m[edges[covered]].sum()) - 500.0
    left = track.follow(left, _JAM, stop_after_m=rest_m + _MOUTH_M)
    plant(life, duty, post, (entered, life.now), "a jam of 14 minutes in the tunnel")
    track.follow(left, RIDE)


def _over_eleven(life: Life, duty: Duty, post: Post) -> None:
    """A ride that begins by day and ends at night."""
    start = duty.start_s - duty.start_s % 86_400 + _ELEVEN_AT_NIGHT_S - 300
    life.track.stand(start - life.now)
    ride = carry(life, duty, town.node_near(life.track.node, 8_000, life.rng))
    ride.taken, ride.said_rate = True, "night"
    plant(life, duty, post, (ride.on_s, ride.off_s), "night button on a ride that runs past 23:00", ride)
