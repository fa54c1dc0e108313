"""A made car's working life: shifts of two drivers, cruising, waiting at ranks, rides, rests, handovers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from taxi_qa.lab import city as town
from taxi_qa.lab.meter import Rate, Tariff
from taxi_qa.lab.motion import Track

Label = Literal["clear", "near_miss", "look_alike"]
LABELS: Final[tuple[Label, ...]] = ("clear", "near_miss", "look_alike")
DAY_S: Final = 86_400

# What is driven of the limit, on average.
CRUISE: Final = 0.72
RIDE: Final = 0.86
_MEDIAN_RIDE_M: Final = 4_600.0
_LONGEST_RIDE_M: Final = 24_000.0
_SHORT_RIDE_M: Final = 4_000.0
# In a hub's queue everybody waits as long as the queue is then, give or take: first come, first served. It
# grows and shrinks so slowly that who comes later never loads earlier by more than the bays' disorder.
_QUEUE_S: Final = 840.0
_QUEUE_SWING_S: Final = 240.0
_SWING_PERIOD_S: Final = 7_200.0
_BAYS_S: Final = 8.0


@dataclass
class Ride:
    """A metered ride, and what of its record is to be told wrongly."""

    trip_id: str
    driver_id: str
    on_s: int
    off_s: int
    from_m: tuple[float, float]
    to_m: tuple[float, float]
    passengers: int
    boarded_s: int
    alighted_s: int
    rate: Rate = "as_due"
    rating: int | None = None
    said_rate: str = ""
    burst_m: float = 0.0
    fare_off_yuan: float = 0.0
    paid_off_yuan: float = 0.0
    paid_yuan: float | None = None
    tip_yuan: float = 0.0
    tolls_yuan: float = 0.0
    payment: str = ""
    order_id: str = ""
    hide_waiting: bool = False
    hide_driver: bool = False
    taken: bool = False  # a plant already uses it


@dataclass
class Duty:
    """A driver's true turn on a car, and when he signed in and out."""

    driver_id: str
    start_s: int
    end_s: int
    signed_s: int
    left_s: int
    night: bool
    mode: "Mode"


@dataclass
class Happening:
    """Something a device reports."""

    kind: str
    at_s: int
    driver_id: str = ""
    value: float | None = None
    confidence: float | None = None
    duration_s: float | None = None
    level: int | None = None
    media: str = ""
    media_sha256: str = ""
    source: str = ""


@dataclass
class Truth:
    """A planted act; `start_s` and `end_s` count from the fleet's first midnight."""

    rule: str
    label: Label
    vehicle_id: str
    driver_id: str
    trip_id: str
    start_s: int
    end_s: int
    note: str
    company_id: str = ""


@dataclass
class Disturbance:
    """A span in which positions are lost, spoilt or late (seconds from the fleet's first midnight)."""

    kind: Literal[
        "silent", "unfixed", "zero", "silent_to_limit", "batch", "steady", "clock", "drift", "jumps"
    ]
    start_s: int
    end_s: int
    amount: float = 0.0


@dataclass(frozen=True)
class Closure:
    """A road somebody said was closed (seconds from the fleet's first midnight)."""

    way_id: int
    start_s: int
    end_s: int
    approved: bool


@dataclass(frozen=True)
class Mode:
    """How a shift is worked: hours to work, minutes of work before a rest, minutes of rest."""

    work_h: float = 9.2
    stretch_min: tuple[float, float] = (115.0, 150.0)
    rest_min: tuple[float, float] = (25.0, 45.0)
    queues: bool = True
    short_rides: bool = False
    handover_min: tuple[float, float] = (14.0, 30.0)


HONEST: Final = Mode()


