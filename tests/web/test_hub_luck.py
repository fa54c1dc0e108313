"""A driver's own ledger of hubs: his figures beside the band, luck called luck."""

from collections.abc import Callable
from typing import Any

import pytest

from taxi_qa.store.kept_lists import keep_hub_ledger
from tests.web.conftest import City, status_of, text_of

OwnCity = Callable[..., City]


def row(driver_id: str, hub: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - columns of the ledger
    told = {
        "driver_id": driver_id, "hub": hub, "company_id": "C1", "turns": 20, "loaded": 17, "left_empty": 3,
        "wait_median_s": 1_500.0, "ahead_median": 11.0, "over_max_wait": 1, "compared": 16,
        "waited_least": 3, "waited_most": 5, "beyond_median_s": 600.0, "overtook": 0, "overtaken": 4,
        "short_compared": 16, "short_trips": 6, "short_expected": 4.5, "rounds": 2, "laps": 3, "circled": 0,
        "waits_say": "longer, and overtaken", "shorts_say": "chance", "fleet_n": 31,
        "fleet_wait_low_s": 300.0, "fleet_wait_mid_s": 840.0, "fleet_wait_high_s": 1_200.0,
        "fleet_short_n": 31, "fleet_short_low": 0.1, "fleet_short_mid": 0.25, "fleet_short_high": 0.4,
        "from_day": 20_717, "to_day": 20_746, "kept_ms": 1,
    }  # fmt: skip
    return told | more


@pytest.fixture
def city(own_city: OwnCity) -> City:
    return own_city()


def test_his_own_waits_stand_beside_the_band(city: City) -> None:
    keep_hub_ledger(city.home, [row("D1", ""), row("D1", "HUB1"), row("D2", "", turns=77, company_id="C2")])
    page = text_of(city.client("d1"), "/me/hub")
    # 1 500 s are 25 min; the band of 31 drivers goes from 300 s = 5 min to 1 200 s = 20 min.
    assert "本人 25.0 分钟；31 名驾驶员中，八成在 5.0 到 20.0 分钟" in page
    assert "等候比运气能解释的更长，而且有车后到先走。" in page
    assert "16 次可比的载客中短途 6 次；同时段的平均运气是 4.5 次。" in page
    assert "77 次" not in page
    assert "2026-09-21" in page  # day 20 717


def test_no_band_of_a_few_drivers(city: City) -> None:
    few = dict.fromkeys(("fleet_wait_low_s", "fleet_wait_mid_s", "fleet_wait_high_s"))
    keep_hub_ledger(city.home, [row("D1", "", **few, fleet_n=4)])
    page = text_of(city.client("d1"), "/me/hub")
    assert "候客满 8 次的驾驶员不足 5 名" in page


def test_what_nobody_worked_out_is_not_called_nothing(city: City) -> None:
    assert "还没有算过，不等于没有候客" in text_of(city.client("d1"), "/me/hub")
    keep_hub_ledger(city.home, [row("D2", "")])
    page = text_of(city.client("d1"), "/me/hub")
    assert "没有您排队候客的记录" in page
    assert "没有上车记录的班次不知道是谁" in page


def test_the_office_looks_at_it_and_that_is_kept(city: City) -> None:
    keep_hub_ledger(city.home, [row("D1", "")])
    assert "D1 的候客台账" in text_of(city.client("m1"), "/drivers/D1/hub")
    assert status_of(city.client("m2"), "/drivers/D1/hub") == 404
    assert status_of(city.client("d2"), "/drivers/D1/hub") == 403
