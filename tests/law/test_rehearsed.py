"""Rule books that are not published: files or numbers in place of the shipped ones, read as strictly."""

from pathlib import Path

import pytest

from taxi_qa.law import book
from taxi_qa.law.read import BadLaw, read_law
from taxi_qa.law.rehearsed import rehearsed_law
from taxi_qa.values.clock import day_from_text, day_start_ms

PLACE = "guangzhou"
NOON_MS = day_start_ms(day_from_text("2025-10-13"), "Asia/Shanghai") + 43_200_000


def test_current_is_what_is_shipped() -> None:
    assert rehearsed_law(PLACE, "current").digest == read_law(PLACE).digest


def test_the_files_of_a_place_are_all_its_law_is_read_from() -> None:
    files = book.files_of(PLACE)
    assert book.law_in(files, PLACE) == read_law(PLACE)
    assert not [name for name in files if name.startswith("law/shenzhen/")]
    assert book.name_of(files) == book.name_of(dict(reversed(files.items())))
    assert book.name_of(files) != book.name_of({**files, "house/driving/speeding_kmh.yaml": b""})
    with pytest.raises(BadLaw, match="no such place"):
        book.files_of("atlantis")


def test_a_number_of_a_yaml_file_takes_the_place_of_all_versions(tmp_path: Path) -> None:
    path = tmp_path / "tighter.yaml"
    path.write_text("house.driving.speeding_kmh: 1\nfare.night.share: 0.5\n", encoding="utf-8")
    law, shipped = rehearsed_law(PLACE, str(path)), read_law(PLACE)
    assert shipped.number("house.driving.speeding_kmh", NOON_MS) == 6
    assert law.number("house.driving.speeding_kmh", NOON_MS) == 1
    assert {version.value for version in law["fare.night.share"].versions} == {0.5}
    others = [path for path in shipped.paths() if law[path] != shipped[path]]
    assert others == ["fare.night.share", "house.driving.speeding_kmh"]


def test_a_mapping_takes_the_place_of_keys_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "points.yaml"
    path.write_text(
        "credit.items.speeding:\n  values:\n    2024-01-01:\n      value: -3\n"
        "      cite: {act: draft, quote: three points}\n      certainty: quoted\n"
        "      checked_on: 2025-01-01\n",
        encoding="utf-8",
    )
    (version,) = rehearsed_law(PLACE, str(path))["credit.items.speeding"].versions
    assert (version.value, version.name) == (-3, "credit.items.speeding@2024-01-01")


@pytest.mark.parametrize("inside", ["", "data"])
def test_files_of_a_folder_take_the_place_of_the_shipped_ones(tmp_path: Path, inside: str) -> None:
    file = tmp_path / inside / "house" / "driving" / "speeding_kmh.yaml"
    file.parent.mkdir(parents=True)
    text = book.files_of(PLACE)["house/driving/speeding_kmh.yaml"].decode()
    file.write_text(text.replace("value: 6", "value: 4"), encoding="utf-8")
    strange = tmp_path / inside / "law" / "shenzhen" / "fare" / "flagfall.yaml"
    strange.parent.mkdir(parents=True)
    strange.write_text("of another place", encoding="utf-8")
    law = rehearsed_law(PLACE, str(tmp_path))
    assert law.number("house.driving.speeding_kmh", NOON_MS) == 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("house.driving.speeding_kmp: 1\n", "house.driving.speeding_kmp: guangzhou has no such number"),
        ("house.driving.speeding_kmh: fast\n", "speeding_kmh.yaml"),
        ("house.driving.speeding_kmh: 1\nhouse.driving.speeding_kmh: 2\n", "stands twice"),
        ("- 1\n", "expected keys and values"),
        ("house.driving.speeding_kmh:\n  values: {2024-01-01: {value: 1}}\n", "decided_by"),
    ],
)
def test_a_careless_rule_book_is_refused_with_file_and_key(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "new.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadLaw, match=words):
        rehearsed_law(PLACE, str(path))


def test_what_is_no_rule_book_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadLaw, match="expected current, a folder"):
        rehearsed_law(PLACE, str(tmp_path / "nowhere"))
    with pytest.raises(BadLaw, match="no YAML file below law/cn, law/guangzhou, house/"):
        rehearsed_law(PLACE, str(tmp_path))
