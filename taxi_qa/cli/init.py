"""`taxi-qa init`: make a home."""

import click

from taxi_qa.cli.command import Command, place_of
from taxi_qa.cli.screen import note, say


@click.command(cls=Command)
@click.option(
    "--city", metavar="NAME", help="The place whose law binds.  [default: the home's, else zhongshan]"
)
@click.pass_context
def init(ctx: click.Context, city: str | None) -> None:
    """Make a home; safe to repeat.

    That is the folder, and its database at the newest migration.
    The city can't be changed later: its clock decides what a day is.
    """
    from taxi_qa.law.read import read_law
    from taxi_qa.store.home import make_home

    place = place_of(ctx)
    name = known_city(city)
    timezone = None if name is None else read_law(name).timezone
    home = make_home(place.home, place.database, city=name, timezone=timezone)
    say(f"{home.path}: ready, city {home.city}, clock {home.timezone}")
    note("next: `taxi-qa ingest FILE...`, or `taxi-qa doctor`")


def known_city(name: str | None) -> str | None:
    """The name, if there is a tariff for it.

    Raises:
        click.BadParameter: there is none; the message lists those there are.
    """
    from taxi_qa.law.read import places

    if name is not None and name not in places():
        raise click.BadParameter(
            f"no tariff for {name!r}; there is one for {', '.join(places())}", param_hint="--city"
        )
    return name
