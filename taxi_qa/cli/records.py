"""`taxi-qa records`: what is stored, given back in the columns of the record formats."""

from typing import TYPE_CHECKING

import click

from taxi_qa.cli.check import refuse_backwards
from taxi_qa.cli.command import DAY, Group, opened
from taxi_qa.cli.findings import FORMAT_NAMES, write_out
from taxi_qa.records.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from taxi_qa.store.home import Home

_POSITIONS = "positions"


@click.group(cls=Group)
def records() -> None:
    """What is stored."""


@records.command()
@click.argument("kind", type=click.Choice(list(KINDS)), metavar="KIND")
@click.option("--out", required=True, metavar="FILE", help="The file to write; - for standard output.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMAT_NAMES),
    help="How to write it.  [default: what FILE ends in; csv for -]",
)
@click.option("--from", "from_day", type=DAY, help="The first day.")
@click.option("--to", "to_day", type=DAY, help="The last day, included.")
@click.option("--vehicle", metavar="ID", help="Only this vehicle.")
@click.pass_context
def export(
    ctx: click.Context,
    kind: str,
    out: str,
    form: str | None,
    from_day: int | None,
    to_day: int | None,
    vehicle: str | None,
) -> None:
    """Write the stored records of KIND to a file.

    `ingest` takes it again. Corrected rows are given as they stand now, places in the datum they
    came in. Companies, drivers, vehicles and zones have no moment: they are given whole, whatever the
    days.
    """
    from taxi_qa.reports.outside import record_cells

    refuse_backwards(from_day, to_day)
    if vehicle is not None and not KINDS[kind].has_vehicle:
        raise click.BadParameter(f"{kind} belong to no vehicle", param_hint="--vehicle")
    home = opened(ctx)
    frames = _frames(home, kind, from_day, to_day, vehicle)
    write_out(frames, record_cells(KINDS[kind]), out, form, sheet=kind)


def _frames(
    home: "Home", kind: str, from_day: int | None, to_day: int | None, vehicle: str | None
) -> "Iterator[pd.DataFrame]":
    """The records in outside columns, a day at a time, so that years need no more memory than a day."""
    from taxi_qa.reports.outside import records_outside
    from taxi_qa.store.library import records as stored
    from taxi_qa.store.library import rows_kept
    from taxi_qa.values.clock import day_start_ms
    from taxi_qa.values.identity import identifier

    held = {row["kind"]: row for row in rows_kept(home).to_dict("records")}.get(kind)
    if held is None:
        return
    vehicle_id = None if vehicle is None else identifier(vehicle)
    shape = KINDS[kind]
    if kind != _POSITIONS and shape.moment is None:
        yield records_outside(stored(home, kind, vehicle_id=vehicle_id), shape, home.timezone)
        return
    first = int(held["first_day"]) if from_day is None else max(from_day, int(held["first_day"]))
    last = int(held["last_day"]) if to_day is None else min(to_day, int(held["last_day"]))
    if kind == _POSITIONS:
        yield from _position_frames(home, first, last, vehicle_id)
        return
    for day in range(first, last + 1):
        begin_ms, end_ms = day_start_ms(day, home.timezone), day_start_ms(day + 1, home.timezone)
        frame = stored(home, kind, vehicle_id=vehicle_id, from_ms=begin_ms, to_ms=end_ms)
        if len(frame):
            yield records_outside(frame, shape, home.timezone)


def _position_frames(home: "Home", first: int, last: int, vehicle_id: str | None) -> "Iterator[pd.DataFrame]":
    from taxi_qa.reports.outside import records_outside
    from taxi_qa.store.library import partitions, raw_positions
    from taxi_qa.values.identity import bucket_of

    wanted = None if vehicle_id is None else bucket_of(vehicle_id, home.buckets)
    for day, bucket in partitions(home, first, last):
        if wanted is None or bucket == wanted:
            frame = raw_positions(home, day, bucket, vehicle_id=vehicle_id)
            yield records_outside(frame, KINDS[_POSITIONS], home.timezone)
