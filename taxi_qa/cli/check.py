"""`taxi-qa check`: judge days."""

import os
from typing import TYPE_CHECKING, Final

import click

from taxi_qa.cli.command import DAY, Command, now_ms, opened
from taxi_qa.cli.progress import Progress
from taxi_qa.cli.rules import known_rules
from taxi_qa.cli.screen import figures, note, table

if TYPE_CHECKING:
    import pandas as pd

COUNTS: Final = ("examined", "found", "clean", "cannot_tell", "excused")


@click.command(cls=Command)
@click.option("--from", "from_day", type=DAY, help="The first day.  [default: the first there are data of]")
@click.option(
    "--to", "to_day", type=DAY, help="The last day, included.  [default: the last there are data of]"
)
@click.option("--rule", "rules", multiple=True, metavar="NAME", help="Only this rule; may be repeated.")
@click.option(
    "--vehicle", "vehicles", multiple=True, metavar="ID", help="Only this vehicle; may be repeated."
)
@click.option("--as-of", type=DAY, help="Judge by what was known at the end of this day.")
@click.option(
    "--executor", type=click.Choice(["inline", "processes"]), default="processes", show_default=True,
    help="One process, or several; the findings are the same.",
)  # fmt: skip
@click.option(
    "--workers", metavar="N", type=click.IntRange(1), help="How many processes.  [default: one a core]"
)
@click.option("--json", "as_json", is_flag=True, help="Give the figures as JSON.")
@click.pass_context
def check(
    ctx: click.Context,
    from_day: int | None,
    to_day: int | None,
    rules: tuple[str, ...],
    vehicles: tuple[str, ...],
    as_of: int | None,
    executor: str,
    workers: int | None,
    as_json: bool,
) -> None:
    """Judge the days, a row a rule.

    Examined is always the sum of found, clean and cannot tell; found holds the excused.
    """
    from taxi_qa.runs.check import check as judge_days

    refuse_backwards(from_day, to_day)
    if as_of is not None:
        raise click.BadParameter(
            "judging by what was known on a past day is not built yet", param_hint="--as-of"
        )
    known_rules(list(rules))
    home = opened(ctx)
    with Progress("check") as progress:
        report = judge_days(
            home,
            now_ms=now_ms(),
            from_day=from_day,
            to_day=to_day,
            rules=rules,
            vehicles=vehicles,
            executor=executor,
            workers=workers or cores(),
            progress=lambda done, total: progress("jobs", done, total),
        )
    if report is None:
        note("there are no data of these days, nothing was judged; `taxi-qa doctor` says what there is")
    show_summary(None if report is None else report.tallies, as_json=as_json)


def cores() -> int:
    """How many processes this machine lets us run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def refuse_backwards(from_day: int | None, to_day: int | None) -> None:
    """Refuse a span that ends before it begins.

    Raises:
        click.BadParameter: --to is before --from.
    """
    if from_day is not None and to_day is not None and to_day < from_day:
        raise click.BadParameter("the last day is before the first", param_hint="--to")


def show_summary(tallies: "pd.DataFrame | None", *, as_json: bool) -> None:
    """A row a rule, on standard output; none where nothing was judged."""
    rows = [] if tallies is None else tallies.to_dict("records")
    if as_json:
        figures([{"rule": row["rule"], **{name: int(row[name]) for name in COUNTS}} for row in rows])
        return
    headers = ("rule", "clause", "title", "examined", "found", "clean", "cannot tell", "excused")
    table(
        headers,
        [(row["rule"], row["clause"], row["title_zh"], *(int(row[name]) for name in COUNTS)) for row in rows],
    )
    if rows:
        note("`taxi-qa findings export --out FILE` gives every finding with its evidence")
