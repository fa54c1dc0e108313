"""Trains that arrive: times at which many cars come to one hub, and what one of them does there.

What is wrong in a queue shows only beside others. So each act that needs them gets a hub, a shift and an
hour, and some cars that do nothing but come, queue and load.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from taxi_qa.lab.city import HUBS
from taxi_qa.lab.life import LABELS
from taxi_qa.lab.plan import Counts, Post, fits, is_whole_car

# With company; and alone, whatever others do.
IN_COMPANY: Final = ("hub.refusal", "hub.queue_jump")
ALONE: Final = ("hub.circling", "hub.outside_bay", "hub.unattended", "hub.inspection_refused")
# Hours of the day (s) at which a train arrives in each shift, and the share of the shift after which a car
# sets out for it.
_TRAINS: Final = (((35_100, 0.18), (47_700, 0.54)), ((73_800, 0.22), (86_400, 0.6)))
# Shifts that are worked otherwise, or in which nobody sees what a car does.
_NEVER: Final = ("driving.long_hours", "vehicle.gnss_outage", "licence.unidentified_driver")
_COMPANY: Final = 9
APART_S: Final = 75
# The act's place in the line.
ACTS_AS: Final = 5


@dataclass(frozen=True)
class Call:
    """A car is to come to a hub.

    Attributes:
        vehicle: its number.
        day, turn: the shift.
        hub: number of the hub.
        arrive_s: when, seconds of the day.
        after: the share of the shift after which it sets out.
        post: what it does there, None for queueing in turn.
    """

    vehicle: int
    day: int
    turn: int
    hub: int
    arrive_s: int
    after: float
    post: Post | None = None


def calls_of(
    plan: Counts, posts: list[Post], vehicles: int, days: int, seed: int, *, must_fit: bool = False
) -> list[Call]:
    """The calls of all acts at hubs, as far as there is room.

    Args:
        plan: what is wanted.
        posts: what every shift has to do already: a shift without anything acts first.
        vehicles, days, seed: of the fleet.
        must_fit: an act for which there is no room is an error, not left out.

    Raises:
        ValueError: `must_fit`, and the fleet has no room for an act.
    """
    rng = np.random.default_rng([seed, 9])
    busy = {(post.vehicle, post.day, post.turn) for post in posts}
    barred = {(post.vehicle, post.day, post.turn) for post in posts if post.rule in _NEVER}
    coloured = {post.vehicle for post in posts if is_whole_car(post.rule, post.label, post.variant)}
    barred |= {
        (post.vehicle, day, turn)
        for post in posts
        if post.rule == "licence.cloned_plate"
        for day in range(days)
        for turn in (0, 1)
    }
    wanted = [
        (rule, label, variant)
        for label in LABELS
        for variant in range(max((n for counts in plan.values() for n in counts.values()), default=0))
        for rule in (*IN_COMPANY, *ALONE)
        if variant < plan.get(rule, {}).get(label, 0)
    ]
    trains = [
        (day, turn, train, hub)
        for train in (0, 1)
        for day in range(days)
        for turn in (0, 1)
        for hub in range(len(HUBS))
    ]
    trains = [trains[int(at)] for at in rng.permutation(len(trains))]
    taken: dict[tuple[int, int, int], list[int]] = {}
    calls: list[Call] = []
    used: set[int] = set()
    acting: set[tuple[int, int, int]] = set()
    for rule, label, variant in wanted:
        # Who needs nobody beside him shares a train with others.
        alone = rule in ALONE
        order = [int(at) for at in rng.permutation(len(trains))] if alone else list(range(len(trains)))
        if not alone:
            order = [at for at in order if at not in used]
        for at in order:
            day, turn, train, hub = trains[at]
            cars = [
                car
                for car in (int(n) + 1 for n in rng.permutation(vehicles))
                if (car, day, turn) not in barred and train not in taken.get((car, day, turn), [])
            ]
            able = [
                car
                for car in cars
                if car not in coloured and fits(rule, label, variant, car) and (car, day, turn) not in acting
            ]
            # Who has nothing else to do in that shift acts first.
            actor = min(able, key=lambda car: (car, day, turn) in busy, default=None)
            company = [car for car in cars if car != actor][: _COMPANY if rule in IN_COMPANY else 0]
            if actor is None or (rule in IN_COMPANY and len(company) < min(_COMPANY, 7)):
                continue
            at_s, after = _TRAINS[turn][train]
            post = Post(rule, label, variant, actor, day, turn)
            calls.append(Call(actor, day, turn, hub, at_s + ACTS_AS * APART_S, after, post))
            places = [place for place in range(_COMPANY + 1) if place != ACTS_AS]
            calls += [
                Call(car, day, turn, hub, at_s + place * APART_S, after)
                for car, place in zip(company, places, strict=False)
            ]
            for car in (actor, *company):
                taken.setdefault((car, day, turn), []).append(train)
            acting.add((actor, day, turn))
            if not alone:
                used.add(at)
            break
        else:
            if must_fit:
                raise ValueError(
                    f"no room for all acts of {rule}: {vehicles} cars in {days} days are too few"
                    " (a queue needs seven other cars, and an hour of its own)"
                )
    return calls
