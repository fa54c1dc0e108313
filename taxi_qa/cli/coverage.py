"""`taxi-qa coverage`: the pledge sentence by sentence, and who judges it."""

from typing import Literal

import click

from taxi_qa.cli.command import Command, opened
from taxi_qa.cli.screen import figures, note, say, table

Form = Literal["text", "markdown", "json"]


@click.command(cls=Command)
@click.option(
    "--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True,
    help="How to show it.",
)  # fmt: skip
@click.option("--here", is_flag=True, help="Also say which inputs this home does not hold.")
@click.pass_context
def coverage(ctx: click.Context, form: Form, here: bool) -> None:
    """Say of each sentence of the pledge who judges it.

    By data, by people, or not at all, and why; told by the rules themselves.
    """
    from taxi_qa.cli.doctor import counted
    from taxi_qa.law.pledge import pledge
    from taxi_qa.reports.coverage import (
        HOW_ZH,
        counts,
        coverage_figures,
        coverage_markdown,
    )
    from taxi_qa.reports.coverage import coverage as covered_by
    from taxi_qa.rules.kit import catalogue

    held = {kind for kind, rows in counted(opened(ctx)).items() if rows} if here else None
    covered = covered_by(pledge(), list(catalogue().values()), held)
    if form == "json":
        figures(coverage_figures(covered))
        return
    if form == "markdown":
        say(coverage_markdown(covered))
        return
    rows = [
        (
            one.sentence.clause,
            one.sentence.zh,
            f"{HOW_ZH[one.how]} {one.how}",
            ", ".join(rule.name for rule in one.rules) or one.why_not,
            ", ".join(one.absent if here else one.needs),
        )
        for one in covered
    ]
    table(("clause", "promise", "judged", "by", "not here" if here else "from"), rows)
    note(", ".join(f"{how}: {count}" for how, count in counts(covered).items() if count))
