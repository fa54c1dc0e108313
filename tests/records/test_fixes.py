"""Positions as columns: one car's rows, and spans joined, against plain lists."""

from dataclasses import fields

import numpy as np
from hypothesis import given, settings

from taxi_qa.records.fixes import FLAG_BITS, Fixes, empty_fixes, joined
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


@given(seeds)
@settings(max_examples=25)
def test_spans_joined_hold_every_row_once_and_in_order(seed: int) -> None:
    fixes = wild_fixes(seed)
    whole = rows_of(fixes)
    cuts = np.quantile(fixes.time_ms, [0.3, 0.6]) if len(fixes) else [0, 0]
    spans = [
        fixes.time_ms < cuts[0],
        (fixes.time_ms >= cuts[0]) & (fixes.time_ms < cuts[1]),
        fixes.time_ms >= cuts[1],
    ]
    parts = []
    for inside in spans:
        vehicle = fixes.vehicle_of_row()[inside]
        counts = (
            np.bincount(vehicle, minlength=len(fixes.vehicle_ids))
            if inside.any()
            else np.zeros(len(fixes.vehicle_ids), int)
        )
        starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        columns = {field.name: getattr(fixes, field.name)[inside] for field in fields(fixes)[2:]}
        parts.append(Fixes(fixes.vehicle_ids, starts, **columns))
    assert rows_of(joined([empty_fixes(), *parts])) == whole
    assert len(joined([])) == 0


def test_each_state_has_bits_of_its_own() -> None:
    bits = [bit for pair in FLAG_BITS.values() for bit in pair]
    assert len({*bits}) == len(bits)
    assert sum(bits) == np.bitwise_or.reduce(bits)
    assert max(bits) < 2**15
