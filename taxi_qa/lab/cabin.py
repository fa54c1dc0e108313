"""What cameras and belt switches tell of a car's life, honest and otherwise.

An honest camera counts heads about once a minute, errs now and then and says that it is not sure, sees calls
at a standstill and glare at night; a belt switch reminds whoever sits down.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.lab.life import Duty, Happening, Life, Ride
from taxi_qa.lab.motion import Sampled
from taxi_qa.lab.papers import duty_of
from taxi_qa.lab.pictures import digest_of
from taxi_qa.lab.plan import IN_CABIN, Post, has_belts, has_camera

_ROLLING_MS: Final = 6.5
_BRISK_MS: Final = 8.5
_DAY_S: Final = 86_400
_RIDE_S: Final = 660
_DOUBTS: Final = ("phone", "smoking", "eating", "no_belt_driver", "not_yielding")


class Cabin:
    """One car's cabin: what is planted in it, and then what its devices say of the whole life."""

    def __init__(self, life: Life, sampled: Sampled) -> None:
        """A cabin in which nothing happened yet; its dice are its own."""
        self.life = life
        self.sampled = sampled
        (self.rng,) = life.rng.spawn(1)
        self.heads: dict[str, Callable[[int], int]] = {}
        self.dark: list[tuple[int, int]] = []
        self.silent: set[str] = set()
        self.late: dict[str, int] = {}

    def happens(
        self, kind: str, at_s: int, sure: float, *, lasts_s: float | None = None, value: float | None = None,
        level: int | None = None, pictured: bool = True,
    ) -> None:  # fmt: skip
        """The camera reports something."""
        media = f"{self.life.vehicle_id}-{at_s}-{kind}.jpg" if pictured else ""
        event = Happening(kind, at_s, value=value, confidence=round(sure, 2))
        event.duration_s, event.level, event.source = lasts_s, level, "camera"
        event.media = media
        event.media_sha256 = digest_of(media) if media else ""
        self.life.happenings.append(event)

    def sure(self) -> float:
        """How sure a recogniser is of what is there."""
        return float(self.rng.uniform(0.8, 0.97))

    def moment(self, duty: Duty, lasts_s: int, speed_ms: float, *, slower: bool = False) -> int | None:
        """A second of the duty from which the car goes faster (or slower) for a while on either side."""
        margin = self.life.interval_s + 6
        speed = self.sampled.speed_ms[
            self.sampled.row(duty.start_s + 900) : self.sampled.row(duty.end_s - 900)
        ]
        fits = speed < speed_ms if slower else speed > speed_ms
        fits &= self.in_sight(duty.start_s + 900, duty.end_s - 900)
        width = lasts_s + 2 * margin
        starts = _lasting(fits, width)
        if not starts.size:
            return None
        return duty.start_s + 900 + int(starts[int(self.rng.integers(0, starts.size))]) + margin

    def in_sight(self, from_s: int, to_s: int) -> npt.NDArray[np.bool_]:
        """Of each second, whether the car's place is known: above ground, and its terminal well."""
        rows = slice(self.sampled.row(from_s), self.sampled.row(to_s))
        seen = ~self.life.track.streets.graph.covered[self.sampled.edge[rows]]
        second = np.arange(rows.start, rows.stop) + self.sampled.first_s
        for span in self.life.disturbances:
            if span.kind in ("steady", "batch"):  # late, but right
                continue
            seen &= (second < span.start_s) | (second >= span.end_s)
        return seen

    def ride(self, duty: Duty, wish: Callable[[Ride], bool] = lambda _: True) -> Ride | None:
        """A long ride about the middle of the duty in whose cabin nothing else was planted."""
        rides = [
            ride for ride in self.life.rides
            if duty.start_s + 1_800 < ride.on_s and ride.off_s < duty.end_s - 1_800
            and ride.off_s - ride.on_s >= _RIDE_S and ride.trip_id not in self.heads
            and self.in_sight(ride.on_s, ride.off_s).all() and wish(ride)
        ]  # fmt: skip
        return rides[len(rides) // 2] if rides else None


def _lasting(so: npt.NDArray[np.bool_], width: int) -> npt.NDArray[np.int64]:
    """Where it begins to be so for that many seconds on end."""
    total = np.append(0, np.cumsum(so))
    return np.flatnonzero(total[width:] - total[:-width] == width)


def see(life: Life, sampled: Sampled, posts: list[Post]) -> None:
    """Plants what is to be planted in the cabin, and tells the rest of its life."""
    if not has_camera(life.number):
        return
    cabin = Cabin(life, sampled)
    for post in posts:
        if post.rule in IN_CABIN:
            _act(cabin, post)
    for duty in life.duties:
        _honest(cabin, duty)


def _act(cabin: Cabin, post: Post) -> None:
    duty = duty_of(cabin.life, post)
    acts = {
        "driving.overload": _overload, "service.forced_sharing": _sharing, "vehicle.lens_covered": _lens,
        "driving.no_belt_reminder": _reminder, "driving.no_belt": _belt,
    }  # fmt: skip
    acts.get(post.rule, _habit)(cabin, duty, post)


def _plant(
    cabin: Cabin, duty: Duty, post: Post, span: tuple[int, int], note: str, ride: Ride | None = None
) -> None:
    trip_id = "" if ride is None else ride.trip_id
    cabin.life.planted(post.rule, post.label, *span, note, driver_id=duty.driver_id, trip_id=trip_id)


def _habit(cabin: Cabin, duty: Duty, post: Post) -> None:
    """Smoking, eating, phone, not yielding."""
    kind = post.rule.split(".")[1]
    lasts = float(np.round(cabin.rng.uniform(4, 14), 1))
    sure, level, note = cabin.sure(), None, f"{kind} seen for {lasts} s"
    parked = post.label == "look_alike" and kind in ("eating", "phone")
    at = cabin.moment(duty, 60 if parked else int(lasts) + 1, 0.1 if parked else _ROLLING_MS, slower=parked)
    if at is None:
        return
    if kind == "not_yielding":
        level = 2
    if post.label == "near_miss" and kind != "not_yielding":
        lasts, note = 1.2, f"{kind} seen for 1.2 s only"
    elif post.label == "near_miss" or (post.label == "look_alike" and not parked):
        sure, note = 0.55, f"{kind}, but the recogniser is not sure: a toothpick, a shadow"
    elif parked:
        note = f"{kind} in a standing car"
    cabin.happens(kind, at, sure, lasts_s=lasts, level=level)
    _plant(cabin, duty, post, (at, at + int(lasts) + 1), note)


def _belt(cabin: Cabin, duty: Duty, post: Post) -> None:
    if post.label == "look_alike":
        at, lasts, note = cabin.moment(duty, 60, 0.1, slower=True), 50.0, "no belt in a standing car"
    elif post.label == "near_miss":
        at, lasts, note = cabin.moment(duty, 8, _ROLLING_MS), 6.0, "no belt for six seconds"
    else:
        at, lasts, note = cabin.moment(duty, 16, _BRISK_MS), 16.0, "no belt for sixteen seconds at speed"
    if at is None:
        return
    cabin.happens("no_belt_driver", at, cabin.sure(), lasts_s=lasts)
    if post.label == "clear" and post.variant % 2 and has_belts(cabin.life.number):
        switch = Happening("no_belt_driver", at + 1)
        switch.duration_s, switch.source = lasts, "belt switch"
        cabin.life.happenings.append(switch)
    _plant(cabin, duty, post, (at, at + int(lasts)), note)


def _overload(cabin: Cabin, duty: Duty, post: Post) -> None:
    ride = cabin.ride(duty)
    if ride is None:
        return
    middle = (ride.on_s + ride.off_s) // 2
    if post.label == "clear":
        heads, note = 5 + post.variant % 2, "more passengers than seats"
        cabin.heads[ride.trip_id] = lambda _: heads
    elif post.label == "near_miss":
        cabin.heads[ride.trip_id], note = (lambda _: 4), "four passengers on four seats"
    else:
        cabin.heads[ride.trip_id], note = (lambda _: 4), "four passengers, and a face on a screen in one look"
        cabin.happens("passenger_count", middle, cabin.sure(), value=5, pictured=False)
    _plant(cabin, duty, post, (ride.on_s, ride.off_s), note, ride)


def _sharing(cabin: Cabin, duty: Duty, post: Post) -> None:
    stops: dict[str, int] = {}

    def halts(ride: Ride) -> bool:
        early = post.label == "look_alike"
        low, high = (40, 170) if early else (540, ride.off_s - ride.on_s - 240)
        speed = cabin.sampled.speed_ms[
            cabin.sampled.row(ride.on_s + low) : cabin.sampled.row(ride.on_s + max(low, high))
        ]
        # Long enough that a position falls into it.
        still = _lasting(speed < 0.1, cabin.life.interval_s + 4)  # noqa: PLR2004 - standing
        if still.size:
            stops[ride.trip_id] = ride.on_s + low + int(still[0]) + cabin.life.interval_s + 3
        return early or ride.trip_id in stops

    ride = cabin.ride(duty, halts)
    if ride is None:
        return
    joined = stops.get(ride.trip_id, ride.on_s + 120)
    if post.label == "near_miss":
        cabin.heads[ride.trip_id], note = (lambda _: 1), "one look saw one head more"
        cabin.happens("passenger_count", joined + 20, cabin.sure(), value=2, pictured=False)
    else:
        cabin.heads[ride.trip_id] = lambda at: 1 if at < joined else 3
        note = "two more get in after a stop" if post.label == "clear" else "the party gathers at the start"
    _plant(cabin, duty, post, (ride.on_s, ride.off_s), note, ride)


def _reminder(cabin: Cabin, duty: Duty, post: Post) -> None:
    ride = cabin.ride(duty)
    if ride is None:
        return
    cabin.heads[ride.trip_id] = lambda _: ride.passengers
    note = "nobody reminded, nobody belted"
    if post.label == "near_miss":
        cabin.late[ride.trip_id], note = 95, "reminded a minute and a half after the begin"
    else:
        cabin.silent.add(ride.trip_id)
        if post.label == "look_alike":
            cabin.life.happenings.append(Happening("belt_ok_passenger", ride.on_s + 15))
            note = "not reminded, but belted by themselves"
    _plant(cabin, duty, post, (ride.on_s, ride.off_s), note, ride)


def _lens(cabin: Cabin, duty: Duty, post: Post) -> None:
    begin = duty.start_s + 7_200 + int(cabin.rng.integers(0, 7_200))
    lasts, sure = {
        "clear": (float(cabin.rng.integers(300, 1_500)), cabin.sure()),
        "near_miss": (50.0, cabin.sure()),
        "look_alike": (float(cabin.rng.integers(70, 200)), float(cabin.rng.uniform(0.4, 0.6))),
    }[post.label]
    cabin.happens("lens_covered", begin, sure, lasts_s=lasts)
    cabin.dark.append((begin - 5, begin + int(lasts) + 5))
    note = {
        "clear": "a cloth over the lens",
        "near_miss": "wiped for fifty seconds",
        "look_alike": "glare at night",
    }
    _plant(cabin, duty, post, (begin, begin + int(lasts)), note[post.label])


def _honest(cabin: Cabin, duty: Duty) -> None:
    life, rng = cabin.life, cabin.rng
    for ride in life.rides:
        if not duty.start_s <= ride.on_s < duty.end_s:
            continue
        heads = cabin.heads.get(ride.trip_id, lambda _, known=ride.passengers: known)
        at = ride.on_s + int(rng.integers(10, 50))
        while at < ride.off_s - 3:
            _count(cabin, at, heads(at))
            at += int(rng.integers(40, 80))
        _count(cabin, ride.alighted_s + int(rng.integers(20, 50)), 0)
        if has_belts(life.number) and ride.trip_id not in cabin.silent:
            after = cabin.late.get(ride.trip_id, int(rng.integers(-4, 20)))
            life.happenings.append(Happening("belt_reminder", ride.on_s + after))
    span = duty.end_s - duty.start_s
    for _ in range(int(rng.integers(1, 4))):
        at = duty.start_s + int(rng.integers(60, span - 60))
        kind = str(rng.choice(_DOUBTS))
        if not _is_dark(cabin, at):
            cabin.happens(kind, at, float(rng.uniform(0.3, 0.65)), lasts_s=float(rng.integers(1, 9)), level=1)
    for begun, ended in life.rests:
        if duty.start_s <= begun and ended <= duty.end_s and not _is_dark(cabin, begun + 400):
            cabin.happens("phone", begun + 400, cabin.sure(), lasts_s=float(rng.integers(20, 90)))
    if duty.night:
        at = duty.start_s + int(0.7 * span)
        lasts = float(rng.integers(20, 180))
        cabin.happens("lens_covered", at, float(rng.uniform(0.3, 0.6)), lasts_s=lasts)


def _count(cabin: Cabin, at_s: int, heads: int) -> None:
    """A look into the cabin; one in thirty errs, and is not sure."""
    if _is_dark(cabin, at_s):
        return
    wrong = heads > 0 and cabin.rng.random() < 1 / 30
    sure = float(cabin.rng.uniform(0.3, 0.6)) if wrong else cabin.sure()
    seen = heads + int(cabin.rng.choice([-1, 1])) if wrong else heads
    cabin.happens("passenger_count", at_s, sure, value=seen, pictured=False)


def _is_dark(cabin: Cabin, at_s: int) -> bool:
    return any(begin <= at_s <= end for begin, end in cabin.dark)
