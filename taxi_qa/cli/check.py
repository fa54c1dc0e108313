"""`taxi-qa check`: judge days."""

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
    chosen = list(known_rules(list(rules))) if rules else None
    home = opened(ctx)
    with Progress("check") as progress:
        summary = judge_days(
            home,
            from_day=from_day,
            to_day=to_day,
            rules=chosen,
            vehicles=list(vehicles) or None,
            as_of=as_of,
            executor=executor,
            workers=workers,
            progress=progress,
            now_ms=now_ms(),
        )
    show_summary(summary, as_json=as_json)


def refuse_backwards(from_day: int | None, to_day: int | None) -> None:
    """Refuse a span that ends before it begins.

    Raises:
        click.BadParameter: --to is before --from.
    """
    if from_day is not None and to_day is not None and to_day < from_day:
        raise click.BadParameter("the last day is before the first", param_hint="--to")


def show_summary(summary: "pd.DataFrame", *, as_json: bool) -> None:
    """A row a rule, on standard output."""
    rows = summary[["rule", *COUNTS]].to_dict("records")
    if as_json:
        figures([{key: value if key == "rule" else int(value) for key, value in row.items()} for row in rows])
        return
    headers = ("rule", "title", "examined", "found", "clean", "cannot tell", "excused")
    titles = {name: rule.title_zh for name, rule in known_rules([]).items()}
    table(
        headers,
        [(row["rule"], titles.get(row["rule"], ""), *(int(row[name]) for name in COUNTS)) for row in rows],
    )
    note("`taxi-qa findings export --out FILE` gives every finding with its evidence")
