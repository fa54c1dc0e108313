"""Hails in the street that come to nothing."""

from typing import Final

from taxi_qa.lab.acting import plant
from taxi_qa.lab.life import Duty, Happening, Life, cruise
from taxi_qa.lab.plan import Post

_PAUSED, _TESTED, _FLICKER = range(3)
_WAYS: Final = 3


def hail(life: Life, duty: Duty, post: Post) -> None:
    """Somebody gets in, says where to, gets out again; the car drives off empty."""
    track = life.track
    cruise(life, 1_500)
    track.stand(15)
    way = post.variant % _WAYS
    held = {"clear": (22, 34, 15, 41)[post.variant % 4], "near_miss": 78}.get(post.label, 25)
    note = f"in and out again within {held} s, then off empty"
    if post.label == "look_alike":
        note = ("the pause sign stood", "the seat sensor was tried out", "a bag on the seat for a second")[
            way
        ]
        if way == _PAUSED:
            life.happenings.append(Happening("pause_sign_on", life.now - 10))
        elif way == _TESTED:
            life.happened("device_test", life.now, honest_error_s=0)
        else:
            held = 1
    boarded = life.now
    life.happened("passenger_boarded", boarded, honest_error_s=0)
    track.stand(held)
    left = life.now
    life.happened("passenger_alighted", left, honest_error_s=0)
    track.stand(6)
    cruise(life, 900)
    if post.label == "look_alike" and way == _PAUSED:
        life.happenings.append(Happening("pause_sign_off", life.now))
    plant(life, duty, post, (boarded, left), note)
