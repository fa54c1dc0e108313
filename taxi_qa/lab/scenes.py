"""Planted acts that change what a car does: the stretch of a shift in which each is played."""

from typing import TYPE_CHECKING, Final

from taxi_qa.lab import city as town
from taxi_qa.lab.life import (
    Duty,
    Label,
    Life,
    Mode,
    Planned,
    Ride,
    carry,
    cruise,
    start_meter,
    stop_meter,
    to_rank,
)
from taxi_qa.lab.plan import Post

if TYPE_CHECKING:
    from collections.abc import Callable

_KMH: Final = 42.0
_ELEVEN_AT_NIGHT_S: Final = 23 * 3600

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
    }
    if post.rule == "vehicle.gnss_outage" and post.label == "look_alike" and post.variant % 3 == 1:
        return Planned(0.3, lambda life, duty: _tunnel_jam(life, duty, post))
    if post.rule == "fare.wrong_rate" and post.label == "near_miss":
        return Planned(0.62, lambda life, duty: _over_eleven(life, duty, post))
    act = acts.get(post.rule)
    if act is None:
        return None
    at_handover = post.rule == "fare.off_meter" and post.label == "look_alike" and post.variant % 3 == 0
    after = 0.0 if at_handover else 0.15 + 0.07 * (post.variant % 6)
    return Planned(
        after, lambda life, duty: act(life, duty, post), rest_first=post.rule == "licence.outside_area"
    )


def _plant(
    life: Life, duty: Duty, post: Post, span: tuple[int, int], note: str, ride: Ride | None = None
) -> None:
    trip_id = "" if ride is None else ride.trip_id
    life.planted(post.rule, post.label, *span, note, driver_id=duty.driver_id, trip_id=trip_id)


def _board(life: Life) -> int:
    life.track.stand(float(life.rng.uniform(8, 20)))
    moment = life.now
    life.happened("passenger_boarded", moment)
    return moment


def _leave(life: Life) -> int:
    moment = life.now
    life.happened("passenger_alighted", moment)
    life.track.stand(float(life.rng.uniform(5, 12)))
    return moment


def _travel(life: Life, metres: float, *, stop_after_m: float | None = None) -> None:
    goal = town.node_near(life.track.node, metres, life.rng)
    life.track.drive(town.route(life.track.node, goal, life.rng), _KMH, stop_after_m=stop_after_m)


def _off_meter(life: Life, duty: Duty, post: Post) -> None:
    track, rng = life.track, life.rng
    if post.label == "look_alike":
        _off_meter_look_alike(life, duty, post)
        return
    cruise(life, 1_200)
    boarded = _board(life)
    track.stand(8)
    if post.label == "clear":
        _travel(life, float(rng.uniform(3_000, 6_500)))
        note = "passengers carried for kilometres with the meter off"
    else:
        _travel(life, 1_600, stop_after_m=430.0)
        note = "passengers moved 430 m with the meter off, then left: inside 500 m"
    track.stand(15)
    _plant(life, duty, post, (boarded, _leave(life)), note)


def _off_meter_look_alike(life: Life, duty: Duty, post: Post) -> None:
    track = life.track
    variant = post.variant % 3
    if variant == 0:
        boarded = _board(life)
        _travel(life, 1_300)
        note = "the driver who goes off duty rides along at the handover"
    elif variant == 1:
        life.happened("device_test", life.now, honest_error_s=0)
        boarded = _board(life)
        _travel(life, 900)
        note = "device test: the seat sensor is tried out while driving"
    else:
        cruise(life, 800)
        boarded = _board(life)
        track.stand(240)
        note = "somebody sat in the standing car, then got out again"
    _plant(life, duty, post, (boarded, _leave(life)), note)


def _close(life: Life, ride: Ride, boarded: int) -> None:
    """The ride's honest end: the meter stops, they pay, they leave."""
    life.track.stand(5)
    stop_meter(life, ride)
    life.track.stand(20)
    ride.boarded_s, ride.alighted_s, ride.taken = boarded, life.now, True
    _leave(life)


