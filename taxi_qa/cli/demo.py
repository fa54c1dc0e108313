"""`taxi-qa demo`: a made fleet taken in, judged and reported, from nothing to a page in a browser."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from taxi_qa.cli.check import cores, show_summary
from taxi_qa.cli.command import Command, city_today, now_ms, place_of
from taxi_qa.cli.demo_people import demo_sign_ins
from taxi_qa.cli.desk import gathered_at
from taxi_qa.cli.desk_call import desk_at
from taxi_qa.cli.ingest import ending, show_reports
from taxi_qa.cli.lab import CITIES, FIRST_DAY, made_files, street_files
from taxi_qa.cli.progress import Progress
from taxi_qa.cli.score import show
from taxi_qa.cli.screen import note, say, table
from taxi_qa.cli.serve import run

if TYPE_CHECKING:
    from taxi_qa.store.home import Home

_FOLDER: Final = "demo"
_REPORT: Final = "demo.html"


@click.command(cls=Command)
@click.option("--no-serve", is_flag=True, help="End with the summary and the report.")
@click.option("--port", type=click.IntRange(1, 65_535), default=8000, show_default=True, help="Of the web.")
@click.option(
    "--vehicles", metavar="N", type=click.IntRange(1), default=40, show_default=True, help="How many cars."
)
@click.option(
    "--days", metavar="N", type=click.IntRange(1), default=2, show_default=True, help="How many days."
)
@click.option(
    "--city", type=click.Choice(CITIES), default="guangzhou", show_default=True, help="Streets and tariff."
)
@click.pass_context
def demo(ctx: click.Context, no_serve: bool, port: int, vehicles: int, days: int, city: str) -> None:
    """Show everything on a made fleet.

    Makes a home with it, takes its records in, judges them, brings the findings before the desk, scores the
    drivers, prints the summary and the sign-ins, and serves the web.
    """
    from taxi_qa.runs.check import check
    from taxi_qa.values.clock import day_from_text

    home = _demo_home(ctx, city)
    folder = home.path / _FOLDER
    note(f"making {vehicles} cars and {days} days of {city} in {folder}")
    files = made_files(folder, vehicles, days, seed=1, city=city, first_day=day_from_text(FIRST_DAY))
    _take_streets(home, folder)
    refused = _take_in(home, files)
    with Progress("check") as progress:
        report = check(
            home,
            now_ms=now_ms(),
            executor="processes",
            workers=cores(),
            progress=lambda done, total: progress("jobs", done, total),
        )
    show_summary(None if report is None else report.tallies, as_json=False)
    _score(home)
    say(f"report: {_report(home)}")
    shown = demo_sign_ins(home)
    say()
    table(("sign in as", "password", "who"), [(one.name, one.password, one.title_zh) for one in shown])
    if no_serve:
        ctx.exit(refused)
    home.engine.dispose()
    run(place_of(ctx), {"demo": shown}, host="127.0.0.1", port=port, workers=1)


def _demo_home(ctx: click.Context, city: str) -> "Home":
    """The home of the demonstration: a new one, or that of an earlier demonstration.

    Raises:
        click.UsageError: the home holds other data, among which made trips must not come.
    """
    from taxi_qa.law.read import read_law
    from taxi_qa.store.home import make_home
    from taxi_qa.store.library import rows_kept

    place = place_of(ctx)
    known = (place.home / _FOLDER).is_dir()
    home = make_home(place.home, place.database, city=city, timezone=read_law(city).timezone)
    if not known and len(rows_kept(home)):
        raise click.UsageError(
            f"{place.home} holds data already; give the demonstration a home of its own: --home DIR"
        )
    return home


def _take_streets(home: "Home", folder: Path) -> None:
    """The map of the made city and its operator's limits, before the records that are judged by them."""
    from taxi_qa.ingest.roads import take_limits, take_roads

    streets, limits = street_files(folder)
    with Progress("roads") as progress:
        shape = take_roads(home, streets, now_ms=now_ms(), progress=lambda ways: progress("roads read", ways))
        taken = take_limits(home, limits, now_ms=now_ms())
    note(f"roads: {shape.length_km:,.0f} km of {shape.ways:,} streets, {taken.rows:,} limits of the operator")


def _take_in(home: "Home", files: list[Path]) -> int:
    from taxi_qa.ingest.take import take

    with Progress("ingest") as progress:
        reports = take(home, files, now_ms=now_ms(), progress=progress)
    show_reports(reports, as_json=False)
    say()
    return ending(reports)


def _score(home: "Home") -> None:
    """Bring the findings before the desk, and say where the drivers stand before anybody decided."""
    from taxi_qa.runs.coaching import coaching, keep_coaching
    from taxi_qa.runs.hub_days import keep_hub_days
    from taxi_qa.runs.hub_ledgers import keep_ledgers
    from taxi_qa.runs.scoring import keep_scored, score
    from taxi_qa.store.library import data_span

    cases = gathered_at(desk_at(home))
    say()
    say(f"desk: {cases.get('opened', 0):,} cases wait for people; until one is confirmed it costs nothing")
    found = score(home, as_of_day=city_today(home.timezone), now_ms=now_ms())
    keep_scored(home, found, now_ms())
    show(found, as_json=False)
    span = data_span(home)
    if span is not None:
        told = coaching(home, from_day=span[0], to_day=span[1], now_ms=now_ms())
        keep_coaching(home, told, from_day=span[0], to_day=span[1], now_ms=now_ms())
        for _ in keep_hub_days(home, span[0], span[1], now_ms()):
            pass  # each day is kept as it comes
        keep_ledgers(home, from_day=span[0], to_day=span[1], now_ms=now_ms())


def _report(home: "Home") -> Path:
    """Write the self-contained page and give its place."""
    from taxi_qa.reports.page import write_page

    out = home.reports / _REPORT
    write_page(home, out, now_ms=now_ms())
    return out
