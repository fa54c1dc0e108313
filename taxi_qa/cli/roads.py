"""`taxi-qa roads`: the map of the home, and the limits on it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taxi_qa.cli.check import refuse_backwards
from taxi_qa.cli.command import DAY, Group, city_today, now_ms, opened
from taxi_qa.cli.progress import Progress
from taxi_qa.cli.screen import figures, note, say, table

if TYPE_CHECKING:
    from taxi_qa.ingest.roads import Shape


NO_ROADS = "the home has no road network; make one with `taxi-qa roads build FILE.osm.pbf`"
# Refused rows told one by one.
_LINES = 20


@click.group(cls=Group)
def roads() -> None:
    """The road network of the home."""


@roads.command()
@click.argument("file", metavar="FILE.osm.pbf", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Give the figures as JSON.")
@click.pass_context
def build(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Make the road network from an OpenStreetMap extract.

    An extract of the city with some kilometres around it, such as download services cut
    (© OpenStreetMap contributors, ODbL). The network before is kept and counts no more;
    days judged before are judged anew by the next `taxi-qa check`.
    """
    from taxi_qa.ingest.roads import take_roads

    home = opened(ctx)
    with Progress("roads") as progress:
        shape = take_roads(home, file, now_ms=now_ms(), progress=lambda ways: progress("roads read", ways))
    show_shape(shape, as_json=as_json)
    note("next: `taxi-qa roads check`, `taxi-qa check`")


@roads.command()
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def limits(ctx: click.Context, file: Path) -> None:
    """Take the operator's speed limits in, from CSV or GeoJSON.

    \b
    Columns, or properties of lines and areas:
      kmh         the limit; 0 means that nobody may drive there
      way_id      OpenStreetMap's id of the road; or a line along it, in the direction of travel:
      line        LINESTRING (104.10 30.60, 104.20 30.60), in GeoJSON the geometry
      zone_id     a zone on record, as it is now; or an outline, in GeoJSON the geometry:
      area        POLYGON ((104.10 30.60, …)): all roads inside, but for bridges, tunnels, motorways
      both_ways   yes where the line means both directions
      from, to    the days on which it holds; empty is open
      hours       07:00-09:00;17:00-19:00; empty is always
      name        what it is called
    They decide over the map's own limits, and those over the defaults of the law; of a road's
    and a zone's own the lower holds. The table counts instead of the one before.
    """  # noqa: D301 - click reads \b as a mark: keep the lines
    from taxi_qa.ingest.roads import take_limits

    taken = take_limits(opened(ctx), file, now_ms=now_ms())
    say(f"{file}: {taken.rows:,} limits taken, {len(taken.refused):,} refused")
    for line in taken.refused[:_LINES]:
        note(f"not taken: {line}")
    if taken.nowhere:
        rows = ", ".join(map(str, taken.nowhere[:_LINES]))
        note(f"{len(taken.nowhere):,} mean no road of the home's network: good rows {rows}")
    ctx.exit(1 if taken.refused else 0)


@roads.command()
@click.option("--json", "as_json", is_flag=True, help="Give the figures as JSON.")
@click.pass_context
def show(ctx: click.Context, as_json: bool) -> None:
    """Say what the home's road network is made of."""
    from taxi_qa.ingest.roads import shape_of
    from taxi_qa.roads.network import load_network
    from taxi_qa.store.road_files import network_path

    path = network_path(opened(ctx))
    if path is None:
        raise click.UsageError(
            "the home has no road network; make one with `taxi-qa roads build FILE.osm.pbf`"
        )
    show_shape(shape_of(load_network(path)), as_json=as_json)


