"""`taxi-qa ingest`: take files in."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taxi_qa.cli.command import Command, now_ms, opened
from taxi_qa.cli.progress import Progress
from taxi_qa.cli.screen import figures, note, table
from taxi_qa.records.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taxi_qa.ingest.take import FileReport


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "--kind", type=click.Choice(list(KINDS)), help="What the rows are.  [default: told from header or name]"
)
@click.option("--profile", metavar="NAME", help="How a foreign feed's columns are read, such as nyc-tlc.")
@click.option(
    "--datum", type=click.Choice(["wgs84", "gcj02", "bd09"]), help="Of the coordinates.  [default: wgs84]"
)
@click.option(
    "--workers", metavar="N", type=click.IntRange(1), help="Processes for large files.  [default: one a core]"
)
@click.option("--json", "as_json", is_flag=True, help="Give the figures as JSON.")
@click.pass_context
def ingest(
    ctx: click.Context,
    files: tuple[Path, ...],
    kind: str | None,
    profile: str | None,
    datum: str | None,
    workers: int | None,
    as_json: bool,
) -> None:
    """Take files of records in, or folders of them.

    CSV, TSV, .gz, JSON Lines, Parquet, XLSX and GeoJSON, in UTF-8 or GB18030.
    The same file or row twice is once. A row that can't be right is kept in the quarantine with its
    reason, and the rest of its file goes in.
    """
    from taxi_qa.ingest.take import take

    home = opened(ctx)
    with Progress("ingest") as progress:
        reports = take(
            home,
            list(files),
            kind=kind,
            profile=profile,
            datum=datum,
            now_ms=now_ms(),
            workers=workers,
            progress=progress,
        )
    if not reports:
        raise click.BadParameter("there is no record file in that folder", param_hint="FILE...")
    show_reports(reports, as_json=as_json)
    ctx.exit(ending(reports))


def show_reports(reports: "Sequence[FileReport]", *, as_json: bool) -> None:
    """A row a file on standard output; what was refused, and where it is kept, beside it."""
    if as_json:
        figures([report_figures(report) for report in reports])
    else:
        headers = ("file", "kind", "rows", "accepted", "duplicates", "corrections", "quarantined")
        table(headers, [tuple(report_figures(report)[name] for name in headers) for report in reports])
    for report in reports:
        if report.refused is not None:
            note(f"not taken: {report.refused}")
        for text in report.notes:
            note(f"{report.file}: {text}")
        if report.unknown_columns:
            note(f"{report.file}: unknown columns, kept in the raw copy: {', '.join(report.unknown_columns)}")
    kept_back = sum(report.quarantined for report in reports)
    if kept_back:
        note(f"{kept_back:,} rows were refused and are kept: `taxi-qa quarantine list` says why")


def report_figures(report: "FileReport") -> dict[str, Any]:
    """The figures of one file, as the contract of `ingest --json` names them."""
    one: dict[str, Any] = {
        "file": str(report.file),
        "kind": report.kind,
        "rows": report.rows,
        "accepted": report.accepted,
        "duplicates": report.duplicates,
        "corrections": report.corrections,
        "quarantined": report.quarantined,
    }
    if report.refused is not None:
        one["refused"] = report.refused
    return one


def ending(reports: "Sequence[FileReport]") -> int:
    """2 where the only file could not be taken at all; 1 where anything was refused; else 0."""
    not_taken = sum(report.refused is not None for report in reports)
    if not_taken and len(reports) == 1:
        return 2
    return 1 if not_taken or any(report.quarantined for report in reports) else 0
