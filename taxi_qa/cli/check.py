"""`taxi-qa check`: judge days."""

import os
from typing import TYPE_CHECKING, Any, Final

import click

from taxi_qa.cli.command import DAY, Command, now_ms, opened
from taxi_qa.cli.progress import Progress
from taxi_qa.cli.rules import known_rules
from taxi_qa.cli.screen import figures, note, table

if TYPE_CHECKING:
    import pandas as pd

    from taxi_qa.runs.replay import Replay
    from taxi_qa.store.home import Home

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
@click.option(
    "--as-of", type=DAY, metavar="DAY",
    help="Judge by what was known at the end of this day; what stands is not touched.",
)  # fmt: skip
@click.option("--out", metavar="FILE", help="With --as-of: write its findings to this file, too.")
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
    out: str | None,
    executor: str,
    workers: int | None,
    as_json: bool,
) -> None:
    """Judge the days, a row a rule.

    Examined is always the sum of found, clean and cannot tell; found holds the excused.

    As of a past day count only the deliveries, corrections, roads, rule book and rules of that day; where
    one of them is not at hand any more, nothing is judged.
    """
    from taxi_qa.runs.check import check as judge_days
    from taxi_qa.runs.replay import replay

    refuse_backwards(from_day, to_day)
    if out is not None and as_of is None:
        raise click.BadParameter(
            "only with --as-of; `taxi-qa findings export` writes what stands", param_hint="--out"
        )
    known_rules(list(rules))
    home = opened(ctx)
    asked: dict[str, Any] = {
        "from_day": from_day, "to_day": to_day, "rules": rules, "vehicles": vehicles, "executor": executor,
        "workers": workers or cores(),
    }  # fmt: skip
    with Progress("check") as progress:
        asked["progress"] = lambda done, total: progress("jobs", done, total)
        if as_of is None:
            report = judge_days(home, now_ms=now_ms(), **asked)
        else:
            again = replay(home, as_of, now_ms=now_ms(), **asked)
            report = again.report
    if report is None:
        note("there are no data of these days, nothing was judged; `taxi-qa doctor` says what there is")
    show_summary(None if report is None else report.tallies, as_json=as_json)
    if as_of is not None:
        tell_of_replay(again, as_of, out)
    else:
        tell_of_falls(home)


def tell_of_falls(home: "Home") -> None:
    """Which rules have fallen back to trial: their findings are leads, whatever the catalogue says."""
    from taxi_qa.law.read import read_law
    from taxi_qa.reports.falls import fall_said
    from taxi_qa.review.precision import labels

    for name, label in labels(home, read_law(home.city)).items():
        if label.fell is not None:
            note(f"{name} {fall_said(label.fell, home.timezone).en}; `taxi-qa desk recount` counts it anew")


def tell_of_replay(again: "Replay", as_of: int, out: str | None) -> None:
    """What a person should know of a replay, and its findings in a file."""
    from taxi_qa.cli.findings import export_of
    from taxi_qa.values.clock import date_of

    day = date_of(as_of)
    for words in again.notes:
        note(words)
    if again.is_known_run and again.report is not None:
        note(f"{again.report.run_id} was judged in this home before: same data, roads, rule book and rules")
    note(f"as of {day}; what stands was not touched: `taxi-qa findings export --as-of {day} --out FILE`")
    if out is not None:
        export_of(again.home, out)


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
