"""`taxi-qa coaching`: how each driver is found per exposure, beside those who drive alike."""

from typing import TYPE_CHECKING

import click

from taxi_qa.cli.check import refuse_backwards
from taxi_qa.cli.command import DAY, Command, now_ms, opened
from taxi_qa.cli.findings import FORMAT_NAMES, write_out
from taxi_qa.cli.progress import Progress
from taxi_qa.cli.rules import known_rules
from taxi_qa.cli.screen import figures, note, table

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 25
# Why somebody has no score, for people.
_WHY = {
    "not_judged": "没有数据可判，不等于没有问题 · nothing could be judged, which is not the same as clean",
    "no_exposure": "没有相应的出车 · nothing driven that could be counted",
    "too_little_exposure": "出车太少，说明不了问题 · driven too little to say anything",
    "no_fleet": "同类司机太少，或无人被查到 · too few drivers like them, or nobody was found",
}


@click.command(cls=Command)
@click.option("--from", "from_day", type=DAY, help="The first day.  [default: the first there are data of]")
@click.option(
    "--to", "to_day", type=DAY, help="The last day, included.  [default: the last there are data of]"
)
@click.option("--rule", "rules", multiple=True, metavar="NAME", help="Only this rule; may be repeated.")
@click.option("--driver", metavar="ID", help="Only this driver.")
@click.option("--out", metavar="FILE", help="Write all rows to this file.")
@click.option(
    "--format", "form", type=click.Choice(FORMAT_NAMES), help="How to write it.  [default: FILE's ending]"
)
@click.option("--json", "as_json", is_flag=True, help="Give the rows as JSON.")
@click.pass_context
def coaching(
    ctx: click.Context,
    from_day: int | None,
    to_day: int | None,
    rules: tuple[str, ...],
    driver: str | None,
    out: str | None,
    form: str | None,
    as_json: bool,
) -> None:
    """Say who is found more often than his like.

    Findings per exposure (speeding per hour of free driving, a refusal per departure from a hub), shrunk
    towards the fleet, with a 90 % interval, among those who drive alike. Only what a rule could judge counts:
    who could not be judged, or too little, has no score. For coaching: it costs nobody a point. Nine
    intervals in ten hold the true rate, over many fleets and months; in one fleet of few drivers who are
    seldom found many can miss it together.
    """
    from taxi_qa.reports.export import Cell
    from taxi_qa.runs.coaching import coaching as indexed
    from taxi_qa.runs.coaching import keep_coaching
    from taxi_qa.score.index import INDEX_COLUMNS
    from taxi_qa.store.library import data_span

    refuse_backwards(from_day, to_day)
    known_rules(list(rules))
    home = opened(ctx)
    span = data_span(home)
    if span is None:
        note("there are no data, nobody was compared; `taxi-qa doctor` says what there is")
        return
    first, last = span[0] if from_day is None else from_day, span[1] if to_day is None else to_day
    with Progress("coaching") as progress:
        told = indexed(
            home, from_day=first, to_day=last, now_ms=now_ms(),
            progress=lambda done, total: progress("jobs", done, total),
        )  # fmt: skip
    keep_coaching(home, told, from_day=first, to_day=last, now_ms=now_ms())  # for the lists of the web
    if told.empty:
        note("nobody was on duty in these days, nobody was compared")
        return
    if rules:
        told = told[told["rule"].isin(rules)]
    if driver is not None:
        told = told[told["driver_id"] == driver]
    if out is not None:
        texts = ("rule", "unit", "driver_id", "stratum", "beside_fleet", "why_not", "moved")
        names = ("rule", "unit", *INDEX_COLUMNS, "unjudged", "moved")
        cells = [Cell(name, "text" if name in texts else "number") for name in names]
        write_out([told], cells, out, form, sheet="drivers")
    if as_json:
        figures(told.astype(object).where(told.notna(), None).to_dict("records"))
        return
    _show(told, driver)


def _show(told: "pd.DataFrame", driver: str | None) -> None:
    """Who stands out, or all of one driver's scores, and why others have none."""
    above = told[told["beside_fleet"] == "above"] if driver is None else told[told["why_not"] == ""]
    headers = (
        "rule",
        "driver_id",
        "stratum",
        "findings",
        "exposure",
        "unit",
        "rate",
        "low",
        "high",
        "fleet_rate",
    )
    rows = above.head(_SHOWN)[list(headers)].astype(object).to_numpy().tolist()
    table(headers, [[f"{one:.3g}" if isinstance(one, float) else one for one in row] for row in rows])
    if driver is not None:
        for rule, ids in zip(told["rule"], told["moved"], strict=True):
            if ids:
                note(f"{rule} moved by {ids}")
    note(f"{len(above):,} of {len(told):,} rows {'stand out' if driver is None else 'have a score'}")
    for why, words in _WHY.items():
        rows_without = told[told["why_not"] == why]
        if len(rows_without):
            note(f"{len(rows_without):,} have no score: {words}")
            if driver is not None:
                note("  " + ", ".join(rows_without["rule"]))
