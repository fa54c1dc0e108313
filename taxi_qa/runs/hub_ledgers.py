"""Each driver's luck at the hubs over some weeks, kept for his own page, with the fleet's band beside it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from taxi_qa.facts.hub_ledger import LEAST_TURNS
from taxi_qa.runs.facts import ledger
from taxi_qa.store.home import Home
from taxi_qa.store.kept_lists import keep_hub_ledger
from taxi_qa.store.plain import plain_rows

# Of fewer drivers a band would show how single ones fared.
LEAST_DRIVERS: Final = 5
# Eight of ten drivers lie within the band.
BAND: Final = (0.1, 0.5, 0.9)
_PARTS: Final = ("low", "mid", "high")


def keep_ledgers(home: Home, *, from_day: int, to_day: int, now_ms: int) -> int:
    """Work out the ledger of a span and keep it instead of what was kept before.

    Args:
        home: where.
        from_day, to_day: first and last city day.
        now_ms: the moment that is kept with it.

    Returns:
        How many drivers have a row.
    """
    frame = ledger(home, from_day=from_day, to_day=to_day)
    rows = list(_rows(frame, {"from_day": from_day, "to_day": to_day, "kept_ms": now_ms}))
    keep_hub_ledger(home, rows)
    return len({row["driver_id"] for row in rows})


def _rows(frame: pd.DataFrame, span: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Rows of drivers somebody can name, each with the band of its hub."""
    if not len(frame):
        return
    named = frame[frame["driver_id"] != ""]
    bands = {str(hub): band_of(rows) for hub, rows in named.groupby("hub")}
    for row in plain_rows(named):
        yield {**row, **bands[str(row["hub"])], **span}


def band_of(rows: pd.DataFrame) -> dict[str, Any]:
    """How the drivers of one hub fared: of those with `LEAST_TURNS` turns, nothing where they are too few.

    Args:
        rows: turns, wait_median_s, short_compared, short_trips of each driver.
    """
    waits = rows["wait_median_s"].to_numpy(dtype=np.float64)[rows["turns"].to_numpy() >= LEAST_TURNS]
    enough = rows["short_compared"].to_numpy() >= LEAST_TURNS
    shorts = (
        rows["short_trips"].to_numpy(dtype=np.float64)[enough] / rows["short_compared"].to_numpy()[enough]
    )
    told: dict[str, Any] = {}
    for name, unit, values in (("wait", "_s", waits), ("short", "", shorts)):
        known = values[~np.isnan(values)]
        marks = np.quantile(known, BAND).tolist() if len(known) >= LEAST_DRIVERS else [None] * len(BAND)
        told |= {f"fleet_{name}_{part}{unit}": mark for part, mark in zip(_PARTS, marks, strict=True)}
        told["fleet_n" if name == "wait" else "fleet_short_n"] = len(known)
    return told
