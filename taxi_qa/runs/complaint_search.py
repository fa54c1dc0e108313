"""The records a complaint is compared with: the trips of the whole city around its time, and their tracks."""

import numpy as np

from taxi_qa.facts.candidates import Candidate, Wanted, candidates
from taxi_qa.facts.given import Given, instants, words
from taxi_qa.facts.track import lay
from taxi_qa.records.fixes import empty_fixes
from taxi_qa.records.kinds import KINDS
from taxi_qa.runs.gather import law_of
from taxi_qa.store import library, positions
from taxi_qa.store.home import Home
from taxi_qa.store.positions import Stretch
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_S, city_day

_TRIP_COLUMNS = (
    "trip_id", "vehicle_id", "boarded_ms", "alighted_ms", "fare_fen", "surcharge_fen", "tolls_fen",
    "paid_fen", "passengers", "boarded_lon", "boarded_lat", "alighted_lon", "alighted_lat",
)  # fmt: skip


def search(home: Home, wanted: Wanted) -> list[Candidate]:
    """The trips and cars a complaint may mean, best first.

    Args:
        home: where.
        wanted: what the complaint tells.
    """
    law = law_of(home.city)
    around_ms = int(law.number("house.complaint.around_s", wanted.from_ms)) * MS_PER_S
    from_ms, to_ms = wanted.from_ms - around_ms, wanted.to_ms + around_ms
    tables = {kind: library.records(home, kind, from_ms=0, to_ms=0) for kind in ("events",)}
    trips = library.records(
        home, "trips", from_ms=from_ms - MS_PER_DAY, to_ms=to_ms + 1, columns=_TRIP_COLUMNS, plain_texts=True
    )
    trips = trips[instants(trips["alighted_ms"], 0) >= from_ms].reset_index(drop=True)
    shifts = library.records(
        home, "shifts", from_ms=from_ms - 2 * MS_PER_DAY, to_ms=to_ms + 1, plain_texts=True
    )
    register = library.records(home, "vehicles", columns=("vehicle_id", "company_id"), plain_texts=True)
    tables |= {"trips": trips, "shifts": shifts, "vehicles": register}
    cars = {str(name) for name in words(trips["vehicle_id"])}
    if wanted.plate:
        known = {*words(register["vehicle_id"]), *library.vehicles_seen(home)["vehicle_id"]}
        cars |= {str(name) for name in known if wanted.plate in str(name).upper()}
    first, last = (int(day) for day in city_day(np.array([from_ms, to_ms]), home.timezone))
    around = Stretch(tuple(range(first, last + 1)), tuple(range(home.buckets)), from_ms, to_ms + 1)
    fixes = positions.fixes_of(home, around, ("speed_ckmh",), cars) if cars else empty_fixes()
    given = Given(
        zone=home.timezone,
        from_ms=from_ms,
        to_ms=to_ms,
        heard_to_ms=to_ms,
        fixes=fixes,
        track=lay(fixes, law.number("house.quality.jump_kmh", wanted.from_ms)),
        tables=tables,
        feeds={kind: frozenset() for kind in KINDS},
        seen={},
        areas={},
    )
    return candidates(given, law, wanted)