@roads.command("check")
@click.option("--json", "as_json", is_flag=True, help="Give the figures as JSON.")
@click.pass_context
def check_roads(ctx: click.Context, as_json: bool) -> None:
    """Say how far the limits reach, and if positions fit the roads.

    Positions of a wrong datum are half a kilometre off and still lie near some road, but seldom near
    one that runs their way: that tells WGS-84 from GCJ-02 and BD-09.
    """
    from taxi_qa.runs.road_check import road_check
    from taxi_qa.values.clock import date_of

    home = opened(ctx)
    seen = road_check(home, city_today(home.timezone))
    if seen is None:
        raise click.UsageError(NO_ROADS)
    if as_json:
        figures(asdict(seen) | {"day": str(date_of(seen.day))})
        return
    say(
        f"limits of {date_of(seen.day)}, by length: "
        + ", ".join(f"{n} {s:.1%}" for n, s in seen.share.items())
    )
    say(f"{seen.apart_share:.1%} of the length cannot be reached from the main part")
    if seen.table_rows:
        say(f"the operator's table: {seen.table_rows:,} rows, {len(seen.nowhere):,} of them mean no road")
    if seen.datum is None:
        say("datum: no positions")
        return
    shares = ", ".join(f"{name} {share:.0%}" for name, share in seen.datum.share.items())
    say(f"datum: {seen.datum.likely or 'cannot tell'}; of {seen.datum.fixes:,} moving fixes fit as {shares}")
    if seen.datum.why:
        note(seen.datum.why)
    if seen.datum.likely not in (None, "wgs84"):
        note(f"the positions were taken for WGS-84: ingest such files with --datum {seen.datum.likely}")


@roads.command()
@click.option("--from", "from_day", type=DAY, help="The first day.")
@click.option("--to", "to_day", type=DAY, help="The last day, included.")
@click.option("--all", "all_roads", is_flag=True, help="Also roads with few drivers found.")
@click.option("--json", "as_json", is_flag=True, help="Give the rows as JSON.")
@click.pass_context
def suspects(
    ctx: click.Context, from_day: int | None, to_day: int | None, all_roads: bool, as_json: bool
) -> None:
    """List roads where many different drivers are found.

    There the map or its limit is the suspect: look at the sign before anybody answers for it. Beside them
    stands how many their share of the traffic explains, where days that were judged kept any.
    """
    from taxi_qa.cli.findings import about_rules
    from taxi_qa.law.read import read_law
    from taxi_qa.review.suspects import RULES, standard_of
    from taxi_qa.review.suspects import suspects as found
    from taxi_qa.rules.kit import catalogue
    from taxi_qa.runs.traffic import traffic_between
    from taxi_qa.store.export import findings
    from taxi_qa.values.clock import day_start_ms

    refuse_backwards(from_day, to_day)
    home = opened(ctx)
    today, law = city_today(home.timezone), read_law(home.city)
    traffic = traffic_between(home, from_day or 0, today if to_day is None else to_day)
    standard = standard_of(law, day_start_ms(today, home.timezone), traffic)
    frames = findings(home, about=about_rules(catalogue()), from_day=from_day, to_day=to_day, rules=RULES)
    rows = [one for one in found(frames, standard) if all_roads or one.is_suspect]
    if as_json:
        figures([asdict(one) for one in rows])
        return
    headers = (
        "way_id", "road", "rule", "findings", "drivers", "expected", "most by one", "allowed", "limit from",
    )  # fmt: skip
    table(
        headers,
        [
            (
                one.way_id, one.road, one.rule, one.findings, one.drivers,
                None if one.expected is None else f"{one.expected:.1f}", f"{one.busiest_share:.0%}",
                f"{one.allowed:g}", one.limit_source,
            )
            for one in rows
        ],
    )  # fmt: skip
    if not rows:
        note("no road stands out")


def show_shape(shape: "Shape", *, as_json: bool) -> None:
    """What a network is made of, on standard output."""
    if as_json:
        figures(asdict(shape))
        return
    say(shape.source)
    say(
        f"{shape.nodes:,} junctions, {shape.edges:,} directed edges of {shape.ways:,} roads, "
        f"{shape.length_km:,.0f} km ({shape.tunnels_km:,.1f} km in tunnels)"
    )
    say(
        f"limits tagged on {shape.tagged_share:.1%} of the length; "
        f"{shape.apart_share:.1%} cannot be reached from the main part"
    )
    rows = [(name, f"{km:,.0f}", f"{tagged:.1%}") for name, (km, tagged) in shape.by_class.items()]
    table(("class", "km", "limit tagged"), rows)
