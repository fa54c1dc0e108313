"""Zones: who queues at a moment, who left empty, who goes round; unknown where nothing was worked out."""

from collections.abc import Callable

import pandas as pd
import pytest

from taxi_qa.runs.hub_days import keep_hub_day
from taxi_qa.store.accounts import access_log
from taxi_qa.store.presence import last_delivery
from taxi_qa.values.clock import date_of, day_start_ms
from tests.review.desks import NOON
from tests.web.conftest import City, status_of, text_of

Cities = Callable[..., City]
DAY = NOON // 86_400_000
_MINUTE_MS = 60_000


@pytest.fixture
def hub(own_city: Cities) -> City:
    """A city whose hub was worked out for a day."""
    city = own_city()
    keep_day(city)
    return city


def keep_day(city: City) -> None:
    """Keep what a day at the hubs of a city was like."""
    start = day_start_ms(DAY, city.home.timezone)
    turn = {
        "driver_id": "D1", "company_id": "C1", "is_queued": True, "ahead": 2, "is_reserved": False,
        "is_paused": False, "goes_off": False, "seen_to": True, "missing": "", "hub": "HUB1",
    }  # fmt: skip

    def stay(car: str, came_min: int, left_min: int, ended: str, **more: object) -> dict[str, object]:
        return {
            **turn, "vehicle_id": car, "start_ms": start + came_min * _MINUTE_MS, "ended": ended,
            "end_ms": start + left_min * _MINUTE_MS, "wait_s": 60.0 * (left_min - came_min), **more,
        }  # fmt: skip

    turns = pd.DataFrame(
        [
            stay("粤TQ1", 480, 520, "loaded"),
            stay("粤TE1", 480, 500, "empty"),
            stay("粤TE2", 480, 505, "empty", goes_off=True),
            stay("粤TE3", 480, 506, "empty", seen_to=False),
            stay("粤TX2", 480, 520, "loaded", hub="HUB2"),
            stay("粤TP1", 480, 520, "loaded", is_queued=False),
        ]
    )
    lap = {
        "hub": "HUB1", "vehicle_id": "粤TL1", "driver_id": "", "company_id": "C1", "laps": 4,
        "others_round": 1, "start_ms": start + 490 * _MINUTE_MS, "end_ms": start + 510 * _MINUTE_MS,
        "missing": "",
    }  # fmt: skip
    rounds = pd.DataFrame([lap, {**lap, "vehicle_id": "粤TL0", "laps": 1}])
    keep_hub_day(city.home, DAY, turns, rounds, delivery=last_delivery(city.home), made_ms=NOON)


def test_as_of_a_moment(hub: City) -> None:
    client = hub.client("inspector-hub")
    text = text_of(client, f"/zones/HUB1?day={date_of(DAY)}&at=08:10")
    queue = text.partition('aria-labelledby="queuing"')[2].partition("</section>")[0]
    assert all(car in queue for car in ("粤TQ1", "粤TE1", "粤TE2"))
    assert "粤TX2" not in text
    assert "粤TP1" not in text
    later = text_of(client, "/zones/HUB1?at=08:30")
    queue, _, rest = later.partition('aria-labelledby="queuing"')[2].partition('aria-labelledby="empty"')
    assert "粤TE1" not in queue
    empty, _, laps = rest.partition('aria-labelledby="laps"')
    assert "粤TE1" in empty
    assert "交接班" in empty
    assert "无法判断" in empty
    assert "粤TL1" in laps
    assert "粤TL0" not in laps
    assert "截至 2026-09-21 08:30" in later
    assert "&lt;" not in later
    log, _many = access_log(hub.home)
    assert log["what"].tolist()[0] == "zone"


def test_an_inspector_of_a_zone_sees_no_other(hub: City) -> None:
    client = hub.client("inspector-hub")
    assert status_of(client, "/zones/HUB2") == 404
    listed = text_of(client, "/zones")
    assert "/zones/HUB1" in listed
    assert "/zones/HUB2" not in listed
    assert "粤TX2" in text_of(hub.client("inspector"), "/zones/HUB2?at=08:10")


def test_a_day_nobody_worked_out_is_said_to_be_unknown(hub: City) -> None:
    text = text_of(hub.client("inspector"), f"/zones/HUB1?day={date_of(DAY - 3)}")
    assert "无法判断谁在候客" in text
    assert "没有看到" not in text


@pytest.mark.parametrize("asked", ["at=25:00", "at=noon", "at=8", "day=tomorrow", "day=1200-01-01"])
def test_no_clock_and_no_day_are_refused(hub: City, asked: str) -> None:
    assert status_of(hub.client("inspector"), f"/zones/HUB1?{asked}") == 400


def test_the_turns_of_a_day_as_a_file(hub: City) -> None:
    """粤TP1 passed through and 粤TX2 was at another hub: four turns in the queue of this one."""
    address = f"/zones/HUB1/turns.csv?day={date_of(DAY)}"
    lines = text_of(hub.client("inspector-hub"), address).splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["粤TE1", "粤TE2", "粤TE3", "粤TQ1"]
    assert "空车离开" in lines[1]
    assert status_of(hub.client("inspector-hub"), address.replace("HUB1", "HUB2")) == 404
    assert status_of(hub.client("inspector-hub"), "/zones/HUB1/turns.csv?day=2024-01-01") == 404
    assert status_of(hub.client("m1"), address) == 403


def test_the_newest_day_is_told_when_it_is_worked_out_again(hub: City) -> None:
    client = hub.client("inspector-hub")
    told = client.get("/zones/HUB1/events")
    assert told.mimetype == "text/event-stream"
    assert f"data: {DAY}-{NOON}\n\n" in told.text
    page = text_of(client, "/zones/HUB1")
    assert f'data-made="{DAY}-{NOON}"' in page
    # Whoever looks at a moment of his own choice is left alone.
    assert "data-live" not in text_of(client, "/zones/HUB1?at=08:10")
    keep_hub_day(
        hub.home, DAY, pd.DataFrame(), pd.DataFrame(), delivery=last_delivery(hub.home), made_ms=NOON + 5
    )
    assert f"data: {DAY}-{NOON + 5}\n\n" in client.get("/zones/HUB1/events").text
