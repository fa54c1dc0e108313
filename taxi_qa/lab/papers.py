"""What the papers say: sign-ins, licences, tickets, excuses and orders, honest and otherwise."""

import datetime as dt
from collections.abc import Callable
from typing import Final

import numpy as np

from taxi_qa.lab.life import DAY_S, Duty, Happening, Life, Ride
from taxi_qa.lab.plan import Post
from taxi_qa.lab.records import clock_text

_BEYOND_HANDOVER_S: Final = 605
# A ride so soon after somebody left the queue may have been why he left.
_A_REASON_S: Final = 1_500
APPROVER: Final = "示范监管员"


def duty_of(life: Life, post: Post) -> Duty:
    """The shift an act was put on."""
    return life.duties[post.day * 2 + post.turn]


def free_ride(life: Life, post: Post, wish: Callable[[Ride], bool] = lambda _: True) -> Ride | None:
    """A ride of the post's shift that no other act uses, from its middle on; None where none will do."""
    duty = duty_of(life, post)
    rides = [r for r in life.rides if duty.start_s <= r.on_s < duty.end_s and not r.taken and wish(r)]
    if not rides:
        return None
    ride = rides[len(rides) // 2]
    ride.taken = True
    return ride


def ticket(
    life: Life,
    first_day: dt.date,
    reported_s: int,
    *,
    repaired_s: int | None,
    device: str,
    reverified: str = "",
) -> None:
    """A repair ticket of the car."""
    life.repairs.append(
        {
            "ticket_id": f"W{life.number:04d}-{len(life.repairs) + 1}",
            "vehicle_id": life.vehicle_id,
            "device": device,
            "reported_at": clock_text(first_day, reported_s),
            "repaired_at": "" if repaired_s is None else clock_text(first_day, repaired_s),
            "cause": "fault",
            "reported_by": "driver",
            "reverified_on": reverified,
        }
    )


def excuse(
    life: Life,
    first_day: dt.date,
    span: tuple[int, int],
    rule: str,
    approved_by: str,
    *,
    closed_way: int | None = None,
) -> None:
    """An excuse for the car, or for a road that was closed, five minutes wider than the span.

    It is approved where somebody is named.
    """
    is_road = closed_way is not None
    life.excuses.append(
        {
            "excuse_id": f"X{life.number:04d}-{len(life.excuses) + 1}",
            "scope": "road" if is_road else "vehicle",
            "scope_id": closed_way if is_road else life.vehicle_id,
            "from": clock_text(first_day, span[0] - 300),
            "to": clock_text(first_day, span[1] + 300),
            "cause": "road_closure" if is_road else "carrier_outage",
            "rules": rule,
            "proof": "police notice" if is_road else "carrier notice",
            "approved_by": approved_by,
        }
    )


def unidentified(life: Life, post: Post) -> None:
    """Rides without a sign-in, or with somebody else at the wheel."""
    duty = duty_of(life, post)
    rides = [r for r in life.rides if duty.start_s <= r.on_s < duty.end_s]
    if post.label == "clear" and post.variant % 2 == 0:
        duty.signed_s = duty.start_s + 80 * 60
        # Between two rides: of one that he signs in on nobody could say whose it is.
        duty.signed_s = max(
            [duty.signed_s, *(ride.off_s + 60 for ride in rides if ride.on_s < duty.signed_s <= ride.off_s)]
        )
        for ride in rides:
            ride.hide_driver |= ride.on_s < duty.signed_s
            if ride.on_s < duty.signed_s - _BEYOND_HANDOVER_S and ride.off_s < duty.signed_s:
                ride.taken = True
                note = "nobody had signed in on the car"
                life.planted(post.rule, post.label, ride.on_s, ride.off_s, note, trip_id=ride.trip_id)
    elif post.label == "clear":
        seen = free_ride(life, post)
        if seen is not None:
            moment = (seen.on_s + seen.off_s) // 2
            life.happenings.append(Happening("driver_mismatch", moment, confidence=0.94))
            note = "the face at the wheel is not the signed-in driver's"
            life.planted(post.rule, post.label, seen.on_s, seen.off_s, note, trip_id=seen.trip_id)
    elif post.label == "near_miss":
        first = rides[0]
        duty.signed_s = first.on_s + 8 * 60
        for ride in rides:
            if ride.on_s < duty.signed_s:
                ride.hide_driver = ride.taken = True
        note = "signed in 8 minutes after the first ride began: inside the handover's 10"
        life.planted(post.rule, post.label, first.on_s, first.off_s, note, trip_id=first.trip_id)
    else:
        life.happenings.append(Happening("driver_mismatch", duty.signed_s - 120, confidence=0.9))
        note = "driver mismatch two minutes before the sign-in of the handover"
        life.planted(post.rule, post.label, duty.signed_s - 120, duty.signed_s, note)


def invalid(life: Life, post: Post, days: int, first_day: dt.date) -> None:
    """Papers that ran out before the days driven, or on them."""
    before = (first_day - dt.timedelta(days=3)).isoformat()
    last = (first_day + dt.timedelta(days=days - 1)).isoformat()
    morning = [duty for duty in life.duties if not duty.night]
    driver = life.drivers[0]
    if post.label == "look_alike":
        life.papers[f"D{life.number:04d}X"] = {"licence_valid_to": before}
        life.planted(post.rule, post.label, 0, days * DAY_S, "an expired licence whose driver does not drive")
        return
    if post.label == "clear":
        what = ("licence_valid_to", "registered_to", "permit_valid_to")[post.variant % 3]
        until, note = before, f"{what} {before}"
    else:
        what = ("licence_valid_to", "permit_valid_to")[post.variant % 2]
        if what == "permit_valid_to":  # the evening's shift ends in the small hours after the last day
            last = (first_day + dt.timedelta(days=days)).isoformat()
        until, note = last, f"{what} {last}: that day is included"
    subject = life.vehicle_id if what == "permit_valid_to" else driver
    life.papers[subject] = {what: until}
    for duty in life.duties if what == "permit_valid_to" else morning:
        life.planted(post.rule, post.label, duty.start_s, duty.end_s, note, driver_id=duty.driver_id)


def _left_before(life: Life, boarded_s: int) -> bool:
    """Whether a planted refusal of the queue ended just before: an order would be a reason to leave."""
    return any(
        act.rule == "hub.refusal" and act.label == "clear" and 0 <= boarded_s - act.end_s < _A_REASON_S
        for act in life.truths
    )


def paperwork(life: Life, first_day: dt.date) -> None:
    """Honest paper of some cars: a mended meter, an old excuse, one nobody approved, booked rides.

    And what was said of roads that were closed to them.
    """
    for closed in life.closures:
        span = (closed.start_s, closed.end_s)
        approver = APPROVER if closed.approved else ""
        excuse(life, first_day, span, "driving.detour", approver, closed_way=closed.way_id)
    if life.number % 20 == 9:  # noqa: PLR2004 - one car in twenty
        reverified = (first_day - dt.timedelta(days=8)).isoformat()
        ticket(life, first_day, -10 * DAY_S, repaired_s=-9 * DAY_S, device="meter", reverified=reverified)
    if life.number % 20 in (3, 5):
        span = (8 * 3600, 9 * 3600)
        excuse(life, first_day, span, "vehicle.meter_outage", APPROVER if life.number % 20 == 3 else "")  # noqa: PLR2004
    for index, ride in enumerate(life.rides):
        is_one = index % 17 == 5  # noqa: PLR2004 - a few rides are booked
        if not is_one or ride.taken or _left_before(life, ride.boarded_s):
            continue
        ride.order_id = f"B{life.number:04d}-{index:04d}"
        lon, lat = life.track.streets.city.degrees(np.array(ride.from_m[0]), np.array(ride.from_m[1]))
        life.orders.append(
            {
                "order_id": ride.order_id,
                "vehicle_id": life.vehicle_id,
                "driver_id": ride.driver_id,
                "accepted_at": clock_text(first_day, ride.boarded_s - 540),
                "pickup_due": clock_text(first_day, ride.boarded_s + 60),
                "pickup_lon": f"{float(lon):.6f}",
                "pickup_lat": f"{float(lat):.6f}",
                "outcome": "served",
            }
        )
