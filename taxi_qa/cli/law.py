"""`taxi-qa law`: the numbers in force with their citations, and the check of every file."""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import click

from taxi_qa.cli.command import DAY, DefaultGroup, city_today, opened
from taxi_qa.cli.init import known_city
from taxi_qa.cli.screen import figures, note, say, table

if TYPE_CHECKING:
    from taxi_qa.law.parameter import Law, Parameter, Version

_DEFAULT_CITY: Final = "zhongshan"
_MS_PER_MIN: Final = 60_000
_MIN_PER_H: Final = 60
_SHORT: Final = 60


@click.group(cls=DefaultGroup)
def law() -> None:
    """The numbers in force, with citations."""


@law.command()
@click.argument("path", required=False)
@click.option("--on", "on_day", type=DAY, help="The day asked about.  [default: the city's today]")
@click.option("--city", metavar="NAME", help="The place.  [default: the home's, else zhongshan]")
@click.option("--json", "as_json", is_flag=True, help="Give it as JSON.")
@click.pass_context
def show(ctx: click.Context, path: str | None, on_day: int | None, city: str | None, as_json: bool) -> None:
    """Show what is in force.

    All of it, everything below PATH, or one number with its versions and their citations.
    """
    from taxi_qa.law.read import read_law
    from taxi_qa.values.clock import date_of, day_start_ms

    binding = read_law(known_city(city) or _home_city(ctx))
    day = city_today(binding.timezone) if on_day is None else on_day
    last_ms = day_start_ms(day + 1, binding.timezone) - 1  # what begins on the day counts as of the day
    chosen = _chosen(binding, path)
    if as_json:
        figures([_as_figures(binding, one, last_ms) for one in chosen])
        return
    if path is not None and len(chosen) == 1:
        _show_one(binding, chosen[0], day, last_ms)
        return
    rows = [_row(binding, one, one.on(last_ms)) for one in chosen]
    table(("path", "value", "unit", "since", "certainty", "title"), rows)
    note(f"{binding.place} {binding.name_zh}, {date_of(day)}: {len(rows)} numbers; `law PATH` cites one")


@law.command()
@click.option("--json", "as_json", is_flag=True, help="Give it as JSON.")
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    """Check every file of law and house."""
    from taxi_qa.law.read import check_law, places, read_law
    from taxi_qa.law.targets import contradictions
    from taxi_qa.values.clock import day_start_ms

    problems = check_law()
    counted = {} if problems else {place: len(read_law(place).parameters) for place in places()}
    # The house's targets are the same everywhere.
    warnings: list[str] = []
    if not problems:
        known = read_law(_DEFAULT_CITY)
        warnings = contradictions(known, day_start_ms(city_today(known.timezone), known.timezone))
    if as_json:
        figures({"problems": problems, "numbers": counted, "warnings": warnings})
    else:
        for problem in problems:
            say(problem)
        for place, count in counted.items():
            say(f"{place}: {count} numbers, each cited")
    for warning in warnings:
        note(f"targets contradict each other: {warning}")
    if problems:
        note(f"{len(problems)} problems: mend the files named above, then run `taxi-qa law check` again")
        ctx.exit(2)


def _home_city(ctx: click.Context) -> str:
    from taxi_qa.store.home import HomeError

    try:
        return opened(ctx).city
    except HomeError:
        return _DEFAULT_CITY


def _chosen(binding: "Law", path: str | None) -> list["Parameter"]:
    names = [name for name in binding.paths() if path is None or name == path or name.startswith(f"{path}.")]
    if not names:
        raise click.BadParameter(
            f"{binding.place} has no law {path!r}; `taxi-qa law` lists what there is", param_hint="PATH"
        )
    return [binding[name] for name in names]


def _since(version: "Version", zone: str) -> str:
    """The first day; with the time of day where it doesn't begin at midnight."""
    from taxi_qa.values.clock import moment_of

    moment = moment_of(version.start_ms, zone)
    return moment.date().isoformat() if moment.time() == dt.time() else moment.isoformat(timespec="minutes")


