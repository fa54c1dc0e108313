"""`taxi-qa desk`: what the machine does for the desk, and how well the desk works."""

from dataclasses import asdict

import click

from taxi_qa.cli.command import Group, now_ms, opened
from taxi_qa.cli.desk_call import desk_of
from taxi_qa.cli.screen import figures, say, table


@click.group(cls=Group)
def desk() -> None:
    """Run the desk, and see how well it works."""


@desk.command()
@click.option("--json", "as_json", is_flag=True, help="Give the figures as JSON.")
@click.pass_context
def gather(ctx: click.Context, as_json: bool) -> None:
    """Bring the cases in step with the findings.

    Findings of one act become one case; withdrawn ones leave; what an approved excuse covers is excused.
    To be run after every check.
    """
    from taxi_qa.law.read import read_law
    from taxi_qa.review.charges import weights_on
    from taxi_qa.review.gather import gather as gathered

    works = desk_of(ctx)
    weights = weights_on(read_law(works.home.city), now_ms())
    _show(gathered(works, now_ms(), weights), as_json=as_json)


@desk.command()
@click.option("--json", "as_json", is_flag=True, help="Give the figures as JSON.")
@click.pass_context
def due(ctx: click.Context, as_json: bool) -> None:
    """Move on every case whose time ran out.

    In the driver's favour: silence only leads to a second review, the rest expires. To be run daily.
    """
    from taxi_qa.review.deadlines import run_due

    _show(run_due(desk_of(ctx), now_ms()), as_json=as_json)


@desk.command()
@click.option("--json", "as_json", is_flag=True, help="Give the figures as JSON.")
@click.pass_context
def quality(ctx: click.Context, as_json: bool) -> None:
    """Say how much and how well each reviewer decides.

    Decisions, median days, kappa with blind second looks, and the share an appeal took back.
    """
    from taxi_qa.review.looks import histories_of
    from taxi_qa.review.quality import reviewers
    from taxi_qa.store.desk import events, second_looks, states_counted

    home = opened(ctx)
    with home.engine.connect() as connection:
        histories = histories_of(events(connection))
        looked = second_looks(connection)
    names = zip(looked["case_id"], looked["reviewer"], looked["verdict"], strict=True)
    told = reviewers(histories, {case: (who, verdict) for case, who, verdict in names})
    rows = [
        {"reviewer": name, **asdict(one), "reversal_rate": one.reversal_rate} for name, one in told.items()
    ]
    if as_json:
        figures({"states": states_counted(home), "reviewers": rows})
        return
    table(("state", "cases"), list(states_counted(home).items()))
    say()
    headers = (
        "reviewer",
        "decisions",
        "median_days",
        "confirmed",
        "reversed",
        "reversal_rate",
        "looks",
        "kappa",
    )
    table(headers, [[_rounded(row[name]) for name in headers] for row in rows])


@desk.command()
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Check the ledger's chain of seals.

    Exit status 2 where a line is not what was sealed. The last seal, kept elsewhere, shows a cut end.
    """
    from taxi_qa.store.ledger import entries
    from taxi_qa.store.ledger import verify as verified

    home = opened(ctx)
    broken = verified(home)
    if broken is not None:
        raise click.ClickException(f"the ledger is broken at entry {broken.entry_id}: {broken.reason}")
    seals = entries(home)["seal"]
    say(f"{len(seals):,} entries hold; last seal {seals.iloc[-1] if len(seals) else '-'}")


def _show(counted: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        figures(counted)
    elif not counted:
        say("nothing to do")
    else:
        table(("what", "cases"), list(counted.items()))


def _rounded(value: object) -> object:
    return f"{value:.2f}" if isinstance(value, float) else value
