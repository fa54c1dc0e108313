"""`taxi-qa quarantine`: what was refused, why, and a second try after mending."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from taxi_qa.cli.command import DefaultGroup, now_ms, opened
from taxi_qa.cli.findings import FORMAT_NAMES, write_out
from taxi_qa.cli.ingest import ending, show_reports
from taxi_qa.cli.screen import figures, note, table
from taxi_qa.records.kinds import KINDS

if TYPE_CHECKING:
    from taxi_qa.reports.export import Cell


@click.group(cls=DefaultGroup)
def quarantine() -> None:
    """What was refused, why, and a second try."""


@quarantine.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Give it as JSON.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """Say what was refused and why.

    A row for each file, column and reason: how many rows, and the first of them. Lines of a file
    are counted from 1, its header included.
    """
    from taxi_qa.store.quarantine import summary

    rows = summary(opened(ctx)).astype(object).to_dict("records")
    if as_json:
        figures(rows)
        return
    names = ("file", "first_row", "rows", "kind", "column", "reason", "state")
    headers = ("file", "first row", "rows", "kind", "column", "reason", "state")
    table(headers, [[row[name] for name in names] for row in rows])
    if rows:
        note(
            "`taxi-qa quarantine export --out FILE` gives the rows; mend `raw`, then `quarantine retry FILE`"
        )


@quarantine.command()
@click.option("--out", required=True, metavar="FILE", help="The file to write; - for standard output.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMAT_NAMES),
    help="How to write it.  [default: what FILE ends in; csv for -]",
)
@click.option("--kind", type=click.Choice(list(KINDS)), help="Only this kind of record.")
@click.option(
    "--state", type=click.Choice(["open", "accepted", "still refused"]), help="Only those in this state."
)
@click.pass_context
def export(ctx: click.Context, out: str, form: str | None, kind: str | None, state: str | None) -> None:
    """Write the refused rows to a file.

    With file, line, column, reason, and the raw text as it stood, to be mended in that column.
    """
    from taxi_qa.store.quarantine import exported

    write_out(exported(opened(ctx), kind=kind, state=state), _cells(), out, form, sheet="quarantine")


@quarantine.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Give the figures as JSON.")
@click.pass_context
def retry(ctx: click.Context, file: Path | None, as_json: bool) -> None:
    """Try refused rows a second time.

    With FILE, an export whose `raw` was mended: those rows. Without: every row still waiting, as it
    stands, for what it referred to may have come in since.
    """
    from taxi_qa.ingest.retry import retry as try_again
    from taxi_qa.reports.mended import MendedFileError, mended_rows

    home = opened(ctx)
    try:
        mended = None if file is None else mended_rows(file)
    except MendedFileError as error:
        raise click.BadParameter(str(error), param_hint="FILE") from None
    reports = try_again(home, mended, now_ms=now_ms())
    show_reports(reports, as_json=as_json)
    ctx.exit(ending(reports))


def _cells() -> "tuple[Cell, ...]":
    from taxi_qa.reports.export import Cell
    from taxi_qa.store.quarantine import EXPORT_COLUMNS

    return tuple(Cell(name, "whole" if dtype == "Int64" else "text") for name, dtype in EXPORT_COLUMNS)
