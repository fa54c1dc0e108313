"""Several dialects at once: the layouts of a maker with the camera codes of a province."""

import pytest

from taxi_qa.ingest.terminals.dialects import DIALECTS, dialect_named

STANDARD, GUANGDONG, FLEETY = (DIALECTS[name] for name in ("standard", "gdrta", "fleety"))


@pytest.mark.parametrize(
    "name", ["gdrta+fleety", "fleety+gdrta", "standard+fleety+gdrta", "fleety+gdrta+fleety"]
)
def test_a_maker_and_a_province_are_both_heard(name: str) -> None:
    both = dialect_named(name)
    assert dict(both.driver_camera) == dict(GUANGDONG.driver_camera) != dict(STANDARD.driver_camera)
    assert dict(both.harsh) == dict(GUANGDONG.harsh)
    assert both.layouts["jt905"] == FLEETY.layouts["jt905"] != STANDARD.layouts["jt905"]
    assert both.layouts["jt808"] == STANDARD.layouts["jt808"]
    assert both.place == STANDARD.place


def test_a_dialect_and_the_standard_are_that_dialect() -> None:
    for name, dialect in DIALECTS.items():
        assert dialect_named(name) is dialect
        both = dialect_named(f"standard+{name}")
        assert (both.layouts, both.place) == (dialect.layouts, dialect.place)
        assert dict(both.driver_camera) == dict(dialect.driver_camera)


@pytest.mark.parametrize(("one", "other"), [("gdrta", "jsatl"), ("fleety", "car_eye"), ("db32", "gdrta")])
def test_two_that_contradict_each_other_are_refused(one: str, other: str) -> None:
    """06 is a covered lens in Guangdong; in Jiangsu it is both hands off the wheel, or nothing."""
    with pytest.raises(ValueError, match=f"{one} and {other} contradict each other"):
        dialect_named(f"{one}+{other}")


def test_a_name_nobody_knows_is_named() -> None:
    with pytest.raises(ValueError, match=r"no dialect 'gdtra'.*gdrta"):
        dialect_named("fleety+gdtra")
