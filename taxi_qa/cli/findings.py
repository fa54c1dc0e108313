"""`taxi-qa findings`: what the rules found, given out."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taxi_qa.cli.check import refuse_backwards
from taxi_qa.cli.command import DAY, Group, opened
from taxi_qa.cli.rules import known_rules
from taxi_qa.cli.screen import note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    import pandas as pd

    from taxi_qa.reports.export import Cell
    from taxi_qa.rules.kit import Rule
    from taxi_qa.store.export import RuleAbout
    from taxi_qa.store.home import Home

FORMAT_NAMES = ("csv", "jsonl", "parquet", "xlsx")


@click.group(cls=Group)
def findings() -> None:
    """What the rules found."""


@findings.command()
@click.option("--out", required=True, metavar="FILE", help="The file to write; - for standard output.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMAT_NAMES),
    help="How to write it.  [default: what FILE ends in; csv for -]",
)
@click.option("--from", "from_day", type=DAY, help="The first day.")
@click.option("--to", "to_day", type=DAY, help="The last day, included.")
@click.option("--rule", "rules", multiple=True, metavar="NAME", help="Only this rule; may be repeated.")
@click.option(
    "--verdict", type=click.Choice(["found", "all"]), default="found", show_default=True,
    help="all: the rows that could not be judged too, with what is missing.",
)  # fmt: skip
@click.option(
    "--as-of", type=DAY, metavar="DAY", help="What `check --as-of DAY` said, instead of what stands."
)
@click.pass_context
def export(
    ctx: click.Context,
    out: str,
    form: str | None,
    from_day: int | None,
    to_day: int | None,
    rules: tuple[str, ...],
    verdict: str,
    as_of: int | None,
) -> None:
    """Write findings to a file, one row a finding.

    The file appears whole or not at all. CSV is UTF-8 without a byte-order mark (for Excel take
    xlsx); text a spreadsheet would run as a formula has an apostrophe in front there, which is not
    part of the value. Times carry the city's offset.
    """
    from taxi_qa.runs.replay import replayed

    refuse_backwards(from_day, to_day)
    known_rules(list(rules))
    home = opened(ctx)
    if as_of is not None:
        home = replayed(home, as_of)
    span = from_day, to_day
    export_of(home, out, form, span=span, rules=rules, with_cannot_tell=verdict == "all")


def export_of(
    home: "Home",
    out: str,
    form: str | None = None,
    *,
    span: tuple[int | None, int | None] = (None, None),
    rules: "Sequence[str]" = (),
    with_cannot_tell: bool = False,
) -> None:
    """Write the findings that stand in a home to the file of that name; see `export`."""
    from taxi_qa.reports.outside import FINDING_CELLS, MISSING_CELL
    from taxi_qa.store.export import findings as kept_findings

    known = known_rules(list(rules))
    frames = kept_findings(
        home,
        about=about_rules(known),
        from_day=span[0],
        to_day=span[1],
        rules=list(known) if rules else None,
        with_cannot_tell=with_cannot_tell,
    )
    cells = (*FINDING_CELLS, MISSING_CELL) if with_cannot_tell else FINDING_CELLS
    write_out(_staged(home, frames), cells, out, form, sheet="findings")


def _staged(home: "Home", frames: "Iterable[pd.DataFrame]") -> "Iterator[pd.DataFrame]":
    """The frames with the stage findings have by now."""
    from taxi_qa.law.read import read_law
    from taxi_qa.review.precision import fallen, staged

    return staged(frames, fallen(home, read_law(home.city)))


def about_rules(rules: "Mapping[str, Rule]") -> "dict[str, RuleAbout]":
    """What an export says of each rule."""
    from taxi_qa.store.export import RuleAbout

    return {
        name: RuleAbout(rule.clause, rule.stage, rule.title_zh, rule.title_en) for name, rule in rules.items()
    }


def write_out(
    frames: "Iterable[pd.DataFrame] | Iterator[pd.DataFrame]",
    cells: "Sequence[Cell]",
    out: str,
    form: str | None,
    *,
    sheet: str,
) -> None:
    """Write frames to the file of that name, or to standard output for `-`, and say how many rows went."""
    from taxi_qa.reports.export import ExportError, format_of, write_table

    try:
        kind = format_of(out, form)
        target: Path | BinaryIO = sys.stdout.buffer if out == "-" else Path(out)
        written = write_table(frames, cells, target, kind, sheet=sheet)
    except ExportError as error:
        raise click.BadParameter(str(error), param_hint="--out") from None
    where = "standard output" if out == "-" else out
    note(f"{written.rows:,} rows written to {where}")
    if written.cut_cells:
        note(f"{written.cut_cells:,} texts are longer than an XLSX cell holds and were cut; csv holds all")
