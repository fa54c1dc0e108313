"""The page of a case in a real browser: map, curves and replay of a made city, under the web's CSP."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from taxi_qa.law.read import read_law
from taxi_qa.reports.case_view import case_view
from taxi_qa.reports.track_shape import TrackView
from taxi_qa.reports.track_view import track_view
from taxi_qa.store.home import Home
from tests.reports.conftest import StoryOf, judged_city, story_of
from tests.web.case_site import page, served

__all__ = ["judged_city", "story_of"]

LAW: Final = read_law("guangzhou")
RULES: Final = (
    "driving.speeding",
    "driving.detour",
    "fare.overcharge",
    "bonus.bravery",
    "licence.cloned_plate",
)
PHONE: Final = {"width": 390, "height": 844}
SCREEN: Final = {"width": 1440, "height": 1000}


@pytest.fixture(scope="session")
def tracks(judged_city: Home, story_of: StoryOf) -> dict[str, TrackView]:
    return {rule: track_view(judged_city, story_of(rule), LAW) for rule in RULES}


@pytest.fixture(scope="session")
def address(story_of: StoryOf, tracks: dict[str, TrackView]) -> Iterator[str]:
    pages = {f"/{rule}": page(case_view(story_of(rule), LAW), track_url=f"/{rule}.json") for rule in RULES}
    speeding = case_view(story_of("driving.speeding"), LAW)
    pages["/en"] = page(speeding, english=True, track_url="/driving.speeding.json")
    pages["/gone"] = page(speeding, track_url="/nowhere.json")
    with served(pages, {f"/{rule}.json": track for rule, track in tracks.items()}) as told:
        yield told


Open = Callable[..., Any]


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Open]:  # noqa: ANN401 - playwright's own
    """Opens a page once its track is drawn; whatever the browser complains of fails the test."""
    made: list[Any] = []
    complaints: list[str] = []

    def open_page(path: str, size: dict[str, int] = SCREEN, wait: str = "ready") -> Any:  # noqa: ANN401
        tab = browser.new_page(viewport=size, has_touch=size is PHONE)
        made.append(tab)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        tab.goto(f"{address}/{path}")
        tab.wait_for_selector(f"[data-case-track][data-state={wait}]")
        return tab

    yield open_page
    for tab in made:
        tab.close()
    assert [one for one in complaints if "404" not in one] == []


def _second(tab: Any) -> float:  # noqa: ANN401
    return float(tab.get_attribute("[data-case-track]", "data-second"))


def _place(tab: Any) -> tuple[float, float]:  # noqa: ANN401
    lat, lon = str(tab.get_attribute("[data-case-track]", "data-place")).split()
    return float(lat), float(lon)


def _hover(tab: Any, share: float, chart: int = 0) -> None:  # noqa: ANN401
    box = tab.locator(".case-plot .u-over").nth(chart).bounding_box()
    tab.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


def test_a_curve_moves_the_map_s_cursor_to_where_the_car_was(
    opened: Open, tracks: dict[str, TrackView]
) -> None:
    tab = opened("driving.speeding")
    track = tracks["driving.speeding"]
    last_s = (track.to_ms - track.from_ms) / 1000
    assert _second(tab) == pytest.approx((track.start_ms - track.from_ms) / 1000, abs=0.1), (
        "begins at the act"
    )
    marker = tab.locator(".case-cursor")
    before = marker.bounding_box()
    _hover(tab, 0.5)
    assert _second(tab) == pytest.approx(last_s / 2, abs=last_s / 200)
    assert marker.bounding_box() != before
    # Between the positions before and after that second lies the place that the map shows.
    seconds = [ms / 1000 for ms in track.points.t_ms]
    after = next(at for at, second in enumerate(seconds) if second > _second(tab))
    lats = sorted(track.points.lat_e6[at] / 1e6 for at in (after - 1, after))
    lons = sorted(track.points.lon_e6[at] / 1e6 for at in (after - 1, after))
    lat, lon = _place(tab)
    assert lats[0] - 1e-6 <= lat <= lats[1] + 1e-6
    assert lons[0] - 1e-6 <= lon <= lons[1] + 1e-6


def test_both_curves_of_a_trip_and_the_map_share_one_cursor(opened: Open) -> None:
    tab = opened("driving.detour")
    assert tab.locator(".case-plot").count() == 2
    _hover(tab, 0.3, chart=1)
    second = _second(tab)
    lines = tab.eval_on_selector_all(".u-cursor-x", "all => all.map((one) => one.getBoundingClientRect().x)")
    assert lines[0] == pytest.approx(lines[1], abs=1.5)
    _hover(tab, 0.7, chart=0)
    assert _second(tab) > second


def test_a_click_on_the_track_moves_the_curves(opened: Open, tracks: dict[str, TrackView]) -> None:
    tab = opened("driving.detour")
    track = tracks["driving.detour"]
    line = tab.locator(".u-cursor-x").first
    before = line.bounding_box()["x"]
    # The end's own mark stands on the track where the act ended.
    tab.locator(".case-end").last.click(force=True)
    assert _second(tab) == pytest.approx((track.end_ms - track.from_ms) / 1000, abs=40)
    assert line.bounding_box()["x"] > before + 20


def test_the_replay_plays_pauses_and_ends(opened: Open) -> None:
    tab = opened("driving.speeding")
    tab.select_option(".case-buttons select", "60")
    began = _second(tab)
    tab.click(".case-play")
    tab.wait_for_selector("[data-state=playing]")
    assert tab.text_content(".case-play") == "暂停"
    for _ in range(500):
        if _second(tab) > began + 5:
            break
        tab.wait_for_timeout(20)
    assert _second(tab) > began + 5
    tab.click(".case-play")
    paused = _second(tab)
    tab.wait_for_timeout(60)
    assert _second(tab) == paused
    assert tab.get_attribute("[data-case-track]", "data-state") == "ready"
    tab.click(".case-play")
    tab.wait_for_selector("[data-state=ready]", timeout=20_000)
    slider = tab.locator(".case-slider")
    assert float(slider.input_value()) == float(slider.get_attribute("max")), "it stops at the end"


def test_the_keyboard_alone_is_enough(opened: Open, tracks: dict[str, TrackView]) -> None:
    tab = opened("driving.speeding")
    seconds = [ms / 1000 for ms in tracks["driving.speeding"].points.t_ms]
    tab.focus(".case-curves")
    tab.keyboard.press("Home")
    assert _second(tab) == 0
    tab.keyboard.press("ArrowRight")
    first = _second(tab)
    tab.keyboard.press("ArrowRight")
    assert [first, _second(tab)] == pytest.approx([second for second in seconds if second > 0][:2], abs=0.06)
    tab.keyboard.press("ArrowLeft")
    assert _second(tab) == first
    tab.keyboard.press("Space")
    tab.wait_for_selector("[data-state=playing]")
    tab.keyboard.press("Space")
    tab.wait_for_selector("[data-state=ready]")
    tab.keyboard.press("+")
    assert tab.locator(".case-buttons select").input_value() == "30"
    # Pressed by its own space, a button does one thing, not two.
    tab.focus(".case-play")
    tab.keyboard.press("Space")
    tab.wait_for_selector("[data-state=playing]")
    for one in tab.locator(".case-buttons button").all():
        assert one.get_attribute("aria-label") or one.text_content().strip()


def test_the_limit_stands_beside_the_speed_it_is_held_against(opened: Open) -> None:
    tab = opened("driving.speeding")
    told = tab.text_content(".case-told")
    assert "限速" in told
    assert "km/h" in told
    tab.click(".case-table summary")
    rows = tab.locator(".case-table tbody tr")
    assert rows.count() >= 3
    assert "是" in rows.first.text_content()


def test_two_cars_under_one_plate_are_two_lines(opened: Open) -> None:
    tab = opened("licence.cloned_plate")
    assert "另一辆车" in tab.text_content(".case-legend")


def test_nothing_is_wider_than_a_phone_and_fingers_find_the_buttons(opened: Open) -> None:
    for rule in RULES[:3]:
        tab = opened(rule, PHONE)
        assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        for one in tab.locator(".case-buttons > *").all():
            box = one.bounding_box()
            assert min(box["width"], box["height"]) >= 44
    tab.locator(".case-plot .u-over").first.tap()
    assert _second(tab) > 0


def test_english_pages_speak_english(opened: Open) -> None:
    tab = opened("en")
    assert tab.text_content(".case-play") == "Play"
    assert "limit" in tab.text_content(".case-told")
    legend = tab.text_content(".case-legend")
    assert not any("\u4e00" <= sign <= "\u9fff" for sign in legend)


def test_without_positions_or_without_an_answer_the_page_says_so(opened: Open) -> None:
    tab = opened("bonus.bravery", wait="missing")
    assert "本案没有车辆" in tab.text_content("[data-case-track]")
    assert tab.locator(".case-map").count() == 0
    tab = opened("gone", wait="failed")
    assert "轨迹读取失败 (404)" in tab.text_content("[role=alert]")
    assert tab.locator(".case-sum").count() >= 1, "the sums need no track"


def test_the_page_needs_no_other_site_and_less_than_a_megabyte(browser: Any, address: str) -> None:  # noqa: ANN401
    tab = browser.new_page(viewport=SCREEN)
    sizes: dict[str, int] = {}
    tab.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}))
    tab.goto(f"{address}/driving.detour")
    tab.wait_for_selector("[data-state=ready]")
    urls = [url for url in sizes if not url.startswith("data:")]
    tab.close()
    assert all(url.startswith(address) for url in urls)
    assert 200_000 < sum(sizes[url] for url in urls) < 600_000
