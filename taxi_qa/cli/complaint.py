"""`taxi-qa complaint`: from what a passenger remembers to the trips he may mean."""

import datetime as dt
from typing import TYPE_CHECKING, Final

import click

from taxi_qa.cli.command import Group, opened
from taxi_qa.cli.screen import figures, note, say

if TYPE_CHECKING:
    import shapely

    from taxi_qa.facts.candidates import Candidate
    from taxi_qa.store.home import Home

_COMPASS: Final = {
    "N": 0.0,
    "NE": 45.0,
    "E": 90.0,
    "SE": 135.0,
    "S": 180.0,
    "SW": 225.0,
    "W": 270.0,
    "NW": 315.0,
}
_SPEAKS: Final = {1: "for", -1: "against", 0: "open"}
_MARKS: Final = {1: "+", -1: "-", 0: "?"}


@click.group(cls=Group)
def complaint() -> None:
    """What a complaint may mean."""


@complaint.command()
@click.option(
    "--from", "begin", required=True, metavar="TIME", help="It happened not before, 2026-10-20T10:00."
)
@click.option("--to", "end", required=True, metavar="TIME", help="It happened not after.")
@click.option("--place", metavar="LON,LAT|ZONE", help="Where: a place in WGS-84, or a zone of the home.")
@click.option("--plate", metavar="PART", help="A part of the plate.")
@click.option("--fare", type=float, metavar="YUAN", help="What was paid or shown.")
@click.option("--passengers", type=click.IntRange(1, 20), metavar="N", help="How many rode.")
@click.option("--heading", type=click.Choice(list(_COMPASS), case_sensitive=False), help="Whither.")
@click.option(
    "--limit", type=click.IntRange(1), default=10, show_default=True, metavar="N", help="The best so many."
)
@click.option("--json", "as_json", is_flag=True, help="Give them as JSON.")
@click.pass_context
def find(
    ctx: click.Context,
    begin: str,
    end: str,
    place: str | None,
    plate: str | None,
    fare: float | None,
    passengers: int | None,
    heading: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Trips a complaint may mean, and what speaks for each.

    Best first, each with what speaks for and against it. A car whose plate fits is listed even if it had
    no trip then: that it was elsewhere clears its driver. No driver is named; who drove is asked once a
    trip is settled.
    """
    from taxi_qa.facts.candidates import Wanted
    from taxi_qa.runs.complaint_search import search
    from taxi_qa.values.identity import identifier

    home = opened(ctx)
    from_ms, to_ms = _moment(begin, home.timezone, "--from"), _moment(end, home.timezone, "--to")
    if to_ms < from_ms:
        raise click.BadParameter("lies before --from", param_hint="--to")
    if place is None and not plate and fare is None:
        raise click.UsageError(
            "tell at least one of --place, --plate and --fare: a time alone fits every taxi"
        )
    wanted = Wanted(
        from_ms, to_ms,
        place=None if place is None else _place(home, place),
        plate=identifier(plate).upper() if plate else "",
        fare_fen=None if fare is None else round(fare * 100),
        passengers=passengers,
        heading_deg=None if heading is None else _COMPASS[heading.upper()],
    )  # fmt: skip
    found = search(home, wanted)
    if as_json:
        figures([_told(rank, one, home.timezone) for rank, one in enumerate(found[:limit], 1)])
    else:
        for rank, one in enumerate(found[:limit], 1):
            _say(rank, one, home.timezone)
    listed = min(limit, len(found))
    note(f"共 {len(found)} 个候选，列出 {listed} 个 · {len(found)} candidates, {listed} listed")


def _moment(text: str, zone: str, hint: str) -> int:
    """The instant a person wrote, in the city's zone where he named none."""
    from taxi_qa.values.clock import instant_of, zone_of

    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no time; expected 2026-10-20T10:00", param_hint=hint) from None
    return instant_of(moment if moment.tzinfo else moment.replace(tzinfo=zone_of(zone)))


def _place(home: "Home", text: str) -> "shapely.Geometry":
    import shapely

    from taxi_qa.runs.gather import areas_of
    from taxi_qa.store.library import records

    parts = text.split(",")
    if len(parts) == 2:  # noqa: PLR2004 - lon and lat
        try:
            lon, lat = (float(part) for part in parts)
        except ValueError:
            lon = lat = 1e9
        if abs(lon) > 180 or abs(lat) > 90:  # noqa: PLR2004 - degrees
            raise click.BadParameter(
                f"{text!r} is no place; expected LON,LAT in degrees", param_hint="--place"
            )
        return shapely.Point(lon, lat)
    areas = areas_of(records(home, "zones"))
    if text not in areas:
        raise click.BadParameter(
            f"the home has no zone {text!r}; expected LON,LAT or one of its zones ({len(areas)})",
            param_hint="--place",
        )
    return areas[text]


def _told(rank: int, one: "Candidate", zone: str) -> dict[str, object]:
    from taxi_qa.values.clock import iso_of

    clues = [
        {"clue": said.clue, "speaks": _SPEAKS[said.speaks], "zh": said.zh, "en": said.en} for said in one.said
    ]
    return {
        "rank": rank,
        "score": one.score,
        "vehicle_id": one.vehicle_id,
        "company_id": one.company_id,
        "trip_id": one.trip_id,
        "boarded_at": None if one.boarded_ms is None else iso_of(one.boarded_ms, zone),
        "alighted_at": None if one.alighted_ms is None else iso_of(one.alighted_ms, zone),
        "fare_yuan": None if one.fare_fen is None else one.fare_fen / 100,
        "clues": clues,
    }


def _say(rank: int, one: "Candidate", zone: str) -> None:
    from taxi_qa.values.clock import iso_of

    when = "无行程 no trip"
    if one.boarded_ms is not None and one.alighted_ms is not None:
        when = f"{iso_of(one.boarded_ms, zone)[:19]} – {iso_of(one.alighted_ms, zone)[11:19]}"
    fare = "" if one.fare_fen is None else f"  ¥{one.fare_fen / 100:.2f}"
    say(f"{rank}. {one.vehicle_id}  {one.trip_id or '-'}  {when}{fare}  [{one.score:+d}]")
    for said in sorted(one.said, key=lambda clue: -clue.speaks):
        say(f"   {_MARKS[said.speaks]} {said.zh} · {said.en}")
