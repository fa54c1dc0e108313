"""`taxi-qa compare-rules`: what a change of rule book would do, before it is published."""

from typing import TYPE_CHECKING

import click

from taxi_qa.cli.check import cores, refuse_backwards
from taxi_qa.cli.command import DAY, Command, now_ms, opened
from taxi_qa.cli.progress import Progress
from taxi_qa.cli.rules import known_rules
from taxi_qa.cli.screen import figures, note, say, table

if TYPE_CHECKING:
    import pandas as pd

    from taxi_qa.reports.rehearsal import Rehearsal

# A terminal shows so many drivers; the file has all.
MOST_SHOWN = 40


@click.command("compare-rules", cls=Command)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--from", "from_day", type=DAY, help="The first day.  [default: the first there are data of]")
@click.option(
    "--to", "to_day", type=DAY, help="The last day, included.  [default: the last there are data of]"
)
@click.option("--rule", "rules", multiple=True, metavar="NAME", help="Only this rule; may be repeated.")
@click.option("--out", metavar="FILE", help="Write every finding that is new, gone or changed to this file.")
@click.option("--drivers", metavar="FILE", help="Write every driver it concerns to this file.")
@click.option(
    "--executor", type=click.Choice(["inline", "processes"]), default="processes", show_default=True,
    help="One process, or several; the findings are the same.",
)  # fmt: skip
@click.option(
    "--workers", metavar="N", type=click.IntRange(1), help="How many processes.  [default: one a core]"
)
@click.option("--json", "as_json", is_flag=True, help="Give the figures as JSON.")
@click.pass_context
def compare_rules(
    ctx: click.Context,
    old: str,
    new: str,
    from_day: int | None,
    to_day: int | None,
    rules: tuple[str, ...],
    out: str | None,
    drivers: str | None,
    executor: str,
    workers: int | None,
    as_json: bool,
) -> None:
    """Judge the days by two rule books and list what differs.

    Findings that are new, gone or changed, and every driver whose findings, points or grade would change.

    OLD and NEW are `current` for the shipped rule book, a folder whose law/, house/ and calendar/ files take
    the place of the shipped ones, or a YAML file with one line a number, such as

        house.driving.speeding_kmh: 1

    What stands is not touched.
    """
    from taxi_qa.law.rehearsed import rehearsed_law
    from taxi_qa.reports.rehearsal import rehearsal
    from taxi_qa.runs.compare import compare
    from taxi_qa.store.library import records

    refuse_backwards(from_day, to_day)
    known_rules(list(rules))
    home = opened(ctx)
    books = [rehearsed_law(home.city, named) for named in (old, new)]
    with Progress("compare-rules") as progress:
        compared = compare(
            home,
            *books,
            now_ms=now_ms(),
            from_day=from_day,
            to_day=to_day,
            rules=rules,
            executor=executor,
            workers=workers or cores(),
            progress=lambda done, total: progress("jobs", done, total),
        )
    if compared is None:
        note("there are no data of these days, nothing was judged; `taxi-qa doctor` says what there is")
        return
    told = rehearsal(compared, records(home, "drivers"))
    if as_json:
        figures(as_figures(told, compared.from_day, compared.to_day))
    else:
        show(told)
    if books[0].digest == books[1].digest:
        note("both rule books hold the same numbers")
    write(told, home.timezone, out, drivers)


def as_figures(told: "Rehearsal", from_day: int, to_day: int) -> dict[str, object]:
    """All of it as plain values."""
    from taxi_qa.reports.rehearsal import ASSUMPTION
    from taxi_qa.runs.compare import CHANGES
    from taxi_qa.values.clock import date_of

    return {
        "from": date_of(from_day).isoformat(),
        "to": date_of(to_day).isoformat(),
        **{name: int((told.changes["change"] == name).sum()) for name in CHANGES},
        "assumption": ASSUMPTION,
        "drivers": told.drivers.to_dict("records"),
        "groups": told.groups.to_dict("records"),
        "rules": told.rules.to_dict("records"),
    }


def show(told: "Rehearsal") -> None:
    """What would change, on standard output."""
    from taxi_qa.reports.rehearsal import ASSUMPTION

    for title, frame in (("by rule", told.rules), ("by company and time", told.groups)):
        say(f"{title}:")
        table(tuple(frame.columns), _plain(frame))
        say()
    say(f"drivers ({ASSUMPTION}):")
    table(tuple(told.drivers.columns), _plain(told.drivers.head(MOST_SHOWN)))
    if len(told.drivers) > MOST_SHOWN:
        note(f"{len(told.drivers):,} drivers in all; --drivers FILE lists them")


def _plain(frame: "pd.DataFrame") -> list[tuple[object, ...]]:
    return [tuple(row) for row in frame.astype(object).to_numpy().tolist()]


def write(told: "Rehearsal", zone: str, out: str | None, drivers: str | None) -> None:
    """Write the files that were asked for."""
    from taxi_qa.cli.findings import write_out
    from taxi_qa.reports.rehearsal import CHANGE_CELLS, DRIVER_CELLS, change_rows

    if out is not None:
        write_out([change_rows(told, zone)], CHANGE_CELLS, out, None, sheet="changes")
    if drivers is not None:
        write_out([told.drivers], DRIVER_CELLS, drivers, None, sheet="drivers")
