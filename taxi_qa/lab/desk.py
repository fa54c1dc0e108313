"""What people write down: complaints and how they ended, cancelled orders, documents, commendations."""

import datetime as dt
from dataclasses import replace
from typing import Final

import numpy as np

from taxi_qa.lab.life import Life, Ride, Truth
from taxi_qa.lab.motion import Sampled
from taxi_qa.lab.papers import APPROVER, duty_of, free_ride, ticket
from taxi_qa.lab.plan import AT_DESKS, Post
from taxi_qa.lab.records import clock_text

_HOUR_S: Final = 3_600
_DAY_S: Final = 86_400
# What each rule's complaints are about; one that names none is told by documents.
_ABOUT: Final = {
    "service.discourtesy": "discourtesy",
    "service.lost_property_kept": "lost_property",
    "service.complaint_uncooperative": "overcharge",
    "fare.no_receipt": "no_receipt",
    "service.transfer": "transfer",
    "service.abandonment": "abandonment",
}
# How ratings stand in trip records.
_SATISFIED: Final = 1
_DISSATISFIED: Final = 3
# What the desk promises, by the pledge's own words.
_REPLY_S: Final = 2 * _HOUR_S
_CLOSE_S: Final = 15 * _DAY_S
_AGO_S: Final = 35 * _DAY_S
_HONEST: Final = ("overcharge", "detour", "discourtesy", "no_receipt", "refusal", "other", "lost_property")


def desk_act(life: Life, sampled: Sampled, post: Post, days: int, first_day: dt.date) -> None:
    """Plants one act of which only people, dispatchers or offices know."""
    if post.rule in _ABOUT:
        _complained(life, post, first_day)
    elif post.rule == "service.order_not_served":
        _order(life, sampled, post, first_day)
    elif post.rule == "fare.bargaining":
        _bargain(life, post, first_day)
    elif post.rule.startswith(("record.", "bonus.")):
        _document(life, post, first_day)
    elif post.rule == "service.low_rating":
        _rated(life, post)
    elif post.rule in AT_DESKS:
        _desk(life, post, days, first_day)


def complain(
    life: Life,
    ride: Ride,
    first_day: dt.date,
    category: str,
    outcome: str,
    *,
    cooperated: bool = True,
    names_trip: bool = False,
    answered: tuple[int, int] | None = None,
) -> None:
    """A complaint about a ride, told the same evening or days later.

    First answered and closed in time, unless it is said after how many seconds each.
    """
    rng = life.rng
    happened = (ride.on_s + ride.off_s) // 2
    received = ride.off_s + int(rng.integers(1, 60)) * _HOUR_S
    closed = received + int(rng.integers(1, 10)) * _DAY_S
    replied = received + int(rng.integers(2, 110)) * 60
    if answered is not None:
        replied, closed = (received + after for after in answered)
    is_open = outcome == "open"
    life.complaints.append(
        {
            "complaint_id": f"K{life.number:04d}-{len(life.complaints) + 1:03d}",
            "received_at": clock_text(first_day, received),
            "category": category,
            "happened_at": clock_text(first_day, happened),
            "vehicle_id": life.vehicle_id,
            "driver_id": "",
            "trip_id": ride.trip_id if names_trip else "",
            "text": "",
            "first_reply_at": clock_text(first_day, replied),
            "closed_at": "" if is_open else clock_text(first_day, closed),
            "outcome": outcome,
            "cooperated": int(cooperated),
        }
    )


def honest_complaints(life: Life, first_day: dt.date) -> None:
    """Some passengers are wrong, and the desk says so; some are right about what is no offence here."""
    for index, ride in enumerate(life.rides):
        if index % 29 != 11 or ride.taken:  # noqa: PLR2004 - one ride in thirty
            continue
        category = _HONEST[(life.number + index) % len(_HONEST)]
        complain(life, ride, first_day, category, ("unfounded", "not_upheld")[index % 2])


def _say(life: Life, post: Post, ride: Ride, note: str, rule: str = "") -> None:
    span = (ride.on_s, ride.off_s)
    life.planted(rule or post.rule, post.label, *span, note, driver_id=ride.driver_id, trip_id=ride.trip_id)


