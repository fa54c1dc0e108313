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
    from taxi_qa.store.desk import answers, events, kept_case
    from taxi_qa.store.standing import findings_that_stand

    home = opened(ctx)
    with home.engine.connect() as connection:
        one = kept_case(connection, case_id)
        rows = events(connection, case_id)
        said = answers(connection, case_id)
    told = rows.astype(object).where(rows.notna(), None).to_dict("records")
    history = [{str(name): value for name, value in row.items()} for row in told]
    story = CaseStory(one.case, one.state, findings_that_stand(home, one.case.finding_ids), history, said)
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
