"""`taxi-qa score`: where every driver stands."""

from collections import Counter
from typing import TYPE_CHECKING, Final

import click

from taxi_qa.cli.command import DAY, Command, city_today, now_ms, opened
from taxi_qa.cli.findings import FORMAT_NAMES, write_out
from taxi_qa.cli.screen import figures, note, say, table

if TYPE_CHECKING:
    from taxi_qa.runs.scoring import Scored

_ENTRIES: Final = ".entries"
_FIRST_YEAR: Final = 2012


@click.command(cls=Command)
@click.option(
    "--cycle", type=click.IntRange(_FIRST_YEAR), metavar="YEAR",
    help="The cycle that holds 31 December of this year.  [default: the one that holds the day]",
)  # fmt: skip
@click.option("--as-of", "as_of", type=DAY, metavar="DAY", help="At the end of this day.  [default: today]")
@click.option(
    "--out", metavar="FILE",
    help="Write a row a driver to FILE, or a row a ledger entry where it is called NAME.entries.csv.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(FORMAT_NAMES), help="How to write it.  [default: FILE's ending]"
)
@click.option("--json", "as_json", is_flag=True, help="Give the figures as JSON.")
@click.pass_context
def score(
    ctx: click.Context,
    cycle: int | None,
    as_of: int | None,
    out: str | None,
    form: str | None,
    as_json: bool,
) -> None:
    """Sum up the ledger: every driver's score and grade.

    Only what people confirmed counts, and only points of law that was read; everything else is noted. What
    was decided, delivered or enacted after the day is left out, so a day that is over gives the same bytes
    for ever.
    """
    from taxi_qa.runs.scoring import keep_scored
    from taxi_qa.runs.scoring import score as scored
    from taxi_qa.values.clock import date_of

    home = opened(ctx)
    today = city_today(home.timezone)
    day = today if as_of is None else as_of
    if day > today:
        raise click.BadParameter(f"{date_of(day)} is yet to come", param_hint="--as-of")
    if cycle is not None and cycle > date_of(day).year:
        raise click.BadParameter(
            f"the cycle of {cycle} has not begun by {date_of(day)}", param_hint="--cycle"
        )
    now = now_ms()
    found = scored(home, as_of_day=day, now_ms=now, cycle=cycle)
    if as_of is None and cycle is None:
        keep_scored(home, found, now)  # for the lists of the web
    if found.newer:
        note("law or house settings changed since the last `taxi-qa check`; they count from the next one on")
    if not found.standings:
        note("no drivers: neither the register (`taxi-qa ingest drivers.csv`) nor the ledger names one")
    if out is not None:
        _write(found, out, form, home.timezone)
    show(found, as_json=as_json)


def _write(found: "Scored", out: str, form: str | None, zone: str) -> None:
    from taxi_qa.reports.scores import DRIVER_CELLS, ENTRY_CELLS, driver_rows, entry_rows

    if out.rpartition(".")[0].endswith(_ENTRIES):
        write_out([entry_rows(found.standings, zone)], ENTRY_CELLS, out, form, sheet="entries")
    else:
        write_out([driver_rows(found.standings)], DRIVER_CELLS, out, form, sheet="drivers")


def show(found: "Scored", *, as_json: bool) -> None:
    """How the city stands, on standard output."""
    from taxi_qa.values.clock import date_of

    assessed = [one for one in found.standings if one.assessed]
    grades = Counter(one.grade for one in assessed)
    why_not = Counter(one.why_not for one in found.standings if one.why_not)
    told = {
        "as_of": date_of(found.as_of_day).isoformat(),
        "day_is_over": found.is_over,
        "rule_book": found.book,
        "cycles": sorted({one.cycle for one in found.standings if one.cycle}),
        "drivers": len(found.standings),
        "assessed": len(assessed),
        "not_assessed": dict(why_not),
        "grades": {name: grades[name] for name in ("AAA", "AA", "A", "B") if grades[name]},
        "capped": sum(one.capped for one in assessed),
        "training_due": sum(one.training_due_day is not None for one in assessed),
        "bad_record": sum(bool(one.bad_record) for one in assessed),
        "observations": sum(one.observations for one in found.standings),
    }
    if as_json:
        figures(told)
        return
    say(f"end of {told['as_of']}{'' if found.is_over else ' (not over yet)'}, {found.book}")
    rows = [
        (name.replace("_", " "), value)
        for name, value in told.items()
        if isinstance(value, int) and not isinstance(value, bool)
    ]
    rows += [(f"grade {name}", count) for name, count in grades.items()]
    rows += [(f"not assessed: {why.replace('_', ' ')}", many) for why, many in why_not.items()]
    table(("what", "count"), rows)
