"""What the home holds at all, day by day: tells "this car sent none" from "nobody sends any"."""

from statistics import median_low

from sqlalchemy import func, select
from sqlmodel import col

from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
from taxi_qa.store.tables import Presence, Segment, Source

POSITIONS = "positions"


def feeds(home: Home, from_day: int, to_day: int) -> dict[str, frozenset[int]]:
    """The city days of each kind on which the home holds any such record, both days included."""
    query = (
        select(col(Presence.kind), col(Presence.day))
        .where(col(Presence.day).between(from_day, to_day), col(Presence.rows) > 0)
        .distinct()
    )
    days: dict[str, set[int]] = {}
    with home.engine.connect() as connection:
        for kind, day in fetch(connection, query):
            days.setdefault(str(kind), set()).add(int(day))
    return {kind: frozenset(found) for kind, found in days.items()}


def days_of(home: Home, kind: str) -> list[int]:
    """The city days on which the home holds records of a kind, sorted."""
    query = (
        select(col(Presence.day)).where(col(Presence.kind) == kind, col(Presence.rows) > 0).distinct()
        .order_by(col(Presence.day))
    )  # fmt: skip
    with home.engine.connect() as connection:
        return [int(day) for (day,) in fetch(connection, query)]


def position_rows(home: Home, from_day: int, to_day: int) -> dict[tuple[int, int], int]:
    """How many positions each (day, bucket) holds, both days included."""
    query = select(col(Presence.day), col(Presence.bucket), col(Presence.rows)).where(
        col(Presence.kind) == POSITIONS, col(Presence.day).between(from_day, to_day)
    )
    with home.engine.connect() as connection:
        return {(int(day), int(bucket)): int(rows) for day, bucket, rows in fetch(connection, query)}


def rows_of(home: Home, kind: str, day: int) -> int:
    """How many rows of a kind the home holds on a day."""
    query = select(func.sum(col(Presence.rows))).where(col(Presence.kind) == kind, col(Presence.day) == day)
    with home.engine.connect() as connection:
        return int(fetch(connection, query)[0][0] or 0)


def delivered(home: Home, from_day: int, to_day: int) -> dict[tuple[str, int, int], int]:
    """(kind, day, bucket) -> the last delivery that touched it, both days included."""
    query = select(col(Presence.kind), col(Presence.day), col(Presence.bucket), col(Presence.delivery)).where(
        col(Presence.day).between(from_day, to_day)
    )
    with home.engine.connect() as connection:
        return {
            (str(kind), int(day), int(bucket)): int(delivery)
            for kind, day, bucket, delivery in fetch(connection, query)
        }


def delivered_ever(home: Home) -> dict[str, int]:
    """Kind -> the last delivery of any of it."""
    query = select(col(Source.kind), func.max(col(Source.id))).group_by(col(Source.kind))
    with home.engine.connect() as connection:
        return {str(kind): int(delivery) for kind, delivery in fetch(connection, query)}


def last_delivery(home: Home) -> int:
    """A number that grows with every delivery: the same number, the same data."""
    with home.engine.connect() as connection:
        return int(fetch(connection, select(func.max(col(Source.id))))[0][0] or 0)


def heard_to_ms(home: Home, day: int) -> int | None:
    """The last instant of a day up to which the fleet was heard, None where later days hold positions.

    The middle one of the buckets' last positions: a single car whose clock runs ahead moves nothing.
    """
    rows = (
        select(col(Presence.day), func.sum(col(Presence.rows)))
        .where(col(Presence.kind) == POSITIONS, col(Presence.day).between(day, day + 2))
        .group_by(col(Presence.day))
    )
    last = select(col(Segment.bucket), func.max(col(Segment.last_ms))).where(col(Segment.day) == day)
    with home.engine.connect() as connection:
        held = {int(at): int(number) for at, number in fetch(connection, rows)}
        ends = [int(end) for _, end in fetch(connection, last.group_by(col(Segment.bucket)))]
    later = sum(number for at, number in held.items() if at > day)
    # A few rows with a clock ahead do not make a day.
    if not ends or later * 100 > held.get(day, 0):
        return None
    return median_low(ends)
