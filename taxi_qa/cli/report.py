"""`taxi-qa report`: statements, case files and tables as files to print, sign or send."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from taxi_qa.cli.command import DAY, Group, city_today, now_ms, opened
from taxi_qa.cli.screen import note

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from taxi_qa.runs.scoring import Scored
    from taxi_qa.store.home import Home

_FIRST_YEAR = 2012
_CYCLE = click.option(
    "--cycle", type=click.IntRange(_FIRST_YEAR), metavar="YEAR",
    help="The cycle that holds 31 December of this year.  [default: the one that holds the day]",
)  # fmt: skip
_AS_OF = click.option("--as-of", type=DAY, metavar="DAY", help="At the end of this day.  [default: today]")


def _out(ending: str) -> "Callable[[Any], Any]":
    return click.option(
        "--out", required=True, metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
        help=f"The {ending} file to write.",
    )  # fmt: skip


@click.group(cls=Group)
def report() -> None:
    """Files to print, sign or send."""


@report.command()
@click.argument("driver", metavar="DRIVER")
@_CYCLE
@_AS_OF
@_out("PDF")
@click.pass_context
def statement(ctx: click.Context, driver: str, cycle: int | None, as_of: int | None, out: Path) -> None:
    """Write a driver's statement.

    Every entry of his cycle with its citation and state, his score and grade, and what it would take: a PDF.
    """
    from taxi_qa.reports.statement import statement as written

    home = opened(ctx)
    found = _scored(home, cycle, as_of)
    his = [one for one in found.standings if one.driver_id == driver]
    if not his:
        raise click.BadParameter(
            f"neither register nor ledger names {driver!r}; `taxi-qa score --out FILE` lists all",
            param_hint="DRIVER",
        )
    _keep(out, written(his[0], _names(home, found.as_of_day).get(driver, ""), _law(home), found.as_of_day))


@report.command()
@click.argument("case_id", metavar="CASE")
@_out("PDF")
@click.pass_context
def case(ctx: click.Context, case_id: str, out: Path) -> None:
    """Write the file of a case.

    What it rests on and what is missing, its findings with their evidence, its history, and what the driver
    said: a PDF.
    """
    from taxi_qa.reports.case_file import CaseStory, case_file
    from taxi_qa.reports.falls import falls_said
    from taxi_qa.review.desk import stage_now
    from taxi_qa.review.precision import labels, staged
    from taxi_qa.store.desk import answers, events, kept_case
    from taxi_qa.store.standing import findings_that_stand

    home = opened(ctx)
    with home.engine.connect() as connection:
        one = kept_case(connection, case_id)
        rows = events(connection, case_id)
        said = answers(connection, case_id)
    told = rows.astype(object).where(rows.notna(), None).to_dict("records")
    history = [{str(name): value for name, value in row.items()} for row in told]
    live = labels(home, _law(home))
    leads = frozenset(name for name, label in live.items() if label.has_fallen)
    (findings,) = staged([findings_that_stand(home, one.case.finding_ids)], leads)
    story = CaseStory(
        one.case,
        one.state,
        findings,
        history,
        said,
        leads=falls_said(live, one.case.rules, home.timezone),
        is_lead=stage_now(one.case, leads) != "stable",
    )
    _keep(out, case_file(story, _law(home), city_today(home.timezone)))


@report.command()
@_CYCLE
@_AS_OF
@_out("XLSX")
@click.pass_context
def credit(ctx: click.Context, cycle: int | None, as_of: int | None, out: Path) -> None:
    """Write the credit-review table.

    A row a driver: base, each deduction with its day, item, law and points, bonus, score and grade; beside it
    all entries, and the law they lean on with how sure it is: an XLSX.
    """
    from taxi_qa.reports.credit_table import credit_table

    home = opened(ctx)
    found = _scored(home, cycle, as_of)
    names = _names(home, found.as_of_day)
    _keep(out, credit_table(found.standings, names, _law(home), found.as_of_day))


@report.command()
@click.argument("company_id", metavar="COMPANY")
@click.option("--month", metavar="YYYY-MM", help="The month.  [default: the one that holds the day]")
@_AS_OF
@click.option(
    "--entered", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="What people give the dimensions: CSV with company_id, dimension, points, by, proof.",
)  # fmt: skip
@_out("PDF")
@click.pass_context
def company(
    ctx: click.Context, company_id: str, month: str | None, as_of: int | None, entered: Path | None, out: Path
) -> None:
    """Write a company's month.

    Grades of its drivers in that year's cycle, confirmed cases per 10,000 trips, service levels, and the
    outline of its rating with what people entered: a PDF.
    """
    from taxi_qa.reports.company_month import answers_of, company_month, entered_in
    from taxi_qa.score.company import EnteredError, rating
    from taxi_qa.store.company_counts import confirmed_of, trips_of
    from taxi_qa.values.clock import date_of, day_start_ms

    home = opened(ctx)
    span = _month(month, city_today(home.timezone) if as_of is None else as_of)
    found = _scored(home, date_of(span[0]).year, as_of)
    until_ms = day_start_ms(found.as_of_day + 1, home.timezone)
    names = _companies(home)
    if company_id not in names and all(one.company_id != company_id for one in found.standings):
        raise click.BadParameter(
            f"no register names {company_id!r}; known: {', '.join(sorted(names)) or 'none'}",
            param_hint="COMPANY",
        )
    trips = trips_of(home, company_id, *span, until_ms)
    guilty, unjudged, examined = _levels(home, company_id, span)
    try:
        told = rating(
            company_id,
            span,
            found.standings,
            _law(home),
            trips=trips,
            confirmed=confirmed_of(home, company_id, *span, until_ms),
            sla=answers_of(guilty, unjudged, examined if trips else {}),
            entered=() if entered is None else entered_in(entered, company_id),
        )
    except EnteredError as error:
        raise click.BadParameter(str(error), param_hint="--entered") from None
    _keep(out, company_month(told, names.get(company_id, ""), found.as_of_day))


def _month(text: str | None, as_of_day: int) -> tuple[int, int]:
    """First and last city day of a month; of the one a day lies in by default."""
    import calendar
    import datetime as dt

    from taxi_qa.values.clock import date_of, day_of

    first = date_of(as_of_day).replace(day=1)
    if text is not None:
        try:
            first = dt.date.fromisoformat(f"{text}-01")
        except ValueError:
            raise click.BadParameter(
                f"{text!r} is no month; expected 2026-10", param_hint="--month"
            ) from None
    if day_of(first) > as_of_day:
        raise click.BadParameter(f"{first:%Y-%m} is yet to come", param_hint="--month")
    return day_of(first), day_of(first.replace(day=calendar.monthrange(first.year, first.month)[1]))


def _companies(home: "Home") -> dict[str, str]:
    from taxi_qa.store.library import records

    known = records(home, "companies")
    return dict(zip(known["company_id"].tolist(), known["name"].fillna("").tolist(), strict=True))


def _levels(
    home: "Home", company_id: str, span: tuple[int, int]
) -> "tuple[list[str], list[str], dict[str, int]]":
    """Rules of service levels with findings of the company, those that could not tell, and rows examined."""
    from taxi_qa.cli.findings import about_rules
    from taxi_qa.rules.kit import catalogue
    from taxi_qa.store.casebook import tallies
    from taxi_qa.store.export import findings
    from taxi_qa.store.run_log import runs

    rules = [name for name in catalogue() if name.startswith("sla.")]
    about = about_rules(catalogue())
    said: dict[str, set[str]] = {"found": set(), "cannot_tell": set()}
    frames = findings(home, about=about, from_day=span[0], to_day=span[1], rules=rules, with_cannot_tell=True)
    for frame in frames:
        own = frame[frame["company_id"] == company_id]
        for verdict, rule in zip(own["verdict"], own["rule"], strict=True):
            said[str(verdict)].add(str(rule))
    examined: dict[str, int] = {}
    for run_id in runs(home)["run_id"].tolist()[:1]:
        rows = tallies(home, str(run_id))
        rows = rows[(rows["day"] >= span[0]) & (rows["day"] <= span[1]) & rows["rule"].isin(rules)]
        examined = {str(rule): int(count) for rule, count in rows.groupby("rule")["examined"].sum().items()}
    return sorted(said["found"]), sorted(said["cannot_tell"]), examined


def _scored(home: "Home", cycle: int | None, as_of: int | None) -> "Scored":
    from taxi_qa.runs.scoring import score
    from taxi_qa.values.clock import date_of

    today = city_today(home.timezone)
    day = today if as_of is None else as_of
    if day > today:
        raise click.BadParameter(f"{date_of(day)} is yet to come", param_hint="--as-of")
    if cycle is not None and cycle > date_of(day).year:
        raise click.BadParameter(
            f"the cycle of {cycle} has not begun by {date_of(day)}", param_hint="--cycle"
        )
    return score(home, as_of_day=day, now_ms=now_ms(), cycle=cycle)


def _names(home: "Home", day: int) -> dict[str, str]:
    from taxi_qa.store.roster import drivers_known
    from taxi_qa.values.clock import day_start_ms

    known = drivers_known(home, day_start_ms(day + 1, home.timezone))
    return dict(zip(known["driver_id"].tolist(), known["name"].fillna("").tolist(), strict=True))


def _law(home: "Home") -> "Any":  # noqa: ANN401 - `law.parameter.Law`, loaded where it is used
    from taxi_qa.law.read import read_law

    return read_law(home.city)


def _keep(out: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    if not out.parent.is_dir():
        raise click.BadParameter(f"the folder {out.parent} is not there; make it first", param_hint="--out")
    part = out.with_name(f".{out.name}.part")
    try:
        part.write_bytes(data)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    note(f"{len(data):,} bytes written to {out}")
