"""Planted acts that change what is told of a car: its fares, papers, sign-ins and positions."""

import datetime as dt
from collections.abc import Callable
from typing import Final

import numpy as np

from taxi_qa.lab.life import Disturbance, Duty, Happening, Life, Ride
from taxi_qa.lab.meter import has_one_price, is_night
from taxi_qa.lab.motion import Sampled, seconds_slower
from taxi_qa.lab.papers import duty_of, free_ride, invalid, ticket, unidentified
from taxi_qa.lab.plan import Post
from taxi_qa.lab.signals import cloned_plate, gnss_outage, late_data

_STAND_S: Final = 20 * 60
_STRETCH_S: Final = 4 * 3600
_DAY_WORK_S: Final = 10 * 3600


def tamper(life: Life, sampled: Sampled, post: Post, days: int, first_day: dt.date) -> None:
    """Plants one act into what the car's records will say (some were already played as scenes)."""
    match post.rule:
        case "fare.overcharge":
            _overcharge(life, sampled, post, first_day)
        case "fare.not_by_meter":
            _not_by_meter(life, sampled, post)
        case "fare.wrong_rate":
            _wrong_rate(life, sampled, post, first_day)
        case "fare.metered_distance":
            _metered_distance(life, sampled, post)
        case "driving.long_hours":
            _long_hours(life, sampled, post)
        case _:
            _tamper_unpriced(life, post, days, first_day)


def _tamper_unpriced(life: Life, post: Post, days: int, first_day: dt.date) -> None:
    match post.rule:
        case "licence.unidentified_driver":
            unidentified(life, post)
        case "licence.invalid":
            invalid(life, post, days, first_day)
        case "licence.cloned_plate":
            cloned_plate(life, post)
        case "vehicle.gnss_outage":
            gnss_outage(life, post, first_day)
        case "vehicle.late_data":
            late_data(life, post, first_day)


def _longer_than(life: Life, sampled: Sampled, metres: float) -> Callable[[Ride], bool]:
    """Rides beyond a length whose price has no doubt in it."""

    def wish(ride: Ride) -> bool:
        driven = sampled.along_m[sampled.row(ride.off_s)] - sampled.along_m[sampled.row(ride.on_s)]
        return bool(driven > metres) and has_one_price(life.tariff, ride.on_s, ride.off_s)

    return wish


def _plant(life: Life, post: Post, ride: Ride, note: str, rule: str = "") -> None:
    life.planted(
        rule or post.rule,
        post.label,
        ride.on_s,
        ride.off_s,
        note,
        driver_id=ride.driver_id,
        trip_id=ride.trip_id,
    )


