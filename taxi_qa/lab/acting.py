"""What scenes are made of: boarding, leaving, a ride's end, and the line in the answer key."""

from taxi_qa.lab.life import Duty, Life, Ride, stop_meter
from taxi_qa.lab.plan import Post


def plant(
    life: Life, duty: Duty, post: Post, span: tuple[int, int], note: str, ride: Ride | None = None
) -> None:
    """Writes what was just acted into the answer key."""
    trip_id = "" if ride is None else ride.trip_id
    life.planted(post.rule, post.label, *span, note, driver_id=duty.driver_id, trip_id=trip_id)


def board(life: Life) -> int:
    """Somebody gets in; gives the moment."""
    life.track.stand(float(life.rng.uniform(8, 20)))
    moment = life.now
    life.happened("passenger_boarded", moment)
    return moment


def leave(life: Life) -> int:
    """Everybody gets out; gives the moment."""
    moment = life.now
    life.happened("passenger_alighted", moment)
    life.track.stand(float(life.rng.uniform(5, 12)))
    return moment


def close(life: Life, ride: Ride, boarded: int) -> None:
    """The ride's honest end: the meter stops, they pay, they leave."""
    life.track.stand(5)
    stop_meter(life, ride)
    life.track.stand(20)
    ride.boarded_s, ride.alighted_s, ride.taken = boarded, life.now, True
    leave(life)