def _complained(life: Life, post: Post, first_day: dt.date) -> None:
    ride = free_ride(life, post)
    if ride is None:
        return
    category, named = _ABOUT[post.rule], post.variant % 2 == 1
    lazy = post.rule == "service.complaint_uncooperative"
    if post.label == "clear":
        complain(life, ride, first_day, category, "upheld", cooperated=not lazy, names_trip=named)
        note = f"an upheld complaint: {category}"
    elif post.label == "near_miss":
        complain(life, ride, first_day, category, "not_upheld", cooperated=not lazy, names_trip=named)
        note = f"a complaint that was not upheld: {category}"
    elif lazy:
        complain(life, ride, first_day, category, "upheld", names_trip=named)
        note = "an upheld complaint in which the driver cooperated"
    else:
        outcome = ("unfounded", "open")[post.variant % 2]
        complain(life, ride, first_day, category, outcome, names_trip=named)
        note = f"a complaint that is {outcome}: {category}"
    _say(life, post, ride, note)


def _bargain(life: Life, post: Post, first_day: dt.date) -> None:
    ride = free_ride(life, post)
    if ride is None:
        return
    if post.label == "clear" and post.variant % 2:
        complain(life, ride, first_day, "bargaining", "upheld")
        note = "an upheld complaint of bargaining"
    elif post.label == "clear":
        ride.said_rate, ride.payment, ride.paid_yuan = "negotiated", "cash", 130.0
        note = "130 yuan agreed, whatever the meter showed"
        _say(life, post, ride, note, "fare.not_by_meter")
    elif post.label == "near_miss":
        ride.said_rate, ride.payment = "negotiated", "app"
        note = "called negotiated, but paid what the meter showed"
    else:
        complain(life, ride, first_day, "bargaining", "unfounded")
        note = "an unfounded complaint of bargaining"
    _say(life, post, ride, note)


def _order(life: Life, sampled: Sampled, post: Post, first_day: dt.date) -> None:
    duty = duty_of(life, post)
    rides = [ride for ride in life.rides if duty.start_s <= ride.on_s and ride.off_s <= duty.end_s]
    rests = [rest for rest in life.rests if duty.start_s <= rest[0] and rest[1] <= duty.end_s]
    ride = max(rides[1:-1] or rides, key=lambda one: one.off_s - one.on_s)
    due, outcome, east, north = (ride.on_s + ride.off_s) // 2, "driver_cancelled", 7_000.0, 5_000.0
    if post.label == "clear" and post.variant % 2:
        outcome, note = "no_show", "not there, says the driver, who drove kilometres away"
    elif post.label == "clear":
        note = "the driver cancelled the order"
    elif post.label == "near_miss":
        begin, end = rests[0] if rests else (due, due)
        due, outcome, east, north = (begin + end) // 2, "no_show", 120.0, 90.0
        note = "nobody came to the car, which stood 150 m from the pick-up"
    elif post.variant % 3 == 0:
        outcome, note = "passenger_cancelled", "the passenger cancelled"
    elif post.variant % 3 == 1:
        note = "cancelled for a breakdown, with a ticket"
        ticket(life, first_day, due - 1_500, repaired_s=due + _HOUR_S, device="vehicle")
    else:
        note = "cancelled for a blocked road, with an approved excuse"
        _excuse_order(life, first_day, due)
    row = sampled.row(due)
    city = life.track.streets.city
    lon, lat = city.degrees(np.array(sampled.east_m[row] + east), np.array(sampled.north_m[row] + north))
    cancelled = due - 400 if outcome.endswith("cancelled") else None
    life.orders.append(
        {
            "order_id": f"B{life.number:04d}-X{len(life.orders):03d}",
            "vehicle_id": life.vehicle_id,
            "driver_id": duty.driver_id,
            "accepted_at": clock_text(first_day, due - 900),
            "pickup_due": clock_text(first_day, due),
            "pickup_lon": f"{float(lon):.6f}",
            "pickup_lat": f"{float(lat):.6f}",
            "outcome": outcome,
            "cancelled_at": "" if cancelled is None else clock_text(first_day, cancelled),
            "cancel_reason": "" if outcome != "driver_cancelled" else "临时有事",
        }
    )
    life.planted(post.rule, post.label, due - 600, due + 600, note, driver_id=duty.driver_id)