def _early_meter(life: Life, duty: Duty, post: Post) -> None:
    track, rng = life.track, life.rng
    moving = post.variant % 2 == 1
    if post.label == "look_alike":
        cruise(life, 1_000)
        boarded = _board(life)
        track.stand(5)
        ride = start_meter(life, duty)
        track.stand(15)
        _leave(life)
        track.stand(190)
        life.happened("passenger_boarded", life.now)
        track.stand(6)
        span, note = (
            (ride.on_s, life.now),
            "they boarded, went back for something while the meter ran, and came again",
        )
    else:
        to_rank(life)
        track.stand(float(rng.uniform(100, 300)))
        ride = start_meter(life, duty)
        if moving:
            _travel(life, 2_400, stop_after_m=1_300.0 if post.label == "clear" else 210.0)
        else:
            track.stand(270 if post.label == "clear" else 95)
        boarded = _board(life)
        track.stand(6)
        how = "driving empty" if moving else "standing at the rank"
        span, note = (
            (ride.on_s, boarded),
            f"meter on while {how}, {boarded - ride.on_s} s before anybody boarded",
        )
    _travel(life, float(rng.uniform(3_000, 7_000)))
    _close(life, ride, boarded)
    _plant(life, duty, post, span, note, ride)


def _late_meter(life: Life, duty: Duty, post: Post) -> None:
    track, rng = life.track, life.rng
    cruise(life, 1_000)
    boarded = _board(life)
    track.stand(6)
    ride = start_meter(life, duty)
    _travel(life, float(rng.uniform(2_500, 6_000)))
    if post.label == "look_alike":
        left = _leave(life)
        track.stand(200)
        life.happened("passenger_boarded", life.now)
        span, note = (left, life.now), "they got out at a shop, came back and rode on"
        track.stand(6)
        _travel(life, 2_500)
        _close(life, ride, boarded)
    else:
        track.stand(6)
        left = _leave(life)
        if post.label == "near_miss":
            track.stand(left + 108 - life.now)
        elif post.variant % 2:
            _travel(life, 3_000)
        else:
            track.stand(290)
        stop_meter(life, ride)
        ride.boarded_s, ride.alighted_s, ride.taken = boarded, left, True
        span, note = (left, life.now), f"meter stopped {life.now - left} s after the passengers had left"
        track.stand(5)
    _plant(life, duty, post, span, note, ride)


def _outside_area(life: Life, duty: Duty, post: Post) -> None:
    track, rng = life.track, life.rng
    row = int(rng.integers(14, 30))
    if post.label == "look_alike":
        track.drive(town.route(track.node, (57, row), rng), _KMH)
        boarded = _board(life)
        ride = start_meter(life, duty)
        for corner in ((66, row), (66, row + 3), (56, row + 3)):
            track.drive(town.route(track.node, corner, rng), _KMH)
        _close(life, ride, boarded)
        _plant(
            life, duty, post, (ride.on_s, ride.off_s), "from city to city by a road beyond the border", ride
        )
        return
    border_start = post.label == "near_miss" and post.variant % 2 == 1
    start = (town.LAST_CITY_COLUMN, row) if border_start else (town.LAST_CITY_COLUMN + 6, row)
    if border_start:
        track.drive(town.route(track.node, start, rng), _KMH)
    else:
        carry(life, duty, start).taken = True
        track.drive(town.route(track.node, (start[0] + 2, row + 1), rng), _KMH)
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
    _plant(life, duty, post, (ride.on_s, ride.off_s), note, ride)
    track.drive(town.route(track.node, (54, row), rng), _KMH)


def _tunnel_jam(life: Life, duty: Duty, post: Post) -> None:
    first, last = town.TUNNEL_COLUMNS
    row = town.TUNNEL_ROW
    track = life.track
    track.drive(town.route(track.node, (first - 1, row), life.rng), _KMH)
    track.drive([(first - 1, row), (first, row)], _KMH)
    entered = life.now
    straight = [(column, row) for column in range(first, last + 1)]
    track.drive(straight, _KMH, stop_after_m=500.0)
    track.stand(14 * 60)
    track.drive([(column, row) for column in range(track.node[0], last + 2)], _KMH)
    _plant(life, duty, post, (entered, life.now), "a jam of 14 minutes in the tunnel")


def _over_eleven(life: Life, duty: Duty, post: Post) -> None:
    """A ride that begins by day and ends at night."""
    start = duty.start_s - duty.start_s % 86_400 + _ELEVEN_AT_NIGHT_S - 300
    life.track.stand(start - life.now)
    ride = carry(life, duty, town.node_near(life.track.node, 8_000, life.rng))
    ride.taken, ride.said_rate = True, "night"
    _plant(life, duty, post, (ride.on_s, ride.off_s), "night button on a ride that runs past 23:00", ride)
