from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.review.cases import Group, Lead, case_of, grouped
from taxi_qa.review.families import act_families
from taxi_qa.rules.kit import catalogue

WEIGHTS = {"fare.off_meter": 10.0, "fare.bargaining": 5.0, "service.refusal": 10.0}


def lead(name: str, start_ms: int, end_ms: int | None = None, **values: object) -> Lead:
    base = Lead(
        finding_id=name, rule="fare.off_meter", stage="stable", vehicle_id="V1", driver_id="D1",
        company_id="C1", trip_id="", start_ms=start_ms, end_ms=start_ms + 100 if end_ms is None else end_ms,
        sources="meter+seat", family="charging",
    )  # fmt: skip
    return replace(base, **values)  # type: ignore[arg-type]


def names(groups: list[Group]) -> set[frozenset[str]]:
    return {frozenset(one.finding_id for one in group.leads) for group in groups}


def test_every_rule_of_the_catalogue_has_a_family_or_makes_no_case() -> None:
    rules = catalogue()
    assert set(act_families()) == set(rules)
    coaching = {name for name, rule in rules.items() if rule.stage == "index"}
    assert all(act_families()[name] == "" for name in coaching)


def test_rules_sources_and_a_complaint_about_one_act_are_one_case() -> None:
    machine = lead("a", 1000)
    other_rule = lead("b", 1100, rule="fare.bargaining", sources="payment")
    complaint = lead("c", 900, rule="fare.bargaining", sources="complaint", window=(0, 5000))
    [group] = grouped([complaint, other_rule, machine])
    case = case_of(group, WEIGHTS)
    assert (case.rule, case.rules) == ("fare.off_meter", ("fare.bargaining", "fare.off_meter"))
    assert case.finding_ids == ("a", "b", "c")
    assert (case.start_ms, case.end_ms) == (900, 1200)
    assert case.sources == ("complaint", "meter", "platform", "sensor")
    assert case.missing == ("gnss", "camera", "inspection", "document")
    assert case.sufficiency == "strong"


def test_a_single_source_stays_advice_until_another_speaks() -> None:
    [first] = grouped([lead("a", 1000, sources="gnss+map")])
    assert case_of(first, {}).sufficiency == "weak"
    [second] = grouped([lead("b", 1000, sources="camera")], [first])
    assert case_of(second, {}).sufficiency == "fair"


def test_a_lead_never_makes_a_case_heavier() -> None:
    [group] = grouped([lead("a", 0, stage="trial"), lead("b", 0, rule="fare.bargaining")])
    case = case_of(group, WEIGHTS)
    assert (case.stage, case.rule) == ("stable", "fare.bargaining")


@pytest.mark.parametrize(
    "other",
    [
        lead("b", 1101),
        lead("b", 1000, driver_id="D2"),
        lead("b", 1000, vehicle_id="V2"),
        lead("b", 1000, family="detour"),
    ],
    ids=["a moment later", "another driver", "another car", "another act"],
)
def test_what_is_not_one_act_stays_apart(other: Lead) -> None:
    assert names(grouped([lead("a", 1000), other])) == {frozenset("a"), frozenset("b")}


def test_one_trip_is_one_act_and_two_trips_are_two() -> None:
    same = [lead("a", 0, trip_id="T"), lead("b", 9000, trip_id="T")]
    assert names(grouped(same)) == {frozenset("ab")}
    assert names(grouped([lead("a", 0, trip_id="T"), lead("b", 0, trip_id="U")])) == {
        frozenset("a"), frozenset("b"),
    }  # fmt: skip


def test_a_complaint_that_may_mean_two_acts_strengthens_neither() -> None:
    acts = [lead("a", 1000), lead("b", 3000)]
    complaint = lead("c", 900, sources="complaint", window=(0, 5000))
    assert names(grouped([*acts, complaint])) == {frozenset("a"), frozenset("b"), frozenset("c")}
    of_trip = replace(complaint, trip_id="T")
    assert names(grouped([replace(acts[0], trip_id="T"), acts[1], of_trip])) == {
        frozenset("ac"), frozenset("b"),
    }  # fmt: skip


def test_a_finding_without_a_driver_joins_the_only_one_who_can_be_meant() -> None:
    nobody = lead("n", 1000, driver_id="")
    [group] = grouped([lead("a", 1000), nobody])
    assert case_of(group, {}).driver_id == "D1"
    two = [lead("a", 1000), lead("b", 1000, driver_id="D2"), nobody]
    assert names(grouped(two)) == {frozenset("a"), frozenset("b"), frozenset("n")}


def test_a_case_keeps_its_name_when_an_earlier_finding_joins_and_the_first_leaves() -> None:
    [first] = grouped([lead("a", 1000)])
    [grown] = grouped([lead("b", 950)], [first])
    assert grown.case_id == first.case_id
    left = replace(grown, leads=grown.leads[1:])
    [again] = grouped([lead("c", 980)], [left])
    assert again.case_id == first.case_id
    assert names([again]) == {frozenset("bc")}


def test_the_same_act_found_again_by_a_new_rule_version_is_the_same_case() -> None:
    [first] = grouped([lead("v1", 1000)])
    [again] = grouped([lead("v2", 1000)])
    assert again.case_id == first.case_id


_LEADS = st.lists(
    st.builds(
        lambda number, start, length, who, trip, window: lead(
            f"f{number}", start, start + length, driver_id=who, trip_id=trip,
            window=(start - 20, start + 20) if window else None,
        ),
        st.integers(0, 10_000), st.integers(0, 120), st.integers(0, 15), st.sampled_from(["D1", "D2", ""]),
        st.sampled_from(["", "", "T", "U"]), st.booleans(),
    ),
    unique_by=lambda one: one.finding_id, max_size=12,
)  # fmt: skip


@given(leads=_LEADS, random=st.randoms(use_true_random=False))
def test_the_order_of_findings_does_not_matter(leads: list[Lead], random: object) -> None:
    mixed = list(leads)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert names(grouped(leads)) == names(grouped(mixed))
    assert [group.case_id for group in grouped(leads)] == [group.case_id for group in grouped(mixed)]


@given(leads=_LEADS)
def test_every_finding_has_one_case_and_no_case_has_two_drivers(leads: list[Lead]) -> None:
    groups = grouped(leads)
    assert sorted(one.finding_id for group in groups for one in group.leads) == sorted(
        one.finding_id for one in leads
    )
    for group in groups:
        assert len({one.driver_id for one in group.leads} - {""}) <= 1
        if all(one.is_firm for one in group.leads):
            assert len({one.trip_id for one in group.leads} - {""}) <= 1