@dataclass
class Life:
    """One car: what it is, what it has done so far and what was planted on it."""

    number: int
    vehicle_id: str
    company_id: str
    drivers: tuple[str, str]
    track: Track
    tariff: Tariff
    rng: np.random.Generator
    has_seat_sensor: bool
    old_meter: bool
    sends_driver: bool
    interval_s: int
    meter_factor: float
    electric: bool
    rides: list[Ride] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)
    rests: list[tuple[int, int]] = field(default_factory=list)
    awake: list[tuple[int, int]] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)
    disturbances: list[Disturbance] = field(default_factory=list)
    # At hubs: orders (driver, accepted, due), police orders, inspections (when, zone, driver, items).
    ordered: list[tuple[str, int, int]] = field(default_factory=list)
    sent_away: list[tuple[int, int]] = field(default_factory=list)
    inspected: list[tuple[int, str, str, dict[str, str]]] = field(default_factory=list)
    orders: list[dict[str, object]] = field(default_factory=list)
    complaints: list[dict[str, object]] = field(default_factory=list)
    inspections: list[dict[str, object]] = field(default_factory=list)
    records: list[dict[str, object]] = field(default_factory=list)
    commendations: list[dict[str, object]] = field(default_factory=list)
    repairs: list[dict[str, object]] = field(default_factory=list)
    excuses: list[dict[str, object]] = field(default_factory=list)
    device_status: list[dict[str, object]] = field(default_factory=list)
    papers: dict[str, dict[str, str]] = field(default_factory=dict)
    closures: list[Closure] = field(default_factory=list)
    ghosts: list[tuple[int, int]] = field(default_factory=list)

    @property
    def now(self) -> int:
        """The car's own present, a whole second."""
        return round(self.track.now_s)

    def happened(self, kind: str, at_s: int, *, honest_error_s: int = 2) -> None:
        """Notes an event of the seat sensor, where the car has one."""
        if self.has_seat_sensor or not kind.startswith("passenger_"):
            error = int(self.rng.integers(-honest_error_s, honest_error_s + 1)) if honest_error_s else 0
            self.happenings.append(Happening(kind, at_s + error))

    def planted(
        self,
        rule: str,
        label: Label,
        start_s: int,
        end_s: int,
        note: str,
        *,
        driver_id: str = "",
        trip_id: str = "",
    ) -> None:
        """Writes a line of the answer key."""
        self.truths.append(Truth(rule, label, self.vehicle_id, driver_id, trip_id, start_s, end_s, note))


# A scene is a planted stretch of a shift, acted out when the car is free.
Scene = Callable[[Life, Duty], None]


@dataclass(frozen=True)
class Planned:
    """A scene and the share of the shift after which it is acted."""

    after: float
    scene: Scene
    rest_first: bool = False


def live_day(
    life: Life, day: int, modes: tuple[Mode, Mode], scenes: tuple[list[Planned], list[Planned]]
) -> None:
    """Two shifts of a day: the morning's driver, the handover, the evening's driver, home."""
    morning = day * DAY_S + 6 * 3600 + int(life.rng.integers(0, 45)) * 60
    start = max(morning, life.now + 600)
    woken = start - int(life.rng.integers(200, 400))
    life.track.stand_until(woken)
    for turn in (0, 1):
        signed = start
        life.track.stand_until(start + int(life.rng.integers(60, 180)))
        duty = Duty(life.drivers[turn], start, 0, signed, 0, night=turn == 1, mode=modes[turn])
        life.duties.append(duty)
        _work(life, duty, scenes[turn])
        _go_home(life)
        life.track.stand(float(life.rng.integers(60, 200)))
        duty.end_s = duty.left_s = life.now
        if turn == 0:
            start = life.now + round(life.rng.uniform(*modes[0].handover_min) * 60)
    life.track.stand(float(life.rng.integers(60, 240)))
    life.awake.append((woken, life.now))


def _go_home(life: Life) -> None:
    depot = town.DEPOTS[life.number % len(town.DEPOTS)]
    life.track.drive(depot, CRUISE)


def _work(life: Life, duty: Duty, scenes: list[Planned]) -> None:
    until = duty.start_s + round(duty.mode.work_h * 3600)
    todo = sorted(scenes, key=lambda planned: planned.after)
    fresh_s, limit_s = life.now, _stretch_s(life, duty.mode)
    while life.now < until or todo:
        if todo and life.now >= duty.start_s + todo[0].after * (until - duty.start_s):
            planned = todo.pop(0)
            if planned.rest_first and life.now - fresh_s > 900:  # noqa: PLR2004 - has hardly begun
                rest(life, duty.mode)
                fresh_s, limit_s = life.now, _stretch_s(life, duty.mode)
            planned.scene(life, duty)
        elif life.now - fresh_s > limit_s:
            rest(life, duty.mode)
            fresh_s, limit_s = life.now, _stretch_s(life, duty.mode)
        else:
            find_fare(life, duty)
    if life.now - fresh_s > limit_s:
        rest(life, duty.mode)  # the way home is long too


def _stretch_s(life: Life, mode: Mode) -> float:
    return float(life.rng.uniform(*mode.stretch_min)) * 60.0


