"""Positions as columns: one car's rows against plain lists."""

from dataclasses import fields

import numpy as np
from hypothesis import given, settings

from taxi_qa.records.fixes import FLAG_BITS, Fixes
from tests.facts.wild import seeds, wild_fixes


def rows_of(fixes: Fixes) -> list[tuple[object, ...]]:
    names = [fixes.vehicle_ids[at] for at in fixes.vehicle_of_row()]
    columns = [getattr(fixes, field.name).tolist() for field in fields(fixes)[2:]]
    return list(zip(names, *columns, strict=True))


@given(seeds)
@settings(max_examples=25)
def test_a_cars_rows_are_the_rows_of_that_car(seed: int) -> None:
    fixes = wild_fixes(seed)
    for name in (*fixes.vehicle_ids, "nobody"):
        assert rows_of(fixes.of(name)) == [row for row in rows_of(fixes) if row[0] == name]


def test_each_state_has_bits_of_its_own() -> None:
    bits = [bit for pair in FLAG_BITS.values() for bit in pair]
    assert len({*bits}) == len(bits)
    assert sum(bits) == np.bitwise_or.reduce(bits)
    assert max(bits) < 2**15
