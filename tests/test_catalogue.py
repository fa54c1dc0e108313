"""What every rule owes, also the one that is written next year."""

import datetime as dt
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

import taxi_qa.rules
from taxi_qa.facts.units import UNITS
from taxi_qa.findings import evidence
from taxi_qa.law.read import places
from taxi_qa.records.kinds import KINDS
from taxi_qa.rules.kit import DOC_PARTS, Rule, catalogue
from taxi_qa.values.clock import moment_of
from tests.small_city import ZONE, law_of
from tests.test_cases import Case, cases

# The contract: which clause of the pledge each rule serves.
CLAUSES: Final = {
    "bonus.bravery": "一.4",
    "bonus.helped_enforcement": "一.4",
    "bonus.lost_property_returned": "一.4",
    "bonus.passenger_praise": "一.4",
    "bonus.public_welfare": "一.4",
    "driving.detour": "五.7",
    "driving.eating": "五.9",
    "driving.harsh": "五.4",
    "driving.long_hours": "五",
    "driving.no_belt": "五.1",
    "driving.no_belt_reminder": "五.2",
    "driving.not_yielding": "五.6",
    "driving.overload": "五.3",
    "driving.phone": "五.10",
    "driving.smoking": "五.8",
    "driving.speeding": "五.5",
    "fare.bargaining": "六.2",
    "fare.early_meter": "六.6",
    "fare.late_meter": "六.6",
    "fare.metered_distance": "六.5, 七",
    "fare.no_receipt": "六.5",
    "fare.not_by_meter": "六.6",
    "fare.off_meter": "六.6, 六.2",
    "fare.overcharge": "六.5",
    "fare.wrong_rate": "六.5",
    "hub.circling": "四",
    "hub.inspection_refused": "四.1",
    "hub.outside_bay": "四.2",
    "hub.queue_jump": "四, 一.3",
    "hub.refusal": "四, 六.1",
    "hub.unattended": "四.2",
    "licence.cloned_plate": "一.1",
    "licence.invalid": "一.1",
    "licence.outside_area": "一.1",
    "licence.unidentified_driver": "一.1",
    "record.fatal_accident_liable": "五",
    "record.handed_to_unlicensed": "一",
    "record.illegal_stoppage": "五",
    "record.injury_accident_liable": "五",
    "record.inspection_refused": "一",
    "record.licence_forged": "一",
    "record.licence_leased": "一",
    "record.meter_altered": "一",
    "record.no_operating_permit": "一",
    "record.traffic_violation": "五",
    "service.order_not_served": "六.1",
    "service.refusal": "六.1",
    "service.abandonment": "六.4",
    "service.transfer": "六.4",
    "service.low_rating": "二",
    "sla.closing": "篇4",
    "sla.first_reply": "篇4",
    "sla.satisfaction": "篇4",
    "service.complaint_uncooperative": "二",
    "service.discourtesy": "二, 三.2–3",
    "service.forced_sharing": "六.3",
    "service.lost_property_kept": "二",
    "sla.delay": "篇5",
    "sla.equipment": "篇2",
    "vehicle.camera_outage": "七.2–3",
    "vehicle.dishonest_repair": "篇6",
    "vehicle.gnss_outage": "七.2–3",
    "vehicle.late_data": "七.3",
    "vehicle.lens_covered": "七.2",
    "vehicle.marks_missing": "七.1",
    "vehicle.meter_outage": "七.2–3",
    "vehicle.operated_with_fault": "七.3",
    "vehicle.tampering": "七.3",
    "vehicle.unclean": "七.1",
}
# Law that reaches a rule inside its units, place by place, with the cities whose dates the cases go through.
IN_THE_UNITS: Final = {
    "driving.speeding": {"guangzhou": "driving.speeding_"},
    "fare.overcharge": {"guangzhou": "fare.", "shenzhen": "fare."},
    "fare.wrong_rate": {"guangzhou": "fare.night."},
    "licence.outside_area": {"nyc": "licence."},
}
# No record of an earlier day comes in at the door (tests/ingest): there is no day before to judge.
DOOR_OPENS: Final = dt.date(2015, 1, 1)
RULES: Final = catalogue()

each_rule = pytest.mark.parametrize("one", RULES.values(), ids=list(RULES))


@cache
def _cases_of(name: str) -> tuple[Case, ...]:
    return tuple(case for rule, case in cases() if rule == name)


def test_the_catalogue_is_the_contracts() -> None:
    assert {name: one.clause for name, one in RULES.items()} == CLAUSES


@each_rule
def test_the_docstring_has_its_parts_in_order(one: Rule) -> None:
    places_of_parts = [one.doc.index(part) for part in DOC_PARTS]
    assert places_of_parts == sorted(places_of_parts)
    assert one.title_en
    assert not one.title_en.endswith(".")
    assert re.search(r"[\u4e00-\u9fff]", one.title_zh)


@each_rule
def test_the_path_is_the_name(one: Rule) -> None:
    family, offence = one.name.split(".")
    assert one.function.__module__ == f"taxi_qa.rules.{one.name}"
    assert one.function.__name__ == offence
    path = Path(taxi_qa.rules.__file__).parent / family / f"{offence}.py"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 120


def test_every_file_of_a_family_is_a_rule() -> None:
    folder = Path(taxi_qa.rules.__file__).parent
    files = {f"{path.parent.name}.{path.stem}" for path in folder.glob("*/*.py") if path.stem != "__init__"}
    assert files == set(RULES)


