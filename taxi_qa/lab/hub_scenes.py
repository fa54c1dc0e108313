"""What cars do at hubs: queue in turn, and what is planted there."""

from typing import TYPE_CHECKING, Final

from taxi_qa.lab import city as town
from taxi_qa.lab.acting import board, close, plant
from taxi_qa.lab.gatherings import Call
from taxi_qa.lab.life import (
    CRUISE,
    DAY_S,
    RIDE,
    Duty,
    Happening,
    Life,
    Planned,
    carry,
    choose_goal,
    cruise,
    queue_s,
    start_meter,
)
from taxi_qa.lab.plan import Post

if TYPE_CHECKING:
    from collections.abc import Callable

# Two corners away a car waits for its train; the way from there takes about so long.
_AWAY: Final = 2
_WAY_S: Final = 75
_LATE_S: Final = 240
# Past the bays at a crawl: 60 km/h times this.
_CRAWL: Final = 0.2
# Metres from the middle of the bays: clearly beside them, and a car's length or three beyond them.
_BESIDE_M: Final = 122.0
_EDGE_M: Final = 72.0


def planned_call(call: Call) -> Planned:
    """The call as a scene of its shift."""
    return Planned(call.after, lambda life, duty: _answer(life, duty, call), rest_first=True)


def _answer(life: Life, duty: Duty, call: Call) -> None:
    arrive_s = call.day * DAY_S + call.arrive_s
    _, _, (column, row), _ = town.HUBS[call.hub]
    if life.now > arrive_s + _LATE_S - _WAY_S:
        return  # the train has gone
    life.track.drive((column - _AWAY, row), CRUISE)
    life.track.stand_until(arrive_s - _WAY_S)
    post = call.post
    if post is None:
        _in_turn(life, duty, call.hub)
        return
    acts: dict[str, Callable[[Life, Duty, Post, int], None]] = {
        "hub.refusal": _refusal,
        "hub.queue_jump": _jump,
        "hub.circling": _circle,
        "hub.outside_bay": _beside,
        "hub.unattended": _away,
        "hub.inspection_refused": _inspected,
    }
    acts[post.rule](life, duty, post, call.hub)


def _to_hub(life: Life, hub: int) -> int:
    life.track.drive(town.HUBS[hub][2], CRUISE)
    return life.now


def _in_turn(life: Life, duty: Duty, hub: int) -> None:
    arrived = _to_hub(life, hub)
    life.track.stand(queue_s(hub, arrived))
    carry(life, duty, choose_goal(life, duty.mode))


def _refusal(life: Life, duty: Duty, post: Post, hub: int) -> None:
    track = life.track
    if post.label == "look_alike" and post.variant % 4 == 2:  # noqa: PLR2004 - one of four
        _set_down(life, duty, post, hub)
        return
    arrived = _to_hub(life, hub)
    wait = queue_s(hub, arrived)
    if post.label == "near_miss":
        track.stand(150 if post.variant % 2 else 38)
        note = "gave up after 150 s, far from the head" if post.variant % 2 else "a stop of 38 s in the bay"
    else:
        track.stand(wait - 70)
        note = "first in the bay, and away empty; the next car loaded"
    if post.label == "clear" and post.variant % 2 and life.has_seat_sensor:
        life.happened("passenger_boarded", life.now)
        track.stand(40)
        life.happened("passenger_alighted", life.now)
        track.stand(12)
        note = "somebody got in, named a near place and had to get out again"
    elif post.label != "near_miss":
        track.stand(62)
    left = life.now
    if post.label == "look_alike":
        note = _reason_to_leave(life, duty, post, left)
    cruise(life, 2_600)
    track.stand(90)
    if post.label == "look_alike" and post.variant % 4 == 1:
        life.happened("pause_sign_off", life.now, honest_error_s=0)
    plant(life, duty, post, (arrived, left), note)


def _reason_to_leave(life: Life, duty: Duty, post: Post, left: int) -> str:
    which = post.variant % 4
    if which == 1:
        life.happened("pause_sign_on", left - 5, honest_error_s=0)
        return "the pause sign was up as it left"
    if which == 0:
        life.sent_away.append((left - 900, left + 300))
        return "the police sent it away: excused and approved"
    life.ordered.append((duty.driver_id, left - 40, left + 600))
    return "it had accepted an order elsewhere"


def _set_down(life: Life, duty: Duty, post: Post, hub: int) -> None:
    """A ride that ends at the hub; it drives on at once."""
    boarded = board(life)
    ride = start_meter(life, duty)
    life.track.drive(town.HUBS[hub][2], RIDE)
    close(life, ride, boarded)
    left = life.now
    cruise(life, 2_600)
    life.track.stand(90)
    plant(life, duty, post, (left - 60, left), "set down in the bay and drove on")


