"""The kinds say each thing once, and inside names carry the unit."""

import pytest

from taxi_qa.records.column import Kind
from taxi_qa.records.kinds import KINDS

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


@each_kind
def test_key_and_moment_are_columns_of_their_own_kind(kind: Kind) -> None:
    names = [column.name for column in kind.columns]
    assert len(names) == len(set(names))
    for name in kind.key:
        assert kind.column(name).required
    if kind.moment is not None:
        assert kind.column(kind.moment).meaning == "time"
        assert kind.column(kind.moment).required


@each_kind
def test_inside_names_are_unique_and_carry_the_unit(kind: Kind) -> None:
    inside = [column.inside for column in kind.columns]
    assert len(inside) == len(set(inside))
    endings = {"time": "_ms", "date": "_day", "yuan": "_fen", "km": "_m"}
    for column in kind.columns:
        if column.meaning in endings:
            assert column.inside.endswith(endings[column.meaning]), column.name
            assert column.dtype == "Int64"


@each_kind
def test_no_header_means_two_columns(kind: Kind) -> None:
    said = [name for column in kind.columns for name in (column.name, *column.aliases)]
    assert len(said) == len(set(said))


@each_kind
def test_every_spelling_means_a_word_that_is_allowed(kind: Kind) -> None:
    for column in kind.columns:
        if column.meaning == "choice":
            assert column.choices
            assert set(column.words.values()) <= set(column.choices)
        if column.meaning == "flag":
            assert set(column.words.values()) <= {"0", "1"}
        if column.low is not None and column.high is not None:
            assert column.low < column.high


def test_a_kind_has_no_column_it_does_not_have() -> None:
    with pytest.raises(KeyError, match="trips has no column 'colour'"):
        KINDS["trips"].column("colour")