@each_rule
def test_what_it_declares_exists(one: Rule) -> None:
    assert one.judges in UNITS
    assert set(one.needs) <= {*KINDS, "roads"}
    assert one.version >= 1
    assert one.stage in ("trial", "stable", "index")
    assert one.sources


@each_rule
def test_every_number_of_law_exists_in_every_city_and_is_cited(one: Rule) -> None:
    for place in places():
        for path in one.law:
            parameter = law_of(place).get(path)
            if parameter is None:
                # The nation's law binds in its own cities only.
                assert not path.startswith("house.")
                assert law_of(place).currency != "CNY", f"{place} has no {path}"
                continue
            assert parameter.kind == "number"
            for version in parameter.versions:
                assert version.cite.act, version.name
                assert version.cite.quote, version.name


@each_rule
def test_it_reads_each_number_of_law_it_declares(one: Rule) -> None:
    """A number declared and never looked at would be cited by findings that do not lean on it."""
    body = inspect.getsource(one.function).split('"""')[-1]
    unread = {path for path in one.law if f'"{path}"' not in body}
    # The unit was made with these; and the house's ratio means nothing without a lawful error in force.
    in_the_unit = {
        "house.quality.jump_kmh",
        "house.service.order_late_s",
        "house.sla.first_reply_s",
        "house.sla.closing_s",
        "house.service.called_m",
        "house.service.usual_drop_m",
        "house.hub.lap_kmh",
        "house.hub.lap_stand_s",
        "house.licence.handover_s",
        "house.vehicle.delay_long_s",
        "driving.rest_s",
        "meter.distance_error_high",
        "house.vehicle.report_in_time_s",
        "house.vehicle.offline_move_m",
    }
    assert unread <= in_the_unit


def test_the_list_of_evidence_says_what_people_read() -> None:
    for name, field in evidence.FIELDS.items():
        assert field.zh, name
        assert field.en, name
        assert name == name.lower()


@each_rule
def test_cases_find_acquit_and_leave_open(one: Rule) -> None:
    mine = _cases_of(one.name)
    names = [case["name"] for case in mine]
    assert len(names) == len(set(names))
    assert any(case.get("found") for case in mine), "no case is found"
    assert any(case.get("clean") and not case.get("found") for case in mine), "no case is clean"
    assert any(case.get("cannot_tell") for case in mine), "no case cannot be told"
    assert any(case.get("limit") and not case.get("found") for case in mine), (
        "no case stands exactly at the limit"
    )


def look_alikes(one: Rule) -> Iterator[str]:
    """The phrases behind `Looks like it, but is not`."""
    text = " ".join(one.doc.split(DOC_PARTS[-1])[1].split()).rstrip(".")
    yield from (phrase.strip() for phrase in text.split(";"))


@each_rule
def test_every_look_alike_has_its_case(one: Rule) -> None:
    shown = [case["look_alike"] for case in _cases_of(one.name) if "look_alike" in case]
    for phrase in look_alikes(one):
        assert any(said in phrase for said in shown), f"no case shows {phrase!r}"
    doc = " ".join(one.doc.split())
    for said in shown:
        assert said in doc, f"the docstring does not say {said!r}"


@each_rule
def test_a_look_alike_accuses_nobody(one: Rule) -> None:
    for case in _cases_of(one.name):
        if "look_alike" in case:
            assert all(found.get("status") == "excused" for found in case.get("found", [])), case["name"]


def _dated(one: Rule) -> Iterator[str]:
    """Every version of law the rule leans on that began after the door opened."""
    parameters = {}
    for path in one.law:
        parameter = law_of("guangzhou").get(path)
        if parameter is not None:
            parameters[path] = parameter
    for place, prefix in IN_THE_UNITS.get(one.name, {}).items():
        law = law_of(place)
        parameters |= {f"{place} {path}": law[path] for path in law.paths() if path.startswith(prefix)}
    for parameter in parameters.values():
        for version in parameter.versions:
            day = moment_of(version.start_ms, ZONE).date()
            if day > DOOR_OPENS:
                yield f"{day}"


@each_rule
def test_every_day_on_which_its_law_changes_has_a_case_and_so_has_the_day_before(one: Rule) -> None:
    def days(word: str) -> set[str]:
        return {case[word].split("@")[1] for case in _cases_of(one.name) if word in case}

    changes = set(_dated(one))
    assert changes <= days("law_day"), "no case on the first day"
    assert changes <= days("law_day_before"), "no case on the day before"


@each_rule
def test_a_case_of_a_first_day_lies_on_that_day(one: Rule) -> None:
    for case in _cases_of(one.name):
        for word, shift in (("law_day", 0), ("law_day_before", 1)):
            if word in case:
                day = dt.date.fromisoformat(str(case["day"])) + dt.timedelta(days=shift)
                assert case[word].endswith(f"@{day}"), case["name"]


def test_every_case_belongs_to_a_rule_and_lies_where_the_rule_does() -> None:
    for path in sorted((Path(__file__).parent / "cases").rglob("*.yaml")):
        name = f"{path.parent.name}.{path.stem}"
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == f"rule: {name}"
        assert name in RULES


def test_no_case_says_a_word_that_is_not_read() -> None:
    known = {
        "name",
        "records",
        "tracks",
        "day",
        "place",
        "feeds",
        "seen",
        "heard_to",
        "scope",
        "days",
        "streets",
        "limits",
        "before",
        "jams",
        "defaults",
        "found",
        "clean",
        "cannot_tell",
        "look_alike",
        "limit",
        "law_day",
        "law_day_before",
    }
    for name, case in cases():
        assert set(case) <= known, f"{name}: {case['name']}: {set(case) - known}"
