"""What the facts of a made city come to, column by column: numbers a change of any fact would move.

Nothing here says that they are right (cases and oracles do), only that they are as they were. Whoever changes
a fact, or the city, on purpose writes them anew and looks at what moved: `python -m tests.facts.made_city`.
"""

import datetime as dt
import json
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from taxi_qa.facts.given import Given
from taxi_qa.facts.units import CITY_UNITS, DAY_FACTS, FOLDS, LEFT, LOOKS_BACK, DayUnits, left_of
from taxi_qa.ingest.roads import take_limits, take_roads
from taxi_qa.ingest.take import take
from taxi_qa.lab.make import make_city
from taxi_qa.runs.gather import given_day, law_of
from taxi_qa.runs.jobs import CITY, DAY, WHOLE_CITY, Order
from taxi_qa.runs.leaving import past_of
from taxi_qa.store.home import Home, make_home
from taxi_qa.store.presence import last_delivery
from taxi_qa.store.run_log import Job
from taxi_qa.values.clock import day_of, day_start_ms
from taxi_qa.values.columns import Columns, stacked_columns

KEPT: Final = Path(__file__).with_name("made_city.json")
_FIRST: Final = dt.date(2026, 10, 20)
_NOW_MS: Final = 1_795_000_000_000
_CARS, _SEED = 5, 17

Summary = dict[str, list[Any]]


def home_of(folder: Path) -> Home:
    """A home with two days of five cars on their streets."""
    files = folder / "files"
    make_city(files, vehicles=_CARS, days=2, seed=_SEED, first_day=_FIRST, city="guangzhou")
    home = make_home(folder / "home", city="guangzhou", buckets=1)
    take_roads(home, files / "roads" / "streets.osm", now_ms=_NOW_MS)
    take_limits(home, files / "roads" / "limits.csv", now_ms=_NOW_MS)
    take(home, [files], now_ms=_NOW_MS, workers=1)
    return home


def rows_of(home: Home) -> Iterator[tuple[str, Columns]]:
    """Every fact of the second day, and the units of weeks and months of both, by name."""
    law, days = law_of(home.city), (day_of(_FIRST), day_of(_FIRST) + 1)
    from_ms, to_ms = (day_start_ms(day, home.timezone) for day in (days[0], days[1] + 1))
    made = [DayUnits(_given(home, day), law) for day in days]
    for name, make in DAY_FACTS.items():
        yield name, make(made[1])
    city = [_given(home, day, CITY) for day in days]
    for name, unit in CITY_UNITS.items():
        yield f"city {name}", stacked_columns([unit.make(of_city, law) for of_city in city])
    for name, fold in FOLDS.items():
        parts = [LEFT[left_of(name)].part(day) for day in made]
        yield f"fold {name}", fold.fold(pd.concat(parts, ignore_index=True), from_ms, to_ms)


def _given(home: Home, day: int, scope: str = DAY) -> Given:
    job = Job(day, WHOLE_CITY if scope == CITY else 0, scope)
    order = Order(
        home=str(home.path), url=home.url, jobs=(job,), past_day=day + 1, rules=(), leaves=(),
        looks_back=scope == DAY and bool(LOOKS_BACK), vehicles=(), delivery=last_delivery(home),
    )  # fmt: skip
    past = past_of(order) if order.looks_back else None
    return next(given_day(order, law_of(home.city), day, tracks=scope == DAY, past=past))


def summary_of(rows: Columns, from_ms: int) -> Summary:
    """Of each column how many values are known, their sum, and their sum weighed by row; of texts a sum."""
    found: Summary = {"rows": [len(rows)]}
    for name, values in rows.columns.items():
        if values.dtype == object or values.dtype.kind in "US":
            text = "\x1f".join(str(value) for value in values.tolist())
            found[name] = [zlib.crc32(text.encode())]
            continue
        whole = values.dtype.kind in "iub"
        known = np.ones(len(rows), dtype=bool) if whole else np.isfinite(values)
        # Moments count from the day on, else their sums would hide whole seconds.
        shift = from_ms if name.endswith("_ms") else 0
        seen = values[known].astype(np.int64 if whole else np.float64)
        seen = np.where(np.abs(seen) > shift // 2, seen - shift, seen) if shift else seen
        weights = np.flatnonzero(known) % 7 + 1
        sums = (seen.sum(), (seen * weights).sum())
        found[name] = [int(known.sum()), *(int(one) if whole else float(one) for one in sums)]
    return found


def summaries() -> dict[str, Summary]:
    """The summary of every fact."""
    with tempfile.TemporaryDirectory(prefix="taxi_qa-facts-") as folder:
        home = home_of(Path(folder))
        from_ms = day_start_ms(day_of(_FIRST), home.timezone)
        found = {name: summary_of(rows, from_ms) for name, rows in rows_of(home)}
        home.engine.dispose()
    return found


if __name__ == "__main__":
    KEPT.write_text(json.dumps(summaries(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"{KEPT}\n")
