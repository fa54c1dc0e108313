"""Targets that contradict each other are said; those that agree are not."""

from dataclasses import replace

import pytest

from taxi_qa.law.parameter import Law
from taxi_qa.law.targets import contradictions, minutes_allowed
from tests.small_city import law_of

NOW_MS = 1_792_425_600_000  # 2026-10-20


def _with(path: str, value: float) -> Law:
    law = law_of("guangzhou")
    one = law[path]
    versions = tuple(replace(version, value=value) for version in one.versions)
    return replace(law, parameters={**law.parameters, path: replace(one, versions=versions)})


@pytest.mark.parametrize(
    ("share", "hours", "minutes"),
    [(0.999, 30.4 * 24, 43.776), (0.999, 300, 18.0), (0.98, 300, 360.0)],
)
def test_minutes_stand_beside_per_cent(share: float, hours: float, minutes: float) -> None:
    assert minutes_allowed(share, hours) == pytest.approx(minutes)


def test_the_pledge_contradicts_itself() -> None:
    (said,) = contradictions(law_of("guangzhou"), NOW_MS)
    # 100 of 43,776 minutes are 0.23 %
    assert "43.8 minutes" in said
    assert "99.77%" in said


def test_targets_that_agree_are_not_said() -> None:
    assert contradictions(_with("house.sla.platform_fault_min", 43.8), NOW_MS) == []


@pytest.mark.parametrize(("share", "says"), [(0.9983, True), (0.998, False)])
def test_a_target_that_leaves_less_than_one_tolerated_outage_is_said(share: float, says: bool) -> None:
    # 0.95 of 0.17 % of 300 h are 29.1 min, of 0.2 % 34.2; one outage of 30 is tolerated
    said = contradictions(_with("house.sla.camera_availability", 1 - (1 - share) * 0.95), NOW_MS)
    assert any("camera" in one for one in said) is says