def _row(binding: "Law", one: "Parameter", version: "Version | None") -> tuple[str, ...]:
    title = one.title_zh or one.title_en
    if version is None:
        return one.path, "not in force", one.unit, "", "", title
    since = _since(version, binding.timezone)
    return one.path, shortened(value_text(version)), one.unit, since, str(version.certainty), title


def _show_one(binding: "Law", one: "Parameter", day: int, last_ms: int) -> None:
    from taxi_qa.values.clock import date_of

    version = one.on(last_ms)
    say(f"{one.path}  {one.title_zh}  {one.title_en}")
    value = "not in force" if version is None else f"{value_text(version)} {one.unit}"
    say(f"{binding.place} on {date_of(day)}: {value}")
    for each in one.versions:
        mark = "->" if each is version else "  "
        say(f"{mark} from {_since(each, binding.timezone)}: {value_text(each)} {one.unit}")
        cited = " ".join(part for part in (each.cite.act, each.cite.article) if part)
        say(f"     {each.certainty}, checked on {each.checked_on}: {cited}")
        if each.cite.quote:
            say(f"     “{each.cite.quote}”")
        if each.cite.url:
            say(f"     {each.cite.url}")
    for first_day in one.expected:
        say(f"   announced from {first_day}, value not known")


def _as_figures(binding: "Law", one: "Parameter", last_ms: int) -> dict[str, object]:
    current = one.on(last_ms)
    return {
        "path": one.path,
        "title_zh": one.title_zh,
        "title_en": one.title_en,
        "unit": one.unit,
        "in_force": None if current is None else current.name,
        "versions": [
            {
                "name": each.name,
                "from": _since(each, binding.timezone),
                "value": _plain(each.value),
                "certainty": str(each.certainty),
                "checked_on": each.checked_on.isoformat(),
                "act": each.cite.act,
                "article": each.cite.article,
                "quote": each.cite.quote,
                "url": each.cite.url,
            }
            for each in one.versions
        ],
    }


def value_text(version: "Version") -> str:  # noqa: PLR0911 - one return a kind of value
    """A value as a person reads it."""
    from taxi_qa.law.parameter import Areas, Bands

    value = version.value
    if value is None:
        return "in force, value not known" if version.unknown else "repealed"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Bands):
        return "; ".join(
            f"from {low:g}: {_short(of)}" for low, of in zip(value.bounds, value.values, strict=True)
        )
    if isinstance(value, Areas):
        return value.geojson or f"{len(value.zones)} zones"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_short(of)}" for key, of in value.items())
    if isinstance(value, tuple):
        return "; ".join(_short(part) for part in value)
    return str(value)


def _short(part: object) -> str:
    from taxi_qa.law.parameter import WINDOW_DAYS, Window

    if isinstance(part, float):
        return f"{part:g}"
    if not isinstance(part, Window):
        return str(part)
    span = f"{_clock(part.from_ms)}-{_clock(part.until_ms)}"
    days = (
        ""
        if len(part.weekdays) == len(WINDOW_DAYS)
        else " " + ",".join(WINDOW_DAYS[d] for d in part.weekdays)
    )
    return f"{span}{days}" + (f" not on {part.not_on}" if part.not_on else "")


def _clock(ms_of_day: int) -> str:
    hours, minutes = divmod(ms_of_day // _MS_PER_MIN, _MIN_PER_H)
    return f"{hours:02d}:{minutes:02d}"


def shortened(text: str) -> str:
    """Text cut to what a cell of a list shows."""
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def _plain(value: object) -> object:
    from taxi_qa.law.parameter import Areas, Bands, Window

    if isinstance(value, Bands):
        return [{"from": low, "value": of} for low, of in zip(value.bounds, value.values, strict=True)]
    if isinstance(value, Areas):
        return {"zones": sorted(value.zones), "geojson": value.geojson}
    if isinstance(value, Window):
        return _short(value)
    if isinstance(value, Mapping):
        return {key: _plain(of) for key, of in value.items()}
    return [_plain(part) for part in value] if isinstance(value, tuple) else value
