"""Kept counts: after every step of anybody, of another process too, they are those of a fresh count."""

from typing import Any

from sqlalchemy import func, select

from taxi_qa.store.account_tables import CaseZone, ListVersion
from taxi_qa.store.browse import CASES, INDICES, STANDINGS, Listing, Wanted, count, count_by, in_zones
from taxi_qa.store.case_places import keep_places
from taxi_qa.store.desk_tables import CaseRow
from taxi_qa.store.engine import transaction
from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home, open_home
from taxi_qa.store.kept_counts import case_moved, counted, lists_changed
from taxi_qa.store.kept_lists import keep_indices, keep_standings
from taxi_qa.store.scope import Scope
from taxi_qa.store.tables import table_of
from tests.review.desks import Hand, opened

ALL = Scope(whole_city=True).cases()


def states(home: Home) -> dict[str, int]:
    return count_by(home, CASES, ALL, "state")


def test_every_step_is_counted_at_once_in_every_process(home: Home) -> None:
    other = open_home(home.path, home.engine.url.render_as_string(hide_password=False))
    assert states(home) == states(other) == {}
    desk, case_id = opened(home)
    assert states(home) == states(other) == {"queued": 1}
    hand = Hand(desk, case_id)
    for action, who in (("propose", "r1"), ("answer", "D1"), ("confirm", "r2"), ("appeal", "D1")):
        hand(action, who, days=0.1)
        assert states(home) == states(other) == {hand.state: 1}
    other.engine.dispose()


def test_a_driver_who_is_told_counts_the_case_from_then_on(home: Home) -> None:
    desk, case_id = opened(home)
    with home.engine.connect() as connection:
        ((driver_id,),) = fetch(connection, select(table_of(CaseRow).c.driver_id))
    his = Scope(driver_id=str(driver_id)).cases()
    assert count(home, CASES, his, Wanted()) == 0
    Hand(desk, case_id)("propose", "r1")
    assert count(home, CASES, his, Wanted()) == 1


def test_what_is_taken_back_is_not_counted(home: Home) -> None:
    desk, case_id = opened(home)
    assert states(home) == {"queued": 1}

    with transaction(home.engine) as connection:
        lists_changed(connection)
        connection.execute(table_of(CaseRow).update().values(state="gone"))
        connection.rollback()
    assert states(home) == {"queued": 1}
    Hand(desk, case_id)("dismiss", "r1", "wrong_limit")
    assert states(home) == {"dismissed": 1}


def test_places_and_what_is_kept_of_drivers_are_counted_anew(home: Home) -> None:
    _desk, case_id = opened(home)
    here = in_zones(("hub-1",))
    assert count(home, CASES, here, Wanted()) == 0
    with transaction(home.engine) as connection:
        keep_places(connection, [(case_id, "hub-1")])
    assert count(home, CASES, here, Wanted()) == 1

    def total(listing: Listing) -> int:
        return count(home, listing, Scope(whole_city=True).standings(), Wanted())

    assert (total(STANDINGS), total(INDICES)) == (0, 0)
    keep_standings(home, [_filled(STANDINGS)])
    keep_indices(home, [_filled(INDICES)])
    assert (total(STANDINGS), total(INDICES)) == (1, 1)
    keep_standings(home, [])
    assert (total(STANDINGS), total(INDICES)) == (0, 1)


def _filled(listing: Listing) -> dict[str, Any]:
    of_type = {"str": "x", "boolean": True, "Int64": 1, "float64": 1.0}
    return {name: of_type[dtype] for name, dtype in listing.columns}


def test_a_count_is_asked_for_once_until_something_changes(home: Home) -> None:
    """A zone that is written past `lists_changed` is not seen: so it is memory that answers."""
    desk, case_id = opened(home)
    query = select(func.count()).select_from(table_of(CaseZone))
    with home.engine.connect() as connection:
        assert counted(connection, query) == [(0,)]
    with transaction(home.engine) as connection:
        connection.execute(table_of(CaseZone).insert(), [{"case_id": case_id, "zone_id": "z"}])
    with home.engine.connect() as connection:
        assert counted(connection, query) == [(0,)]
    # A step with a case writes no zone: still memory.
    Hand(desk, case_id)("propose", "r1")
    with home.engine.connect() as connection:
        assert counted(connection, query) == [(0,)]
    with transaction(home.engine) as connection:
        lists_changed(connection)
    with home.engine.connect() as connection:
        assert counted(connection, query) == [(1,)]


def test_both_kinds_of_change_are_told_once_each_in_a_transaction(home: Home) -> None:
    table = table_of(ListVersion)
    for _ in range(2):
        with transaction(home.engine) as connection:
            for tell in (lists_changed, case_moved, case_moved, lists_changed):
                tell(connection)
    with home.engine.connect() as connection:
        assert fetch(connection, select(table.c.written, table.c.moved)) == [(2, 2)]
