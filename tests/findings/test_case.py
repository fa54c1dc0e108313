import pytest

from taxi_qa.findings.case import ASKED_FOR, KIND_OF_SOURCE, kinds_of, sufficiency_of
from taxi_qa.findings.ledger_line import ENTRY_COLUMNS, seal_of
from taxi_qa.rules.kit import catalogue


def test_every_source_a_rule_declares_has_a_kind() -> None:
    declared = {source for rule in catalogue().values() for source in rule.sources}
    assert declared <= set(KIND_OF_SOURCE)
    assert set(ASKED_FOR) <= set(KIND_OF_SOURCE.values())


def test_two_names_of_one_kind_count_once() -> None:
    assert kinds_of("gnss+map") == {"gnss"}
    assert kinds_of("meter+second meter+gnss") == {"meter", "gnss"}
    assert kinds_of("") == set()
    assert kinds_of("device_status+register") == {"sensor", "document"}


def test_a_name_nobody_knows_makes_no_case_stronger() -> None:
    assert kinds_of("camera+hearsay") == {"camera"}
    assert sufficiency_of(kinds_of("camera+hearsay+silence")) == "weak"


def test_a_sign_in_has_seen_nothing_of_an_act() -> None:
    assert sufficiency_of(kinds_of("meter+sign-in")) == "weak"
    assert sufficiency_of(kinds_of("register+sign-in")) == "fair"


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ("", "weak"),
        ("gnss+map", "weak"),
        ("camera", "weak"),
        ("gnss+meter", "fair"),
        ("complaint", "fair"),
        ("document", "fair"),
        ("complaint+meter", "strong"),
        ("gnss+meter+camera", "strong"),
    ],
)
def test_how_far_sources_carry_a_case(sources: str, said: str) -> None:
    assert sufficiency_of(kinds_of(sources)) == said


def test_a_seal_changes_with_every_value_and_with_what_stood_before() -> None:
    line: dict[str, object] = dict.fromkeys(ENTRY_COLUMNS, "x")
    seals = {seal_of(line, ""), seal_of(line, "another")}
    seals |= {seal_of({**line, name: "y"}, "") for name in ENTRY_COLUMNS if name != "seal"}
    assert len(seals) == 2 + 13  # 14 columns without the seal itself
    assert seal_of({**line, "seal": "y"}, "") == seal_of(line, "")
