"""What accelerometers feel: everybody brakes hard now and then, some do it all the time."""

from typing import Final

import numpy as np

from taxi_qa.lab.life import Duty, Happening, Life
from taxi_qa.lab.motion import Sampled
from taxi_qa.lab.papers import duty_of
from taxi_qa.lab.plan import Post

KINDS: Final = ("harsh_braking", "harsh_braking", "harsh_acceleration", "harsh_turn")
_ACTS_A_KM: Final = 0.015
_AT_SPEED_MS: Final = 7.0
# How many times as often, and how often a terminal tells of each.
_TIMES: Final = {"clear": 6.0, "near_miss": 1.3, "look_alike": 1.0}
_TOLD: Final = 3


def feel(life: Life, sampled: Sampled, posts: list[Post]) -> None:
    """The harsh starts, stops and turns of a car's life, and what is planted of them."""
    (rng,) = life.rng.spawn(1)
    of_driver = {duty_of(life, post).driver_id: post for post in posts if post.rule == "driving.harsh"}
    for duty in life.duties:
        post = of_driver.get(duty.driver_id)
        label = "" if post is None else post.label
        for at in _moments(sampled, duty, _TIMES.get(label, 1.0), rng):
            kind = str(rng.choice(KINDS))
            # Within ten seconds: the terminal says it again while it lasts.
            for again in range(_TOLD if label == "look_alike" else 1):
                life.happenings.append(Happening(kind, at + 4 * again))
    for driver_id, post in of_driver.items():
        mine = [duty for duty in life.duties if duty.driver_id == driver_id]
        note = {
            "clear": "six times as many harsh acts as others have",
            "near_miss": "a third more harsh acts than others have, by chance",
            "look_alike": "a terminal that tells three times of each act",
        }[post.label]
        life.planted(post.rule, post.label, mine[0].start_s, mine[-1].end_s, note, driver_id=driver_id)


def _moments(sampled: Sampled, duty: Duty, times: float, rng: np.random.Generator) -> list[int]:
    """Seconds of a shift at which the car rolls, as many as fit how far it went."""
    rows = slice(sampled.row(duty.start_s), sampled.row(duty.end_s))
    rolls = np.flatnonzero(sampled.speed_ms[rows] > _AT_SPEED_MS)
    driven_km = float(sampled.along_m[rows.stop] - sampled.along_m[rows.start]) / 1000.0
    count = int(rng.poisson(driven_km * _ACTS_A_KM * times)) if rolls.size else 0
    return sorted(sampled.first_s + rows.start + int(row) for row in rng.choice(rolls, count))
