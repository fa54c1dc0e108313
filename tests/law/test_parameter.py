"""Looking values up by date: the first day binds, the day before does not, and not in force is not zero."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.law.parameter import Bands, Certainty, Cite, Parameter, Version

CITE = Cite("act", "1", "quote", "")


def parameter(values: list[tuple[int, float | None]], certainty: Certainty = Certainty.QUOTED) -> Parameter:
    versions = tuple(
        Version(start, value, CITE, certainty, dt.date(2026, 1, 1), f"fare.per_km@{start}")
        for start, value in values
    )
    return Parameter("fare.per_km", "甲", "a", "fen/km", "number", versions)


def test_a_value_binds_from_its_first_instant_and_not_before() -> None:
    per_km = parameter([(1000, 240.0), (2000, 270.0)])
    instants = np.asarray([999, 1000, 1999, 2000, 10**15])
    np.testing.assert_array_equal(per_km.at(instants), [np.nan, 240, 240, 270, 270])
    assert list(per_km.version_index(instants)) == [-1, 0, 0, 1, 1]
    assert list(per_km.names_at(instants)) == ["", *["fare.per_km@1000"] * 2, *["fare.per_km@2000"] * 2]


def test_a_repealed_value_is_not_zero() -> None:
    per_km = parameter([(1000, 240.0), (2000, None), (3000, 250.0)])
    np.testing.assert_array_equal(per_km.at(np.asarray([1500, 2000, 2999, 3000])), [240, np.nan, np.nan, 250])
    assert per_km.on(2500) is None
    assert per_km.names_at(np.asarray([2500])) == [""]


def test_a_parameter_without_versions_is_never_in_force() -> None:
    nothing = parameter([])
    assert np.isnan(nothing.at(np.asarray([0, 1]))).all()
    assert nothing.on(5) is None


def test_unverified_values_are_marked_only_while_they_bind() -> None:
    per_km = parameter([(1000, 240.0)], Certainty.UNVERIFIED)
    assert list(per_km.unverified_at(np.asarray([999, 1000]))) == [False, True]


def test_only_numbers_can_be_read_as_numbers() -> None:
    choice = Parameter("fare.composition", "甲", "a", "choice", "choice", ())
    with pytest.raises(TypeError, match=r"fare\.composition is of kind choice"):
        choice.at(np.asarray([0]))


def test_a_bound_belongs_to_the_higher_band() -> None:
    share = Bands((0.0, 15.0, 25.0), (0.0, 0.2, 0.5))
    measured = np.asarray([-1.0, 0, 14.999, 15, 24.999, 25, 1000, np.nan])
    np.testing.assert_array_equal(share.at(measured), [np.nan, 0, 0, 0.2, 0.2, 0.5, 0.5, np.nan])
    assert [share.name_of(km) for km in (-1, 14.9, 15)] == [None, 0.0, 0.2]


@given(
    st.lists(st.integers(0, 50), unique=True, max_size=6).map(sorted),
    st.lists(st.integers(-5, 60), min_size=1, max_size=20),
    st.data(),
)
def test_looking_up_agrees_with_a_linear_scan(
    starts: list[int], instants: list[int], data: st.DataObject
) -> None:
    values = [data.draw(st.one_of(st.none(), st.floats(0, 9))) for _ in starts]
    per_km = parameter(list(zip(starts, values, strict=True)))
    expected = []
    for instant in instants:
        found: float | None = None
        for start, value in zip(starts, values, strict=True):
            if start <= instant:
                found = value
        expected.append(np.nan if found is None else found)
    np.testing.assert_array_equal(per_km.at(np.asarray(instants)), expected)
