"""What the data show of a trip on paper: cleared where it is clean, "cannot tell" where nobody looked."""

from dataclasses import replace

import pypdfium2
import pytest

from taxi_qa.law.fare_parts import Ride
from taxi_qa.law.read import read_law
from taxi_qa.reports.amounts import Said
from taxi_qa.reports.fare_view import fare_view
from taxi_qa.reports.trip_paper import TrackSum, TripStory, trip_paper
from tests.reports.test_fare_view import NOON_MS

LAW = read_law("guangzhou")
DAY = 20_375
STORY = TripStory(
    trip_id="R1", vehicle_id="粤A1", driver_id="", boarded_ms=NOON_MS, alighted_ms=NOON_MS + 600_000,
    metered_m=2_000.0, fare_fen=1_200, paid_fen=None,
    fare=fare_view(Ride(NOON_MS, NOON_MS + 600_000, 2_000.0, 0.0, "", "", 0.0), LAW),
    track=TrackSum(40, 1_950.0, 15.0), clean=("fare.overcharge",),
    cannot_tell=(("driving.detour", Said("道路", "roads")),), found=(), judged=True,
)  # fmt: skip


def text_of(story: TripStory) -> str:
    with pypdfium2.PdfDocument(trip_paper(story, "K1", LAW, DAY)) as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    return "".join(texts).replace("\r\n", "")


def test_a_clean_trip_is_cleared_and_the_rest_is_open() -> None:
    text = text_of(STORY)
    assert "未超过最多可显示的" in text
    assert "检查过，未发现问题" in text
    assert "无法判断  cannot tell：道路" in text or "无法判断 cannot tell：道路" in text
    assert "1.95 km" in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"judged": False}, "这一天尚未核查：无法判断"),
        ({"clean": (), "cannot_tell": ()}, "没有规则检查过此行程：无法判断"),
        ({"track": None}, "行驶路线无法判断"),
        ({"fare_fen": None}, "无法比较"),
        ({"fare_fen": 9_900}, "高于算式的"),
        ({"found": (("fare.overcharge", "queued"),)}, "有发现，须经人核实"),
        ({"found": (("fare.overcharge", ""),)}, "有发现，须经人核实"),
        ({"found": (("fare.overcharge", "dismissed"),)}, "经办理不成立（已驳回）"),
    ],
)
def test_nothing_known_is_no_all_clear(changed: dict[str, object], said: str) -> None:
    assert said in text_of(replace(STORY, **changed))  # type: ignore[arg-type] # fields by name


def test_an_unjudged_day_names_no_rule_as_clean() -> None:
    assert "未发现问题" not in text_of(replace(STORY, judged=False))


def test_the_same_trip_gives_the_same_bytes() -> None:
    assert trip_paper(STORY, "K1", LAW, DAY) == trip_paper(STORY, "K1", LAW, DAY)