def _excuse_order(life: Life, first_day: dt.date, due: int) -> None:
    life.excuses.append(
        {
            "excuse_id": f"X{life.number:04d}-{len(life.excuses) + 1}",
            "scope": "vehicle",
            "scope_id": life.vehicle_id,
            "from": clock_text(first_day, due - 1_200),
            "to": clock_text(first_day, due + 1_200),
            "cause": "road_closure",
            "rules": "service.order_not_served",
            "proof": "police notice",
            "approved_by": APPROVER,
        }
    )


def _document(life: Life, post: Post, first_day: dt.date) -> None:
    duty = duty_of(life, post)
    family, kind = post.rule.split(".")
    at = (duty.start_s + duty.end_s) // 2
    is_clear = post.label == "clear"
    row: dict[str, object] = {"at": clock_text(first_day, at), "driver_id": duty.driver_id, "kind": kind}
    # Without number or proof nobody can look it up.
    if family == "record":
        number = f"文书{life.number:04d}" if is_clear else ""
        row |= {"record_id": f"Q{life.number:04d}-{len(life.records)}", "document_no": number, "detail": ""}
        life.records.append(row)
    else:
        proof = "感谢信" if is_clear else ""
        row |= {"commendation_id": f"M{life.number:04d}-{len(life.commendations)}", "proof": proof}
        life.commendations.append(row)
    note = "on record, with its number" if is_clear else "said to be on record, without number or proof"
    life.planted(post.rule, post.label, at, at, note, driver_id=duty.driver_id)


def _rated(life: Life, post: Post) -> None:
    """A driver's passengers of the whole time, nearly all or a few of them dissatisfied."""
    driver_id = duty_of(life, post).driver_id
    rides = [ride for ride in life.rides if ride.driver_id == driver_id]
    for at, ride in enumerate(rides):
        if post.label == "clear":
            ride.rating = _SATISFIED if at % 10 == 0 else _DISSATISFIED
        elif post.label == "near_miss":
            ride.rating = _DISSATISFIED if at < 12 else 0  # noqa: PLR2004 - too few to say anything
        else:
            ride.rating = _DISSATISFIED if at == len(rides) // 2 else _SATISFIED
    note = {
        "clear": "nine in ten passengers are dissatisfied",
        "near_miss": "twelve are dissatisfied, and nobody else rates him",
        "look_alike": "one is dissatisfied, all others are satisfied",
    }[post.label]
    begin, end = rides[0].on_s, rides[-1].off_s
    life.planted(post.rule, post.label, begin, end, note, driver_id=driver_id)


def _desk(life: Life, post: Post, days: int, first_day: dt.date) -> None:
    """One complaint that a company's desk leaves lying, or deals with at the last moment."""
    ride = free_ride(life, post)
    if ride is None:
        return
    is_reply = post.rule == "sla.first_reply"
    outcome, reply_s, close_s = "not_upheld", 1_200, 2 * _DAY_S
    if post.label == "clear" and is_reply:
        reply_s, note = _REPLY_S + 4 * _HOUR_S, "a complaint first answered after six hours"
    elif post.label == "clear":
        close_s, note = _CLOSE_S + 3 * _DAY_S, "a complaint closed after eighteen days"
    elif post.label == "near_miss" and is_reply:
        reply_s, note = _REPLY_S, "a complaint first answered after two hours exactly"
    elif post.label == "near_miss":
        close_s, note = _CLOSE_S, "a complaint closed after fifteen days exactly"
    elif is_reply:
        close_s, note = _HOUR_S, "a complaint closed within the hour"
        reply_s = close_s
    else:
        outcome, note = "open", "a complaint still open, but not for long"
    if not is_reply and outcome != "open":
        # Long enough ago that the data of a few days know how it ended.
        ride = replace(ride, on_s=ride.on_s - _AGO_S, off_s=ride.off_s - _AGO_S)
    complain(life, ride, first_day, "other", outcome, answered=(reply_s, close_s))
    life.truths.append(
        Truth(post.rule, post.label, "", "", "", ride.on_s, days * _DAY_S, note, company_id=life.company_id)
    )
