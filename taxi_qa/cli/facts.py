"""`taxi-qa facts`: what was measured before any rule was asked."""

from typing import TYPE_CHECKING

import click

from taxi_qa.cli.check import refuse_backwards
from taxi_qa.cli.command import DAY, Group, now_ms, opened
from taxi_qa.cli.findings import FORMAT_NAMES, write_out
from taxi_qa.cli.screen import note

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

# As `facts.units.DAY_FACTS`; named here so that asking for help loads no heavy library (a test compares).
FACTS = (
    "occupied_runs", "trips", "carriages", "outages", "driving_spells", "plates", "speed_stretches",
    "driven_routes", "meter_checks", "trip_roads",
)  # fmt: skip
# Of all the days asked for together, not day by day.
LEDGER = "hub_ledger"


@click.group(cls=Group)
def facts() -> None:
    """What was measured."""


@facts.command()
@click.argument("name", type=click.Choice((*FACTS, LEDGER)), metavar="NAME")
@click.option("--out", required=True, metavar="FILE", help="The file to write; - for standard output.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMAT_NAMES),
    help="How to write it.  [default: what FILE ends in; csv for -]",
)
@click.option("--from", "from_day", type=DAY, help="The first day.")
@click.option("--to", "to_day", type=DAY, help="The last day, included.")
@click.option(
    "--vehicle", "vehicles", multiple=True, metavar="ID", help="Only this vehicle; may be repeated."
)
@click.pass_context
def export(
    ctx: click.Context,
    name: str,
    out: str,
    form: str | None,
    from_day: int | None,
    to_day: int | None,
    vehicles: tuple[str, ...],
) -> None:
    """Write measured facts to a file, before any rule is asked.

    \b
    NAME is one of
      occupied_runs   runs of the loaded flag, with their distance by the track
      trips           metered trips with track, seats, tariff, area and sign-in
      carriages       spans with passengers, and what was driven off the meter
      outages         duties and their gaps without a position
      driving_spells  driving between rests, and of whole shifts
      plates          cars heard from two places at once
      speed_stretches  stretches above the limit, and each car's day
      driven_routes   metered trips against the routes they could have taken
      meter_checks    metered against driven distance
      trip_roads      metered trips matched to the roads: share, way, free-driving time, tunnels
      hub_ledger      each driver's waits, places in the queue, short trips and laps
                      at each hub, against those of the same hours
    """  # noqa: D301 - click reads \b as a mark: keep the lines
    from taxi_qa.reports.outside import fact_cells, facts_outside
    from taxi_qa.runs.facts import facts as measured
    from taxi_qa.runs.facts import ledger

    refuse_backwards(from_day, to_day)
    home = opened(ctx)
    if name == LEDGER:
        whole = ledger(home, from_day=from_day, to_day=to_day, vehicles=vehicles)
        frames = iter([whole] if len(whole) else [])
    else:
        frames = measured(home, name, from_day=from_day, to_day=to_day, vehicles=vehicles)
    first = next(frames, None)
    if first is None:
        raise click.UsageError(
            "the home holds nothing to measure in these days; `taxi-qa doctor` says what it holds"
        )

    def outside() -> "Iterator[pd.DataFrame]":
        yield facts_outside(first, home.timezone)
        for frame in frames:
            yield facts_outside(frame, home.timezone)

    write_out(outside(), fact_cells(first), out, form, sheet=name)


@facts.command()
@click.option("--from", "from_day", type=DAY, help="The first day.  [default: the last there are data of]")
@click.option("--to", "to_day", type=DAY, help="The last day, included.  [default: the same]")
@click.option(
    "--ledger-days",
    type=click.IntRange(0, 366),
    default=30,
    show_default=True,
    metavar="N",
    help="Over how many days up to the last each driver's own ledger is kept; 0 leaves it.",
)
@click.pass_context
def hubs(ctx: click.Context, from_day: int | None, to_day: int | None, ledger_days: int) -> None:
    """Keep what happened at the hubs, for zones and for drivers.

    Who queued, who left empty, who went round: worked out once a day of the whole city, best right after
    `taxi-qa check`, which leaves most of it ready. And over the last weeks each driver's waits, places in the
    queue, short trips and laps, beside the band of his fleet.
    """
    from taxi_qa.runs.hub_days import keep_hub_days
    from taxi_qa.runs.hub_ledgers import keep_ledgers
    from taxi_qa.store.library import data_span
    from taxi_qa.values.clock import date_of

    refuse_backwards(from_day, to_day)
    home = opened(ctx)
    span = data_span(home)
    if span is None:
        note("没有数据 · no data; next: `taxi-qa ingest FILE...`")
        return
    last = to_day if to_day is not None else span[1] if from_day is None else max(from_day, span[1])
    first = from_day if from_day is not None else last
    kept = 0
    for day, turns in keep_hub_days(home, first, last, now_ms()):
        kept += 1
        note(f"{date_of(day)}: {turns:,} 次候客 · turns at hubs")
    if not kept:
        note("这些日子没有定位数据 · no positions on these days")
    if ledger_days:
        begin = max(last - ledger_days + 1, span[0])
        drivers = keep_ledgers(home, from_day=begin, to_day=last, now_ms=now_ms())
        note(
            f"{date_of(begin)} – {date_of(last)}: {drivers:,} 名驾驶员的候客台账 · ledgers of drivers at hubs"
        )
