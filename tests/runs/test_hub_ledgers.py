"""The ledger of hubs as it is kept for drivers: the rows of the export, with the band of their hub beside."""

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from taxi_qa.runs.facts import ledger
from taxi_qa.runs.hub_ledgers import band_of, keep_ledgers
from taxi_qa.store.account_tables import DriverHub
from taxi_qa.store.hub_turns import days_of_ledgers, hub_turns_of
from taxi_qa.store.library import data_span
from taxi_qa.store.scope import Scope
from taxi_qa.store.tables import table_of
from tests.runs.conftest import NOW_MS, NewHome


def test_every_named_row_of_the_export_is_kept_once_however_often_it_is_worked_out(new_home: NewHome) -> None:
    home = new_home()
    span = data_span(home)
    assert span is not None
    assert days_of_ledgers(home) is None
    for _ in range(2):
        drivers = keep_ledgers(home, from_day=span[0], to_day=span[1], now_ms=NOW_MS)
    assert days_of_ledgers(home) == span
    told = ledger(home)
    told = told[told["driver_id"] != ""].set_index(["driver_id", "hub"]).sort_index()
    assert drivers == told.index.get_level_values(0).nunique() > 0
    table = table_of(DriverHub)
    with home.engine.connect() as connection:
        kept = pd.DataFrame([dict(row._mapping) for row in connection.execute(select(table))])
    kept = kept.set_index(["driver_id", "hub"]).sort_index()
    assert list(kept.index) == list(told.index)
    for name in ("turns", "loaded", "laps", "overtaken", "short_trips", "waits_say"):
        assert kept[name].tolist() == told[name].tolist(), name
    np.testing.assert_allclose(
        kept["wait_median_s"].to_numpy(dtype=float), told["wait_median_s"].to_numpy(dtype=float)
    )


def test_whoever_may_see_a_driver_sees_his_ledger(new_home: NewHome) -> None:
    home = new_home()
    span = data_span(home)
    assert span is not None
    keep_ledgers(home, from_day=span[0], to_day=span[1], now_ms=NOW_MS)
    told = ledger(home)
    one = told[told["driver_id"] != ""].iloc[0]
    who, company = str(one["driver_id"]), str(one["company_id"])
    whole = hub_turns_of(home, Scope(whole_city=True), who)
    assert whole[0]["hub"] == ""
    assert hub_turns_of(home, Scope(driver_id=who), who) == whole
    assert hub_turns_of(home, Scope(driver_id="somebody else"), who) == []
    assert hub_turns_of(home, Scope(company_id="another"), who) == []
    assert hub_turns_of(home, Scope(), who) == []
    if company:
        assert hub_turns_of(home, Scope(company_id=company), who) == whole


def fleet(*waits: float, turns: int = 8) -> pd.DataFrame:
    many = len(waits)
    return pd.DataFrame(
        {
            "turns": [turns] * many,
            "wait_median_s": waits,
            "short_compared": [0] * many,
            "short_trips": [0] * many,
        }
    )


def test_a_band_is_that_of_drivers_with_enough_turns() -> None:
    told = band_of(pd.concat([fleet(60, 120, 180, 240, 300), fleet(9_000, turns=7)]))
    # Five drivers: the tenth part lies 0.4 of the way from the first to the second, 60 + 0.4 x 60.
    assert told["fleet_n"] == 5
    assert (told["fleet_wait_low_s"], told["fleet_wait_mid_s"], told["fleet_wait_high_s"]) == pytest.approx(
        (84, 180, 276)
    )
    assert told["fleet_short_n"] == 0


def test_of_fewer_than_five_there_is_no_band() -> None:
    told = band_of(fleet(60, 120, 180, 240))
    assert (told["fleet_n"], told["fleet_wait_low_s"], told["fleet_wait_high_s"]) == (4, None, None)
