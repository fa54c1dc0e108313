"""`taxi-qa rules`: the catalogue, from the docstrings of the rules."""

import difflib
from typing import TYPE_CHECKING, Literal

import click

from taxi_qa.cli.command import Command, opened
from taxi_qa.cli.screen import figures, note, say, table

if TYPE_CHECKING:
    from taxi_qa.rules.kit import Rule

Form = Literal["text", "markdown", "json"]


@click.command(cls=Command)
@click.argument("name", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="How to show them.",
)
@click.pass_context
def rules(ctx: click.Context, name: str | None, form: Form) -> None:
    """Show the catalogue of rules, or one of them.

    Where there is a home, also which of them have fallen back to trial there.
    """
    from taxi_qa.reports.catalogue import catalogue_markdown, rule_figures, rule_markdown

    known = known_rules([name] if name else [])
    if form == "json":
        listed = [rule_figures(rule) for rule in known.values()]
        figures(listed[0] if name else listed)
    elif form == "markdown":
        say(rule_markdown(known[name]) if name else catalogue_markdown(list(known.values())))
    elif name:
        _show(known[name])
    else:
        rows = [(rule.name, rule.clause, rule.stage, rule.title_zh, rule.title_en) for rule in known.values()]
        table(("rule", "clause", "stage", "title", "says"), rows)
        note(f"{len(rows)} rules; `taxi-qa rules NAME` shows one")
    if form == "text":
        _tell_of_falls(ctx)


def _tell_of_falls(ctx: click.Context) -> None:
    from taxi_qa.cli.check import tell_of_falls
    from taxi_qa.store.home import HomeError

    try:
        home = opened(ctx)
    except HomeError:
        return  # the catalogue needs no home
    tell_of_falls(home)


def _show(rule: "Rule") -> None:
    from taxi_qa.rules.texts import chinese

    say(f"{rule.name}  {rule.title_zh}  clause {rule.clause}, {rule.stage}, version {rule.version}")
    say(f"judges {rule.judges}; needs {', '.join(rule.needs)}; sources {', '.join(rule.sources)}")
    if rule.law:
        say(f"law: {', '.join(rule.law)}")
    say()
    told = chinese(rule)
    say(told.says + told.more)
    for head, text in (
        ("为什么重要", told.why), ("证据", told.evidence), ("什么时候无法判断", told.cannot_tell),
        ("看着像，其实不是", told.looks_like),
    ):  # fmt: skip
        say(f"{head}：{text}")
    say()
    say(rule.doc)


def known_rules(names: list[str]) -> "dict[str, Rule]":
    """The rules of those names, all of them where none is named.

    Raises:
        click.BadParameter: there is no such rule; the message offers the nearest name.
    """
    from taxi_qa.rules.kit import catalogue

    all_rules = dict(catalogue())
    for name in names:
        if name not in all_rules:
            near = difflib.get_close_matches(name, all_rules, n=1)
            meant = f"did you mean {near[0]}?" if near else "`taxi-qa rules` lists them"
            raise click.BadParameter(f"there is no rule {name!r}; {meant}", param_hint="rule")
    return {name: rule for name, rule in all_rules.items() if not names or name in names}
