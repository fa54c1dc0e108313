"""What rules say in both languages: every part there, and the Chinese made from the English that stands."""

from dataclasses import astuple

import pytest

from taxi_qa.rules.kit import DOC_PARTS, catalogue
from taxi_qa.rules.texts import chinese, digest, english, made_from

RULES = sorted(catalogue())


@pytest.mark.parametrize("name", RULES)
def test_the_chinese_is_whole_and_made_from_the_english_that_stands(name: str) -> None:
    rule = catalogue()[name]
    zh, en = chinese(rule), english(rule)
    for part in ("says", "why", "evidence", "cannot_tell", "looks_like"):
        assert getattr(zh, part), part
        assert getattr(en, part), part
        assert any("\u4e00" <= sign <= "\u9fff" for sign in getattr(zh, part)), part
    assert bool(zh.more) == bool(en.more)
    assert made_from(rule) == digest(rule), (
        f"the English text of {name} has changed: read its Chinese in taxi_qa/rules/zh beside it,"
        f" then write `english: {digest(rule)}`"
    )


@pytest.mark.parametrize("name", RULES)
def test_the_parts_are_all_of_the_docstring(name: str) -> None:
    rule = catalogue()[name]
    en = english(rule)
    words = [word for part in astuple(en) for word in part.split()]
    told = rule.doc
    for heading in DOC_PARTS:
        told = told.replace(heading, "")
    assert sorted(words) == sorted(told.split())
