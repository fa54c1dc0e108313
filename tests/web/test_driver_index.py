"""A driver's page beside the fleet: what could not be judged is named, and never left out as if clean."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from taxi_qa.runs.coaching import keep_coaching
from taxi_qa.store.ledger import append
from tests.score.books import entry
from tests.web.conftest import City, text_of


def row(rule: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - columns of the index
    told = {
        "rule": rule, "unit": "metered_trips", "driver_id": "D1", "stratum": "day/street", "findings": 2.0,
        "exposure": 100.0, "rate": 0.02, "low": 0.0123, "high": 0.04, "fleet_rate": 0.02, "excess": 0.0,
        "beside_fleet": "alike", "why_not": "", "moved": "",
    }  # fmt: skip
    return told | more


def test_rules_that_judged_nothing_are_named(own_city: Callable[..., City]) -> None:
    city = own_city()
    nothing = dict.fromkeys(("exposure", "rate", "low", "high", "fleet_rate", "excess"), float("nan"))
    told = pd.DataFrame(
        [
            row("fare.overcharge"),
            row("driving.smoking", **nothing, findings=0.0, beside_fleet="", why_not="not_judged"),
            row("driving.phone", **nothing, findings=1.0, beside_fleet="", why_not="too_little_exposure"),
        ]
    )
    keep_coaching(city.home, told, from_day=20_746, to_day=20_746, now_ms=city.clock())
    page = text_of(city.client("d1"), "/drivers/D1")
    assert "1.23 – 4.00 次／百单" in page, "0.0123 to 0.04 a trip"
    assert "没有数据可判，不等于没有问题（1 项）" in page
    assert "车内吸烟" in page
    assert "可比的营运太少，说不准（1 项）" in page
    assert "和车队分不出高低" in page


def test_training_is_told_with_its_day(own_city: Callable[..., City]) -> None:
    city = own_city()
    client = city.client("d1")
    assert "目前不须培训。得分降到 3 分或以下才须参加。" in text_of(client, "/")
    append(city.home, [entry(1, -20, "2026-09-01")])
    page = text_of(client, "/")
    assert "须于 2026-09-16 前参加 18 学时培训" in page
    assert "期限已过 5 天" in page
    assert "不知道是否已经参加" in page