def rest(life: Life, mode: Mode = HONEST) -> None:
    """A rest at the nearest rank, standing."""
    begun = life.now
    at_hub = town.hub_at(life.track.node) is not None
    if at_hub:
        life.happened("pause_sign_on", begun, honest_error_s=0)
    life.track.stand(float(life.rng.uniform(*mode.rest_min)) * 60.0)
    if at_hub:
        # He moves off with the sign up, and takes it down round the corner.
        cruise(life, 800)
        life.happened("pause_sign_off", life.now, honest_error_s=0)
    life.rests.append((begun, life.now))


def find_fare(life: Life, duty: Duty) -> Ride:
    """Cruises or waits at a rank, then carries somebody."""
    rng = life.rng
    if town.is_outside(life.track.node):
        life.track.drive((54, int(rng.integers(8, town.RIVER_ROW))), CRUISE)
    if rng.random() < 0.3 and duty.mode.queues:  # noqa: PLR2004 - the share of rank rides
        to_rank(life)
        queue(life)
    else:
        cruise(life, float(rng.uniform(600, 2_800)))
        while town.hub_at(life.track.node) is not None:  # who has not queued there loads elsewhere
            cruise(life, float(rng.uniform(600, 2_800)))
        life.track.stand(float(rng.uniform(0, 30)))
    return carry(life, duty, choose_goal(life, duty.mode))


def choose_goal(life: Life, mode: Mode = HONEST) -> town.Node:
    """Where a passenger wants to go from here."""
    rng = life.rng
    if mode.short_rides:
        return town.node_near(life.track.node, float(rng.uniform(1_500, _SHORT_RIDE_M)), rng)
    if rng.random() < 0.015 and life.track.node[0] > 40:  # noqa: PLR2004 - a few rides leave the city
        return town.node_near((town.LAST_CITY_COLUMN + 5, life.track.node[1]), 2_000, rng, outside=True)
    far = float(np.clip(rng.lognormal(np.log(_MEDIAN_RIDE_M), 0.65), 1_200, _LONGEST_RIDE_M))
    return town.node_near(life.track.node, far, rng)


def cruise(life: Life, distance_m: float) -> None:
    """Drives empty about that far."""
    goal = town.node_near(life.track.node, distance_m, life.rng)
    life.track.drive(goal, CRUISE)


def to_rank(life: Life) -> None:
    """Drives empty to the nearest rank."""
    here = np.array(life.track.node)
    nearest = min(town.RANKS, key=lambda rank: int(np.abs(here - rank).sum()))
    life.track.drive(nearest, CRUISE)


def queue(life: Life) -> None:
    """Waits for passengers at a rank; at a hub in turn."""
    hub = town.hub_at(life.track.node)
    if hub is None:
        life.track.stand(float(life.rng.uniform(90, 840)))
    else:
        life.track.stand(queue_s(hub, life.now) + float(life.rng.uniform(-_BAYS_S, _BAYS_S)))


def queue_s(hub: int, arrived_s: int) -> float:
    """How long who comes now waits at a hub (by its number)."""
    swing = np.sin(2 * np.pi * (arrived_s / _SWING_PERIOD_S + hub / 3.0))
    return float(_QUEUE_S + _QUEUE_SWING_S * swing)


def carry(life: Life, duty: Duty, goal: town.Node) -> Ride:
    """An honest ride: they board, the meter starts, they arrive, the meter stops, they pay and leave."""
    rng, track = life.rng, life.track
    track.stand(float(rng.uniform(6, 20)))
    boarded = life.now
    track.stand(float(rng.uniform(4, 12)))
    ride = start_meter(life, duty)
    track.drive(goal, RIDE)
    track.stand(float(rng.uniform(2, 8)))
    stop_meter(life, ride)
    track.stand(float(rng.uniform(10, 45)))
    ride.boarded_s, ride.alighted_s = boarded, life.now
    life.happened("passenger_boarded", boarded)
    life.happened("passenger_alighted", life.now)
    track.stand(float(rng.uniform(4, 10)))
    return ride


def start_meter(life: Life, duty: Duty) -> Ride:
    """The meter is started here and now."""
    ride = Ride(
        trip_id=f"R{life.number:04d}-{len(life.rides) + 1:04d}",
        driver_id=duty.driver_id,
        on_s=life.now,
        off_s=life.now,
        from_m=life.track.at_m,
        to_m=life.track.at_m,
        passengers=int(life.rng.choice([1, 1, 1, 2, 2, 3, 4])),
        boarded_s=life.now,
        alighted_s=life.now,
    )
    life.rides.append(ride)
    return ride


def stop_meter(life: Life, ride: Ride) -> None:
    """The meter is stopped here and now."""
    ride.off_s, ride.to_m = life.now, life.track.at_m
