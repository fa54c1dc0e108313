"""A day at its hubs as it is kept for pages: worked out once, read by hub, and known to be stale."""

from pathlib import Path

import pandas as pd

from taxi_qa.runs.facts import ledger
from taxi_qa.runs.hub_days import ROUND, TURN, days_kept, hub_day, keep_hub_day, keep_hub_days
from taxi_qa.store.home import writing
from taxi_qa.store.library import data_span
from taxi_qa.store.presence import last_delivery
from taxi_qa.values.clock import day_start_ms
from tests.runs.conftest import NOW_MS, NewHome
from tests.store.making import delivery, rows, trip


def test_every_turn_of_the_ledger_is_kept_with_its_hub(new_home: NewHome) -> None:
    home = new_home()
    span = data_span(home)
    assert span is not None
    told = dict(keep_hub_days(home, *span, NOW_MS))
    assert sum(told.values()) > 0
    assert days_kept(home) == sorted(told, reverse=True)
    whole = ledger(home)
    by_hub = whole[whole["hub"] != ""].groupby("hub")["turns"].sum()
    for hub, turns in by_hub.items():
        queued = 0
        for day in told:
            kept = hub_day(home, day, str(hub))
            assert kept is not None
            # Those of the evening before are kept with a day, too: they are counted with their own.
            began = kept.turns["start_ms"] >= day_start_ms(day, home.timezone)
            queued += int((kept.turns["is_queued"].astype(bool) & began).sum())
        assert queued == turns, hub


def test_a_day_nobody_worked_out_is_not_an_empty_one(new_home: NewHome) -> None:
    home = new_home()
    assert hub_day(home, 20_000, "HUB1") is None
    keep_hub_day(home, 20_000, pd.DataFrame(), pd.DataFrame(), delivery=1, made_ms=NOW_MS)
    nothing = hub_day(home, 20_000, "HUB1")
    assert nothing is not None
    assert nothing.turns.empty
    assert tuple(nothing.turns.columns) == TURN
    assert tuple(nothing.rounds.columns) == ROUND
    assert nothing.made_ms == NOW_MS
    assert not nothing.is_stale


def test_what_came_in_since_makes_it_stale(new_home: NewHome) -> None:
    home = new_home()
    day = 20_100
    keep_hub_day(home, day, pd.DataFrame(), pd.DataFrame(), delivery=last_delivery(home), made_ms=NOW_MS)
    with writing(home), delivery(home, sha256="later") as going_in:
        going_in.add_records("trips", rows("trips", trip("late", boarded_ms=day * 86_400_000)))
        going_in.commit()
    kept = hub_day(home, day, "HUB1")
    assert kept is not None
    assert kept.is_stale


def test_a_file_that_cannot_be_read_is_as_if_it_were_not_there(new_home: NewHome) -> None:
    home = new_home()
    keep_hub_day(home, 20_000, pd.DataFrame(), pd.DataFrame(), delivery=1, made_ms=NOW_MS)
    [file] = Path(home.derived).glob("hub_days/*/hub_visits.parquet")
    file.write_bytes(b"half a file")
    assert hub_day(home, 20_000, "HUB1") is None
