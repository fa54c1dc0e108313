"""The units rules judge, by name: what makes each, and over which span it is made.

Day units come from one `Given`. Each day leaves parts behind. Period units are folded from them, and some
day units look back on those of the days before; so an answer depends on the data alone, never on which days
a run was asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import pandas as pd

from taxi_qa.facts.bargains import bargain_complaints, bargained_trips
from taxi_qa.facts.cabins import cabins
from taxi_qa.facts.camera_episodes import camera_acts
from taxi_qa.facts.carriages import carriages, occupied_runs
from taxi_qa.facts.changes import CHANGES_READ, abandonments, transfers
from taxi_qa.facts.complaint_desk import DESK_READ, desk_months
from taxi_qa.facts.complaints import COMPLAINTS_READ, complaints
from taxi_qa.facts.cuts import cut_part, cut_weeks
from taxi_qa.facts.delays import delay_part, vehicle_months
from taxi_qa.facts.device_outages import camera_outages, meter_outages
from taxi_qa.facts.documents import (
    COMMENDATIONS_READ,
    MARKS_READ,
    RECEIPTS_READ,
    RECORDS_READ,
    cleanliness,
    commendations,
    driver_records,
    marks,
    receipts,
)
from taxi_qa.facts.driven_routes import driven_routes
from taxi_qa.facts.driven_trips import passes_part, trips_part
from taxi_qa.facts.driving import driving_spells
from taxi_qa.facts.equipment import DEVICES, company_delays, equipment_months, equipment_part
from taxi_qa.facts.faulty_drives import faulty_drives
from taxi_qa.facts.given import Given
from taxi_qa.facts.hails import hails, refusal_complaints
from taxi_qa.facts.harsh import harsh_months, harsh_part
from taxi_qa.facts.hub_pickups import hub_pickups
from taxi_qa.facts.hub_queues import hub_departures, hub_visits, visits_part
from taxi_qa.facts.hub_rounds import hub_rounds, rounds_part
from taxi_qa.facts.hub_watches import COOPERATION_READ, cooperation, hub_watches
from taxi_qa.facts.meters import meter_trips, meter_weeks, week_part
from taxi_qa.facts.orders import orders
from taxi_qa.facts.papers import DRIVER_DAYS_READ, driver_days
from taxi_qa.facts.past import DRIVEN_TRIPS, ROAD_PASSES
from taxi_qa.facts.ratings import company_ratings, driver_ratings, ratings_part
from taxi_qa.facts.repair_jobs import REPAIRS_READ, repair_jobs
from taxi_qa.facts.speed_stretches import speed_stretches
from taxi_qa.facts.streams import plates
from taxi_qa.facts.trip_roads import trip_roads
from taxi_qa.facts.trips import metered_trips
from taxi_qa.facts.uptime import outages
from taxi_qa.facts.yielding import yield_acts
from taxi_qa.law.parameter import Law
from taxi_qa.values.columns import Columns

Period = Literal["day", "week", "month"]

# Goes up whenever a part means something else: parts kept from an earlier version are then made anew.
PARTS_VERSION: Final = 5


@dataclass
class DayUnits:
    """The units of one day and bucket, each made once, when first asked for."""

    given: Given
    law: Law
    _made: dict[str, Columns] = field(default_factory=dict)

    def rows(self, unit: str) -> Columns:
        """The rows of that unit.

        Raises:
            KeyError: no day unit has that name.
        """
        if unit not in self._made:
            self._made[unit] = DAY_UNITS[unit](self)
        return self._made[unit]


@dataclass(frozen=True)
class Leaves:
    """What a day leaves behind for other days' judging.

    Attributes:
        made_of: the kind of record without which a day leaves nothing.
        part: makes it; has a column `vehicle_id`.
        reads: the kinds of record it is made from: a delivery of others makes no part stale.
        on_roads: whether it is made from the roads of the home, too.
    """

    made_of: str
    part: Callable[[DayUnits], pd.DataFrame]
    reads: tuple[str, ...]
    on_roads: bool = False


@dataclass(frozen=True)
class Fold:
    """A unit of a period.

    Attributes:
        period: how long it is.
        fold: the unit from what its days left (`LEFT`, by the unit's name), its begin and its end (ms).
        of_city: made once of what the days of all buckets left, not bucket by bucket.
        left: the part it is made from, if that has another unit's name.
        back_days: how many days before the period it looks back on, too.
    """

    period: Period
    fold: Callable[[pd.DataFrame, int, int], Columns]
    of_city: bool = False
    left: str = ""
    back_days: int = 0


@dataclass(frozen=True)
class CityUnit:
    """A unit made once for the whole city, and the only columns it reads: a city has many rows.

    Attributes:
        make: the unit from the records of a day or a period, without positions.
        reads: kind of record -> the columns of it that are read.
        period: how long a time it is made of at once; None: a day.
    """

    make: Callable[[Given, Law], Columns]
    reads: Mapping[str, tuple[str, ...]]
    period: Period | None = None


def complaints_of(category: str) -> CityUnit:
    """The unit of one category of complaints."""
    return CityUnit(lambda given, law: complaints(given, law, (category,)), COMPLAINTS_READ)


# What day units and parts read of the larger kinds: kind -> columns. Kinds not named are read whole.
DAY_READS: Final[dict[str, tuple[str, ...]]] = {
    "trips": (
        "trip_id", "vehicle_id", "driver_id", "boarded_ms", "alighted_ms", "metered_m", "waiting_s",
        "fare_fen", "surcharge_fen", "tolls_fen", "paid_fen", "tip_fen", "payment", "rate_code",
        "boarded_lon", "boarded_lat", "alighted_lon", "alighted_lat", "boarded_zone", "alighted_zone",
        "datum", "order_id",
        "rating",
    ),
    "events": (
        "event_id", "vehicle_id", "time_ms", "kind", "driver_id", "value", "confidence", "duration_s",
        "level", "media", "media_sha256", "source",
    ),
    "vehicles": (
        "vehicle_id", "company_id", "seats", "energy", "has_belt_sensor", "has_seat_sensor", "has_camera",
    ),
}  # fmt: skip

# Judged day by day, bucket by bucket.
DAY_UNITS: Final[dict[str, Callable[[DayUnits], Columns]]] = {
    "trips": lambda day: metered_trips(day.given, day.law),
    "carriages": lambda day: carriages(day.given, day.law),
    "outages": lambda day: outages(day.given, day.law),
    "camera_outages": lambda day: camera_outages(day.given, day.law),
    "meter_outages": lambda day: meter_outages(day.given, day.law),
    "faulty_drives": lambda day: faulty_drives(day.rows("trips"), day.given, day.law),
    "driving_spells": lambda day: driving_spells(day.given, day.law),
    "plates": lambda day: plates(day.given, day.law),
    "speed_stretches": lambda day: speed_stretches(day.given, day.law),
    "driven_routes": lambda day: driven_routes(day.rows("trips"), day.given, day.law),
    "cabins": lambda day: cabins(day.rows("trips"), day.given, day.law),
    "smoking_acts": lambda day: camera_acts(day.given, day.law, "smoking"),
    "eating_acts": lambda day: camera_acts(day.given, day.law, "eating"),
    "phone_acts": lambda day: camera_acts(day.given, day.law, "phone"),
    "belt_acts": lambda day: camera_acts(day.given, day.law, "no_belt_driver"),
    "covered_lenses": lambda day: camera_acts(day.given, day.law, "lens_covered"),
    "yield_acts": lambda day: yield_acts(day.given, day.law),
    "meter_checks": lambda day: meter_trips(day.rows("trips"), day.given, day.law),
    "orders": lambda day: orders(day.given, day.law),
    "bargains": lambda day: bargained_trips(day.rows("trips")),
    "refusals": lambda day: hails(day.given, day.law),
    "hub_pickups": lambda day: hub_pickups(day.rows("trips"), day.given, day.law),
    "hub_watches": lambda day: hub_watches(day.given, day.law),
}

# What a day holds beside the units: facts a person may want to see, and no rule judges by themselves.
DAY_FACTS: Final[dict[str, Callable[[DayUnits], Columns]]] = {
    "occupied_runs": lambda day: occupied_runs(day.given),
    "trip_roads": lambda day: trip_roads(day.rows("trips"), day.given, day.law),
    **DAY_UNITS,
}

# Judged once a day (or a period) for the whole city: a driver may drive cars of several buckets.
CITY_UNITS: Final[dict[str, CityUnit]] = {
    "driver_days": CityUnit(driver_days, DRIVER_DAYS_READ),
    "complaints": CityUnit(complaints, COMPLAINTS_READ),
    "discourtesies": complaints_of("discourtesy"),
    "lost_properties": complaints_of("lost_property"),
    "bargains": CityUnit(bargain_complaints, COMPLAINTS_READ),
    "transfers": CityUnit(transfers, CHANGES_READ),
    "abandonments": CityUnit(abandonments, CHANGES_READ),
    "refusals": CityUnit(refusal_complaints, COMPLAINTS_READ),
    "receipts": CityUnit(receipts, RECEIPTS_READ),
    "cleanliness": CityUnit(cleanliness, RECEIPTS_READ),
    "marks": CityUnit(marks, MARKS_READ),
    "repair_jobs": CityUnit(repair_jobs, REPAIRS_READ),
    "driver_records": CityUnit(driver_records, RECORDS_READ),
    "commendations": CityUnit(commendations, COMMENDATIONS_READ),
    "desk_months": CityUnit(desk_months, DESK_READ, "month"),
    "cooperation": CityUnit(cooperation, COOPERATION_READ),
}

_ALL_OF_CARS: Final = (
    "positions", "trips", "shifts", "events", "device_status", "repairs", "vehicles", "zones",
)  # fmt: skip
_OF_HUBS: Final = (
    "positions", "trips", "shifts", "events", "orders", "complaints", "vehicles", "zones",
)  # fmt: skip

_RATINGS: Final = Leaves("trips", lambda day: ratings_part(day.rows("trips"), day.given), _ALL_OF_CARS)


def _equipment(day: DayUnits) -> pd.DataFrame:
    return equipment_part(day.given, day.law, {unit: day.rows(unit) for unit, _, _ in DEVICES.values()})


# What days leave behind, by name; what is left for a period has the name of the period's unit.
LEFT: Final[dict[str, Leaves]] = {
    "meter_checks": Leaves(
        "trips", lambda day: week_part(day.rows("meter_checks")), _ALL_OF_CARS, on_roads=True
    ),
    "driver_ratings": _RATINGS,
    "harsh_months": Leaves("positions", lambda day: harsh_part(day.given, day.law), _ALL_OF_CARS),
    "vehicle_months": Leaves(
        "positions", lambda day: delay_part(day.given, day.law), (*_ALL_OF_CARS, "excuses")
    ),
    "equipment_months": Leaves("positions", _equipment, (*_ALL_OF_CARS, "excuses")),
    "cut_weeks": Leaves("positions", lambda day: cut_part(day.given, day.law), (*_ALL_OF_CARS, "excuses")),
    "hub_visits": Leaves("positions", lambda day: visits_part(day.given, day.law), _OF_HUBS),
    "hub_rounds": Leaves("positions", lambda day: rounds_part(day.given, day.law), _OF_HUBS),
    DRIVEN_TRIPS: Leaves(
        "trips", lambda day: trips_part(day.rows("trips"), day.given, day.law), ("positions", "trips")
    ),
    ROAD_PASSES: Leaves(
        "trips",
        lambda day: passes_part(day.rows("trips"), day.given, day.law),
        ("positions", "trips"),
        on_roads=True,
    ),
}

# Judged once a period, bucket by bucket or for the whole city.
FOLDS: Final[dict[str, Fold]] = {
    "meter_checks": Fold("week", meter_weeks, back_days=21),
    "vehicle_months": Fold("month", vehicle_months),
    "driver_ratings": Fold("month", driver_ratings, of_city=True),
    "company_ratings": Fold("month", company_ratings, of_city=True, left="driver_ratings"),
    "cut_weeks": Fold("week", cut_weeks),
    "harsh_months": Fold("month", harsh_months, of_city=True),
    "equipment_months": Fold("month", equipment_months, of_city=True),
    "company_delays": Fold("month", company_delays, of_city=True, left="vehicle_months"),
    # A queue holds cars of all buckets: their turns are put in order when every bucket's day is over.
    "hub_visits": Fold("day", hub_visits, of_city=True),
    "hub_departures": Fold("day", hub_departures, of_city=True, left="hub_visits"),
    "hub_rounds": Fold("day", hub_rounds, of_city=True),
}


def left_of(unit: str) -> str:
    """The name of the part a period's unit is made from."""
    return FOLDS[unit].left or unit


# Day units that look back on what the whole city's days before left.
LOOKS_BACK: Final[dict[str, tuple[str, ...]]] = {"driven_routes": (DRIVEN_TRIPS, ROAD_PASSES)}

UNITS: Final = frozenset(DAY_UNITS) | frozenset(CITY_UNITS) | frozenset(FOLDS)
