"""The door: a block of text becomes columns as they are kept inside, or refused rows with their reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from taxi_qa.ingest.areas import convert_areas
from taxi_qa.ingest.blocks import Block
from taxi_qa.ingest.checks import Fault, alighting_dates, faults_of, settle_doubled_hour, swapped
from taxi_qa.ingest.headers import Layout
from taxi_qa.ingest.moments import convert_days, convert_times
from taxi_qa.ingest.quantities import Bools, Converted, convert_number
from taxi_qa.ingest.refusal import RefusedRow, storable
from taxi_qa.ingest.words import (
    convert_choice,
    convert_flag,
    convert_items,
    convert_list,
    convert_names,
    convert_text,
)
from taxi_qa.records.column import Column, Kind
from taxi_qa.store.raw_fixes import sane_days
from taxi_qa.values.place import Datum, to_wgs84

MISSING: Final = "is missing; it is required"
# Places of kinds that have no column for their datum are kept in WGS-84.
_LONE_PLACES: Final = (("pickup_lon", "pickup_lat"),)


@dataclass(frozen=True)
class Door:
    """What the door needs to know beside the file.

    Attributes:
        zone: the time zone of times without an offset.
        now_ms: the moment of taking in; later ones by more than a day have not happened.
        datum: of places whose row does not say.
    """

    zone: str
    now_ms: int
    datum: Datum = "wgs84"


@dataclass(frozen=True)
class Checked:
    """A block after the door.

    Attributes:
        frame: the rows that go in: every column of the kind by its inside name, and `row`, `record`.
        refused: the rows that do not.
    """

    frame: pd.DataFrame
    refused: list[RefusedRow]


def check_block(block: Block, layout: Layout, door: Door) -> Checked:
    """Convert and check a block; every row ends up in the frame or among the refused, exactly once.

    Args:
        block: rows as text.
        layout: where the columns of the kind stand in the block's header.
        door: zone, moment and datum.
    """
    kind = layout.kind
    texts = {column.name: block.columns[index] for index, column in layout.places.items()}
    columns, naive = _converted(kind, texts, door)
    settle_doubled_hour(kind, columns, naive, door.zone)
    faults = swapped(columns)
    for column in kind.columns:
        if column.name not in columns:
            if column.required:
                faults.append((np.ones(len(block), dtype=bool), column.name, MISSING))
            continue
        if column.required:
            faults.append((~columns[column.name].given, column.name, MISSING))
        faults += [(mask, column.name, reason) for mask, reason in columns[column.name].faults]
    if kind.name == "positions" and "time" in columns:
        time = columns["time"]
        faults.append(
            (time.given & ~sane_days(time.data, door.zone), "time", "lies outside the years 1970 to 2100")
        )
    faults += faults_of(kind, columns, door.now_ms, _planned(kind, columns, len(block)))
    return _sorted_out(block, kind, columns, faults, door)


def _converted(
    kind: Kind, texts: Mapping[str, Any], door: Door
) -> tuple[dict[str, Converted], dict[str, Bools]]:
    columns: dict[str, Converted] = {}
    naive: dict[str, Bools] = {}
    for column in kind.columns:
        if column.name not in texts:
            continue
        text = texts[column.name]
        if column.meaning == "time":
            if column.name == "alighted_at" and "boarded_at" in columns:
                text = alighting_dates(text, columns["boarded_at"], door.zone)
            columns[column.name], naive[column.name] = convert_times(text, door.zone)
        else:
            columns[column.name] = _convert(text, column, door)
    return columns, naive


def _convert(text: Any, column: Column, door: Door) -> Converted:  # noqa: ANN401, PLR0911  (one return a meaning)
    match column.meaning:
        case "date":
            return convert_days(text, door.zone)
        case "id":
            return convert_names(text)
        case "choice":
            return convert_choice(text, column)
        case "flag":
            return convert_flag(text, column)
        case "names":
            return convert_list(text)
        case "json" if column.name == "geometry":
            return convert_areas(text, door.datum)
        case "json":
            return convert_items(text, column)
        case "text":
            return convert_text(text)
        case _:
            return convert_number(text, column)


def _planned(kind: Kind, columns: Mapping[str, Converted], rows: int) -> Bools:
    if kind.name == "shifts" and "source" in columns:
        source = columns["source"].data.to_pylist()
        return np.array([word == "roster" for word in source], dtype=bool)
    return np.zeros(rows, dtype=bool)


def _sorted_out(
    block: Block, kind: Kind, columns: Mapping[str, Converted], faults: list[Fault], door: Door
) -> Checked:
    """Rows with their first fault on one side, sound ones on the other."""
    open_rows = np.ones(len(block), dtype=bool)
    found: dict[int, tuple[str, str]] = {}
    for mask, name, reason in faults:
        for index in np.flatnonzero(mask & open_rows):
            found[int(index)] = (name, reason)
        open_rows &= ~mask
    at_the_door = [
        RefusedRow(int(block.row[i]), int(block.record[i]), name, reason, storable(block.raw(i)))
        for i, (name, reason) in found.items()
    ]
    refused = sorted([*block.refused, *at_the_door], key=lambda row: row.record)
    frame = _frame(kind, columns, len(block), door)
    frame["row"], frame["record"] = block.row, block.record
    return Checked(frame.loc[open_rows].reset_index(drop=True) if found else frame, refused)


def _frame(kind: Kind, columns: Mapping[str, Converted], rows: int, door: Door) -> pd.DataFrame:
    result: dict[str, Any] = {}
    for column in kind.columns:
        converted = columns.get(column.name)
        if converted is None:
            result[column.inside] = _nothing(column, rows)
        elif column.dtype == "Int64":
            result[column.inside] = pd.arrays.IntegerArray(converted.data.astype(np.int64), ~converted.given)
        elif column.dtype == "boolean":
            result[column.inside] = pd.arrays.BooleanArray(converted.data.astype(bool), ~converted.given)
        elif column.dtype == "float64":
            result[column.inside] = np.where(converted.given, converted.data, np.nan)
        else:
            result[column.inside] = pd.array(converted.data, dtype="str")
    frame = pd.DataFrame(result, copy=False)
    if any(column.name == "datum" for column in kind.columns):
        frame["datum"] = frame["datum"].fillna(door.datum)
    elif door.datum != "wgs84":
        for lon, lat in _LONE_PLACES:
            if lon in columns and lat in columns:
                frame[lon], frame[lat] = to_wgs84(frame[lon].to_numpy(), frame[lat].to_numpy(), door.datum)
    return frame


def _nothing(column: Column, rows: int) -> Any:  # noqa: ANN401  (one of several array types)
    absent = np.ones(rows, dtype=bool)
    if column.dtype == "Int64":
        return pd.arrays.IntegerArray(np.zeros(rows, dtype=np.int64), absent)
    if column.dtype == "boolean":
        return pd.arrays.BooleanArray(np.zeros(rows, dtype=bool), absent)
    if column.dtype == "float64":
        return np.full(rows, np.nan)
    return pd.array(pa.nulls(rows, pa.large_string()), dtype="str")
