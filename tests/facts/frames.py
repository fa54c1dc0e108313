"""Records of any kind as frames, and a day they lie in: for tests that put moments exactly on limits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from taxi_qa.facts.given import Given
from taxi_qa.records.kinds import KINDS
from tests.small_city import City

S: Final = 1000
MIN: Final = 60 * S
H: Final = 60 * MIN
# 2026-10-20 in Guangzhou, the day of a small city.
DAY_MS: Final = City().given().from_ms


def frame(kind: str, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows as they are kept, by inside names; what a row leaves out is missing."""
    return pd.DataFrame(
        {c.inside: pd.Series([row.get(c.inside) for row in rows], dtype=c.dtype) for c in KINDS[kind].columns}
    )


def day_with(**tables: Sequence[Mapping[str, Any]]) -> Given:
    """The day of a small city without positions, with these records."""
    one = City().given()
    return replace(one, tables={**one.tables, **{kind: frame(kind, rows) for kind, rows in tables.items()}})