def _overcharge(life: Life, sampled: Sampled, post: Post, first_day: dt.date) -> None:
    waits = post.label == "look_alike" and post.variant % 3 == 0
    longer = _longer_than(life, sampled, 1_000)

    def wish(ride: Ride) -> bool:
        slow = seconds_slower(sampled, ride.on_s, ride.off_s, life.tariff.slow_kmh)
        return longer(ride) and (not waits or slow > 60)  # noqa: PLR2004 - a wait worth hiding

    ride = free_ride(life, post, wish)
    if ride is None:
        return
    if post.label == "clear":
        ride.fare_off_yuan = (1.5, 3.0, 6.0, 12.0)[post.variant % 4]
        _plant(life, post, ride, f"{ride.fare_off_yuan:.2f} yuan above the tariff")
    elif post.label == "near_miss":
        ride.fare_off_yuan = 0.2
        _plant(life, post, ride, "0.20 yuan above the tariff: inside one step of the meter")
    elif waits:
        ride.hide_waiting = True
        _plant(life, post, ride, "honest fare with waiting in it, waiting not recorded")
    elif post.variant % 3 == 1:
        ride.fare_off_yuan = 4.0
        # Two days later, in time; until then nobody can tell.
        proven = (first_day + dt.timedelta(days=ride.on_s // 86_400 + 2)).isoformat()
        repaired_s = ride.on_s - 1_800
        ticket(life, first_day, ride.on_s - 7_200, repaired_s=repaired_s, device="meter", reverified=proven)
        _plant(life, post, ride, "too high, by a meter repaired and not reverified: cannot tell")
    else:
        ride.tolls_yuan = 15.0
        _plant(life, post, ride, "a dear ride, but by tolls")


def _not_by_meter(life: Life, sampled: Sampled, post: Post) -> None:
    ride = free_ride(life, post, _longer_than(life, sampled, 4_000))
    if ride is None:
        return
    ride.payment = "app"
    if post.label == "clear":
        off = (5.0, -3.0, 10.0, -6.0)[post.variant % 4]
        ride.paid_off_yuan = off
        how = "more" if off > 0 else "less (a bargained price)"
        _plant(life, post, ride, f"paid {abs(off):.2f} yuan {how} than the meter")
    elif post.label == "near_miss":
        ride.paid_off_yuan = (0.5, -0.5)[post.variant % 2]
        _plant(life, post, ride, "paid 0.50 yuan beside the meter: at the tolerance")
    else:
        ride.payment, ride.tip_yuan = ("card", "app")[post.variant % 2], 3.0
        _plant(life, post, ride, "a tip of 3.00 yuan, shown by the payment")


def _wrong_rate(life: Life, sampled: Sampled, post: Post, first_day: dt.date) -> None:
    if post.label == "near_miss":
        return  # the scene did it
    by_day = _longer_than(life, sampled, 5_000)
    ride = free_ride(life, post, lambda r: by_day(r) and not is_night(life.tariff, np.array([r.off_s]))[0])
    if ride is None:
        return
    if post.label == "clear":
        ride.rate = "out_of_town" if post.variant % 2 else "night"
        ride.said_rate = ride.rate
        _plant(life, post, ride, f"rate {ride.rate} by day within the city")
        _plant(life, post, ride, f"dearer by the rate {ride.rate} that was not due", "fare.overcharge")
        return
    ride.rate, ride.said_rate = "night", "night"
    duty = duty_of(life, post)
    life.happenings.append(Happening("meter_clock_fault", duty.start_s + 300))
    ticket(life, first_day, duty.start_s + 900, repaired_s=None, device="meter")
    _plant(life, post, ride, "night rate by a meter whose clock is reported wrong: equipment, not the driver")
    _plant(life, post, ride, "meter reported faulty and not reverified: cannot tell", "fare.overcharge")


def _metered_distance(life: Life, sampled: Sampled, post: Post) -> None:
    steady = post.variant % 2 == 1
    if post.label != "look_alike" and steady:
        life.meter_factor = 1.10 if post.label == "clear" else 1.02
        whole = (life.duties[0].start_s, life.duties[-1].end_s)
        note = f"steady: the meter counts {life.meter_factor - 1:+.0%} on every ride"
        life.planted(post.rule, post.label, *whole, note)
        return
    ride = free_ride(life, post, _longer_than(life, sampled, 4_500))
    if ride is None:
        return
    driven_m = float(sampled.along_m[sampled.row(ride.off_s)] - sampled.along_m[sampled.row(ride.on_s)])
    if post.label == "clear":
        ride.burst_m = max(3_000.0 + 500.0 * post.variant, 0.4 * driven_m)
        _plant(life, post, ride, f"burst: {ride.burst_m:.0f} m of pulses that nobody drove")
    elif post.label == "near_miss":
        ride.burst_m = 0.01 * driven_m
        _plant(life, post, ride, "1 % more on one ride: a lawful meter")
    elif steady:
        life.disturbances.append(Disturbance("jumps", ride.on_s, ride.off_s))
        _plant(life, post, ride, "single jumps of the receiver within the ride")
    else:
        middle = (ride.on_s + ride.off_s) // 2
        life.disturbances.append(Disturbance("silent", middle - 150, middle + 150))
        _plant(life, post, ride, "five minutes of the ride without positions: cannot tell")


def _long_hours(life: Life, sampled: Sampled, post: Post) -> None:
    duty = duty_of(life, post)
    if post.label == "look_alike":
        after = life.duties[post.day * 2 + 1]
        last, first = _stretches(sampled, duty)[-1], _stretches(sampled, after)[0]
        life.planted(
            post.rule, post.label, last[0], first[1], "the car drove on without a rest, but two drivers did"
        )
        return
    stretches = _stretches(sampled, duty)
    worked_s = sum(end - start for start, end in stretches)
    longest = max(stretches, key=lambda span: span[1] - span[0])
    if post.variant % 2:
        label = "clear" if worked_s > _DAY_WORK_S else post.label
        note = f"{worked_s / 3600:.2f} h of driving in one shift"
        life.planted(post.rule, label, duty.start_s, duty.end_s, note, driver_id=duty.driver_id)
        return
    for start, end in stretches if post.label == "clear" else [longest]:
        note = f"{(end - start) / 3600:.2f} h without a rest of 20 minutes"
        if end - start > _STRETCH_S or post.label != "clear":
            life.planted(post.rule, post.label, start, end, note, driver_id=duty.driver_id)


def _stretches(sampled: Sampled, duty: Duty) -> list[tuple[int, int]]:
    """Spans of a shift between stands of twenty minutes and more."""
    speed = sampled.speed_ms[sampled.row(duty.start_s) : sampled.row(duty.end_s)]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], speed < 0.1, [False])).astype(np.int8)))  # noqa: PLR2004
    rests = [(int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a >= _STAND_S]
    bounds = [0, *(second for rest in rests for second in rest), int(speed.size)]
    spans = zip(bounds[::2], bounds[1::2], strict=True)
    return [(duty.start_s + a, duty.start_s + b) for a, b in spans if b > a]
