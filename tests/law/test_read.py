"""The loader refuses careless files by name and key, and merges nation, place and house."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from taxi_qa.law.parameter import Certainty, Window
from taxi_qa.law.read import BadLaw, check_law, places, read_law
from taxi_qa.paths import shipped
from taxi_qa.values.clock import MS_PER_H, day_from_text, day_start_ms

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yaml"))
PLACE = "name_zh: 测试\nname_en: Testland\ntimezone: Asia/Shanghai\ncurrency: CNY\ncountry: cn\n"
VERSION = "    cite: {act: 某通知, quote: 如此}\n    certainty: quoted\n    checked_on: 2026-11-22\n"


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


def number(unit: str, values: dict[str, object], title: str = "甲 · a") -> str:
    lines = [
        f"  {day}:\n    value: {'null' if value is None else value}\n{VERSION}"
        for day, value in values.items()
    ]
    return f"title: {title}\nunit: {unit}\nvalues:\n" + "".join(lines)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, "law/testland/place.yaml", PLACE)
    return tmp_path


def test_the_shipped_files_hold_no_problem() -> None:
    assert check_law() == []


def test_the_shipped_places_have_a_tariff_and_can_be_read() -> None:
    expected = [
        "beijing",
        "example-additive",
        "guangzhou",
        "hangzhou",
        "nyc",
        "shanghai",
        "shenzhen",
        "zhongshan",
    ]
    assert places() == expected
    for place in places():
        law = read_law(place)
        assert law["fare.flagfall"].versions, place
        assert all(path == law[path].path for path in law.paths())


@pytest.mark.parametrize("broken", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_is_refused_by_its_name_and_key(root: Path, broken: Path) -> None:
    text = broken.read_text(encoding="utf-8")
    notes = dict(
        line.removeprefix("# ").split(": ", 1)
        for line in text.splitlines()
        if line.startswith(("# expect", "# at"))
    )
    name = notes.get("at", "law/testland/fare/per_km.yaml")
    write(root, name, text)
    problems = check_law(root)
    assert len([one for one in problems if one.startswith(f"{name}: ")]) == 1, problems
    assert notes["expect"] in next(one for one in problems if one.startswith(name))
    with pytest.raises(BadLaw) as refusal:
        read_law("testland", root)
    assert str(refusal.value).startswith(f"{name}: ")
    assert "\n" not in str(refusal.value)


def test_there_is_a_broken_file_for_every_mistake() -> None:
    assert len(BROKEN) >= 50


@pytest.mark.parametrize("place", ["atlantis", "../house", "", "测试"])
def test_an_unknown_place_is_refused_with_those_known(root: Path, place: str) -> None:
    with pytest.raises(BadLaw, match="known are testland"):
        read_law(place, root)


def test_a_place_restates_a_path_of_its_country_as_a_whole(root: Path) -> None:
    write(root, "law/cn/meter/error.yaml", number("share", {"2010-01-01": 0.01, "2020-01-01": 0.02}))
    write(root, "law/cn/driving/rest_s.yaml", number("s", {"2010-01-01": 1200}))
    write(root, "law/testland/meter/error.yaml", number("share", {"2015-01-01": 0.03}))
    law = read_law("testland", root)
    assert [version.value for version in law["meter.error"].versions] == [0.03]
    assert law["driving.rest_s"].file == "law/cn/driving/rest_s.yaml"


def test_another_country_law_does_not_bind() -> None:
    assert read_law("nyc").get("driving.unbroken_driving_s") is None
    assert read_law("zhongshan").number("driving.unbroken_driving_s", day_start_ms(20_000, "UTC")) == 4 * 3600
    assert read_law("zhongshan").number("driving.rest_s", day_start_ms(20_000, "UTC")) == 20 * 60


def test_house_settings_carry_who_decided_and_why(root: Path) -> None:
    values = "  2020-01-01: {value: 100, decided_by: operator, reason: meters}\n"
    text = f"title: 步长 · step\nunit: m\nvalues:\n{values}"
    write(root, "house/fare/step_m.yaml", text)
    version = read_law("testland", root)["house.fare.step_m"].versions[0]
    assert (version.cite.decided_by, version.cite.reason) == ("operator", "meters")
    assert version.name == "house.fare.step_m@2020-01-01"
    assert version.certainty is Certainty.QUOTED


def test_a_first_day_begins_at_the_midnight_of_the_place_and_may_have_an_hour(root: Path) -> None:
    write(
        root,
        "law/testland/fare/per_km.yaml",
        number("fen/km", {"2020-01-01": 240, "2022-07-01 05:00:00": 270}),
    )
    first, second = read_law("testland", root)["fare.per_km"].versions
    assert first.start_ms == day_start_ms(day_from_text("2020-01-01"), "Asia/Shanghai")
    assert second.start_ms == day_start_ms(day_from_text("2022-07-01"), "Asia/Shanghai") + 5 * MS_PER_H
    assert second.name == "fare.per_km@2022-07-01T05:00"


def test_an_announced_version_has_no_effect_but_is_reported(root: Path) -> None:
    text = number("fen/km", {"2020-01-01": 240}) + "  2027-01-01: {expected: true}\n"
    write(root, "law/testland/fare/per_km.yaml", text)
    parameter = read_law("testland", root)["fare.per_km"]
    assert parameter.expected == ("2027-01-01",)
    later = day_start_ms(day_from_text("2028-01-01"), "Asia/Shanghai")
    assert parameter.at(np.asarray([later])) == [240.0]


def test_values_of_every_kind_come_out_in_their_shape() -> None:
    law = read_law("shenzhen")
    instant = day_start_ms(day_from_text("2025-01-01"), law.timezone)
    night = law["fare.night.window"].on(instant)
    assert night is not None
    assert night.value == (Window(23 * MS_PER_H, 6 * MS_PER_H),)
    composition = law["fare.composition"].on(instant)
    assert composition is not None
    assert composition.value == "additive"
    zones = read_law("nyc")["licence.area"].versions[0].value
    assert getattr(zones, "zones", frozenset()) == {str(zone) for zone in range(2, 264)}


def test_a_folder_that_is_no_place_is_reported(root: Path) -> None:
    write(root, "law/nowhere/fare/per_km.yaml", number("fen/km", {"2020-01-01": 240}))
    assert any(problem.startswith("law/nowhere: ") for problem in check_law(root))


def test_every_shipped_parameter_says_where_it_comes_from() -> None:
    for place in places():
        for parameter in read_law(place).parameters.values():
            assert parameter.title_zh
            assert parameter.title_en
            for version in parameter.versions:
                assert version.cite.act, parameter.path
                assert version.cite.quote, parameter.path


def test_law_can_be_handed_to_another_process() -> None:
    law = read_law("nyc")
    assert pickle.loads(pickle.dumps(law)) == law  # noqa: S301 - made two words earlier


def test_a_copy_of_the_data_folder_reads_the_same(tmp_path: Path) -> None:
    shutil.copytree(shipped("data"), tmp_path / "data")
    assert read_law("shenzhen", tmp_path / "data") == read_law("shenzhen")


def test_the_national_scheme_has_its_three_generations() -> None:
    law = read_law("zhongshan")
    ladder = {}
    for day in ("2016-01-01", "2020-01-01", "2023-01-01"):
        grades = law["credit.grades"].on(day_start_ms(day_from_text(day), law.timezone))
        assert grades is not None
        ladder[day] = [grades.value.name_of(score) for score in (0, 3, 4, 11, 20, 30)]  # type: ignore[union-attr]
    assert ladder["2016-01-01"] == ["B", "A", "A", "AA", "AAA", "AAA"]
    assert ladder["2020-01-01"] == ["B", "B", "A", "AA", "AAA", "AAA"]
    assert ladder["2023-01-01"] == ladder["2020-01-01"]


def test_items_without_a_confirmed_value_have_none() -> None:
    law = read_law("zhongshan")
    instant = day_start_ms(day_from_text("2023-01-01"), law.timezone)
    refusal, smoking = law["credit.items.refusal"].on(instant), law["credit.items.smoking"].on(instant)
    assert refusal is not None
    assert refusal.value == -10
    assert smoking is not None
    assert smoking.unknown
    assert smoking.value is None
    assert np.isnan(law["credit.items.smoking"].at(np.asarray([instant]))[0])
    assert law["credit.items.smoking"].clause == "五"
