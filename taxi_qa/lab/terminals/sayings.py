"""What the terminals of a made city say, and what a reader who hears all of it can know.

A car's records become messages, each with the moment it leaves the car. What no message can say (who pays how
much beside the meter, how sure a camera is) is lost; what has no message at all stays in files.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.lab.terminals.cabin_words import tell_alarms, tell_cameras
from taxi_qa.lab.terminals.meter_words import tell_orders, tell_shifts, tell_trips
from taxi_qa.lab.terminals.places import fixes_of, kept, live, tell_positions
from taxi_qa.lab.terminals.spoken import Row, Spoken
from taxi_qa.lab.terminals.wire import Edition

# Two thirds of a city's cars speak JT905, the rest JT808 of both editions.
_EDITIONS: Final[tuple[Edition, ...]] = ("905", "905", "808-2013", "905", "905", "808-2019")
# Kinds of records that terminals bring.
SPOKEN_KINDS: Final = ("positions", "trips", "shifts", "events", "device_status", "orders")
_INSTANTS: Final = ("time", "received_at")
_CLOCKS: Final = frozenset(
    {
        "boarded_at",
        "alighted_at",
        "start",
        "end",
        "time",
        "from",
        "to",
        "accepted_at",
        "pickup_due",
        "cancelled_at",
    }
)
_DAY_MS: Final = 86_400_000


def cars_of(folder: Path, arrives: Callable[[int], int], later_days: int = 0) -> list[Spoken]:
    """The cars of a made city, told.

    Args:
        folder: what `lab make` wrote.
        arrives: when what leaves at a moment (UTC milliseconds) reaches the gateway.
        later_days: so many days later than it was made everything happens.

    Raises:
        OSError: a file of the city is missing.
    """
    tables = {kind: read_rows(folder / f"{kind}.csv", later_days) for kind in SPOKEN_KINDS[1:]}
    of_car: dict[str, dict[str, list[Row]]] = {}
    for kind, rows in tables.items():
        for row in rows:
            of_car.setdefault(row["vehicle_id"], {}).setdefault(kind, []).append(row)
    positions = pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("positions-*.parquet"))])
    for name in _INSTANTS:
        positions[name] = (
            positions[name].astype("datetime64[ms, UTC]").astype(np.int64) + later_days * _DAY_MS
        )
    places = {str(name): rows for name, rows in positions.groupby("vehicle_id", observed=True, sort=False)}
    return [
        spoken(
            vehicle,
            _EDITIONS[at % len(_EDITIONS)],
            of_car.get(vehicle["vehicle_id"], {}),
            places.get(vehicle["vehicle_id"], positions.iloc[:0]),
            arrives,
        )
        for at, vehicle in enumerate(read_rows(folder / "vehicles.csv"))
    ]


def last_day(folder: Path) -> pd.Timestamp:
    """The last day of which a made city has positions."""
    files = sorted(folder.glob("positions-*.parquet"))
    return pd.Timestamp(files[-1].stem.removeprefix("positions-"))


def read_rows(path: Path, later_days: int = 0) -> list[Row]:
    """Rows of a file of records, all cells as text."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    for name in _CLOCKS & set(table.columns) if later_days else ():
        moments = pd.to_datetime(table[name].where(table[name] != "")) + pd.Timedelta(days=later_days)
        table[name] = moments.dt.strftime("%Y-%m-%d %H:%M:%S").fillna("")
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False)]


def spoken(
    vehicle: Row,
    edition: Edition,
    tables: Mapping[str, list[Row]],
    positions: pd.DataFrame,
    arrives: Callable[[int], int],
) -> Spoken:
    """Turn a car's records into messages.

    Args:
        vehicle: its row of vehicles.
        edition: of its terminal.
        tables: its rows by kind (trips, shifts, events, device_status, orders), texts as in files.
        positions: its positions as in files, instants in UTC milliseconds.
        arrives: as for `cars_of`.
    """
    car = Spoken(vehicle["vehicle_id"], vehicle["terminal_id"], edition, arrives)
    fixes, received = fixes_of(positions), positions["received_at"].tolist()
    order = sorted(range(len(fixes)), key=received.__getitem__)
    fixes, received = [fixes[at] for at in order], [received[at] for at in order]
    stored = kept(received)
    alarms = np.zeros(len(fixes), dtype=np.int64)
    present = live(fixes, [arrives(moment) for moment in received], stored)
    events = tell_alarms(
        car, tables.get("events", []), tables.get("device_status", []), fixes, present, alarms
    )
    items = tell_cameras(car, events, fixes, present)
    tell_positions(car, fixes, received, stored, alarms, items)
    tell_shifts(car, tables.get("shifts", []), fixes)
    orders, trips = tables.get("orders", []), tables.get("trips", [])
    if edition == "905":
        tell_orders(car, orders)
        tell_trips(car, trips, fixes, orders)
    else:
        # JT808 has no words for meters and booked rides.
        car.left["orders"], car.left["trips"] = orders, trips
    car.sayings.sort(key=lambda one: one.at_ms)
    return car
