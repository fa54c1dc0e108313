"""The page of the pledge says what the rules declare, and nothing else."""

import re

import pytest

from taxi_qa.law.pledge import clauses_of, pledge
from taxi_qa.reports.coverage import PEOPLE, counts, coverage, coverage_markdown
from taxi_qa.rules.kit import catalogue

RULES = list(catalogue().values())


def test_declared_clauses_are_read_as_the_contract_writes_them() -> None:
    assert clauses_of("六.5, 七") == ("六.5", "七")
    assert clauses_of("七.2–3") == ("七.2", "七.3")
    assert clauses_of("五.8–10") == ("五.8", "五.9", "五.10")
    assert clauses_of("篇6") == ("篇6",)
    for wrong in ("", "五.", "五.x", "七.2–"):
        with pytest.raises(ValueError, match="no list of clauses"):
            clauses_of(wrong)


def test_every_rule_stands_beside_each_sentence_it_serves() -> None:
    covered = {one.sentence.clause: one for one in coverage(pledge(), RULES)}
    for rule in RULES:
        for clause in clauses_of(rule.clause):
            assert rule in covered[clause].rules, f"{rule.name} is missing at {clause}"
    listed = [rule for one in covered.values() for rule in one.rules]
    assert len(listed) == sum(len(clauses_of(rule.clause)) for rule in RULES)


def test_a_sentence_is_either_judged_or_says_why_not() -> None:
    for one in coverage(pledge(), RULES):
        assert bool(one.rules) != bool(one.why_not), one.sentence.clause
        assert bool(one.why_not) == bool(one.why_not_zh), one.sentence.clause
        assert not (one.rules and one.sentence.not_judged), f"{one.sentence.clause} is judged after all"


def test_how_a_sentence_is_judged_follows_from_its_strongest_rule() -> None:
    covered = {one.sentence.clause: one for one in coverage(pledge(), RULES)}
    assert covered["六.5"].how == "by data"
    assert covered["五.5"].how == "by data"
    assert covered["五.8"].how == "by data, as a lead"
    assert covered["三.1"].how == "not judged"
    assert "nobody" in covered["三.1"].why_not
    for one in covered.values():
        if one.how == "by people":
            assert all(PEOPLE.issuperset(rule.needs) or rule.stage == "index" for rule in one.rules)
    assert sum(counts(list(covered.values())).values()) == len(pledge())


def test_inputs_a_home_does_not_hold_are_named() -> None:
    (speeding,) = [one for one in coverage(pledge(), RULES, {"positions"}) if one.sentence.clause == "五.5"]
    assert "roads" in speeding.absent
    assert "positions" not in speeding.absent


def test_a_rule_of_an_unknown_clause_is_refused() -> None:
    with pytest.raises(ValueError, match="which the pledge does not have"):
        coverage(pledge()[:1], RULES)


def test_the_page_has_a_row_for_each_sentence() -> None:
    page = coverage_markdown(coverage(pledge(), RULES))
    rows = re.findall(r"^\| [一二三四五六七篇]\S* \|", page, flags=re.MULTILINE)
    assert len(rows) == len(pledge())