def _jump(life: Life, duty: Duty, post: Post, hub: int) -> None:
    track = life.track
    if post.label == "look_alike" and post.variant % 2:
        # A short ride first; it comes straight back and need not queue again.
        track.drive(town.HUBS[hub][2], CRUISE)
        track.stand(queue_s(hub, life.now))
        column, row = town.HUBS[hub][2]
        carry(life, duty, (column - 3, row + 2)).taken = True
    arrived = _to_hub(life, hub)
    wait = queue_s(hub, arrived)
    share = {"clear": 0.08, "near_miss": 0.72, "look_alike": 0.1}[post.label]
    track.stand(wait * share)
    ride = carry(life, duty, town.node_near(track.node, 5_000, life.rng))
    ride.taken = True
    note = f"loaded after {share:.0%} of the wait of those ahead"
    if post.label == "look_alike":
        note += ", back from a short ride" if post.variant % 2 else ", for a reserved order"
        if not post.variant % 2:
            life.ordered.append((duty.driver_id, ride.boarded_s - 600, ride.boarded_s + 60))
            ride.order_id = f"H{life.number:04d}-{ride.on_s}"
    plant(life, duty, post, (arrived, ride.off_s), note, ride)


def _circle(life: Life, duty: Duty, post: Post, hub: int) -> None:
    column, row = town.HUBS[hub][2]
    track = life.track
    track.drive((column - 1, row), CRUISE)
    begun = life.now
    ride = None
    passes = {"clear": 4, "near_miss": 2, "look_alike": 4}[post.label]
    if post.label == "look_alike":
        boarded = board(life)
        ride = start_meter(life, duty)
    for number in range(passes):
        track.drive((column, row), _CRAWL)
        track.drive((column + (1 if number % 2 == 0 else -1), row), _CRAWL)
    ended = life.now
    note = f"{passes} times past the bays at a crawl, empty"
    if ride is not None:
        close(life, ride, boarded)
        ride.taken = True
        note = "passengers who looked for the right door: past the bays with the meter running"
    else:
        # Away from the hub, and not past it once more.
        track.drive((column - 7, row + 3), CRUISE)
        track.stand(60)
    plant(life, duty, post, (begun, ended), note, ride)


def _beside(life: Life, duty: Duty, post: Post, hub: int) -> None:
    column, row = town.HUBS[hub][2]
    track = life.track
    # He queues in turn, and then drives past the barrier to somebody who waves.
    track.drive((column, row), CRUISE)
    track.stand(queue_s(hub, life.now))
    track.drive((column, row - 1), CRUISE, stop_after_m=_EDGE_M if post.label == "near_miss" else _BESIDE_M)
    track.stand(20)
    boarded = board(life)
    track.stand(6)
    ride = start_meter(life, duty)
    start = track.node
    track.drive(town.node_near(start, 5_000, life.rng), RIDE)
    close(life, ride, boarded)
    metres = _EDGE_M if post.label == "near_miss" else _BESIDE_M
    note = f"loaded {metres:.0f} m from the middle of the bays"
    if post.label == "look_alike":
        life.ordered.append((duty.driver_id, boarded - 600, boarded + 60))
        ride.order_id = f"H{life.number:04d}-{ride.on_s}"
        note += ", for a reserved order"
    plant(life, duty, post, (ride.on_s, ride.off_s), note, ride)


def _away(life: Life, duty: Duty, post: Post, hub: int) -> None:
    arrived = _to_hub(life, hub)
    wait = queue_s(hub, arrived)
    load = arrived + round(wait)
    reports = {
        "clear": [(arrived + 120, 160.0), (arrived + 300, 150.0)],
        "near_miss": [(arrived + 120, 95.0)],
        "look_alike": [(load - 150, 135.0)],
    }[post.label]
    for at_s, lasted in reports:
        life.happenings.append(Happening("driver_absent", at_s, confidence=0.9, duration_s=lasted))
    life.track.stand(wait)
    carry(life, duty, choose_goal(life, duty.mode))
    span = (reports[0][0], reports[-1][0] + round(reports[-1][1]))
    note = {
        "clear": "away from the car for minutes while it stood in the queue",
        "near_miss": "away for 95 s",
        "look_alike": "out of the car for the luggage of those who got in",
    }[post.label]
    plant(life, duty, post, span, note)


def _inspected(life: Life, duty: Duty, post: Post, hub: int) -> None:
    arrived = _to_hub(life, hub)
    at_s = arrived + 200
    said = {
        "clear": {"cooperated": "fail", "clean_vehicle": "not checked"},
        "near_miss": {"cooperated": "not checked", "clean_vehicle": "pass"},
        "look_alike": {"cooperated": "pass", "papers_carried": "fail"},
    }[post.label]
    life.inspected.append((at_s, town.HUBS[hub][0], duty.driver_id, said))
    life.track.stand(queue_s(hub, arrived))
    carry(life, duty, choose_goal(life, duty.mode))
    plant(life, duty, post, (at_s, at_s), ", ".join(f"{item}: {result}" for item, result in said.items()))
