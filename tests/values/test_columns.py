"""Rows as plain columns."""

import numpy as np
import pytest

from taxi_qa.facts.given import looked_up
from taxi_qa.values.columns import runs_of


@pytest.mark.parametrize(
    ("texts", "starts"),
    [([], [0]), (["a"], [0, 1]), (["a", "a", "b"], [0, 2, 3]), (["a", "b", "a"], [0, 1, 2, 3])],
)
def test_runs_of_equal_neighbours(texts: list[str], starts: list[int]) -> None:
    assert runs_of(np.array(texts, dtype=object)).tolist() == starts


@pytest.mark.parametrize("names", [["a"] * 9 + ["b"] * 3, ["a", "b", "c"], ["b", "a"] * 5, []])
def test_every_name_is_looked_up_in_whatever_order_they_come(names: list[str]) -> None:
    found = looked_up(np.array(names, dtype=object), {"a": 1, "b": 2, "c": 3}.__getitem__, np.int64)
    assert found.tolist() == [{"a": 1, "b": 2, "c": 3}[name] for name in names]
    assert found.dtype == np.int64
