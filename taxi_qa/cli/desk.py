"""`taxi-qa desk`: what the machine does for the desk, and how well the desk works."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from taxi_qa.cli.command import Group, city_today, now_ms, opened
from taxi_qa.cli.desk_call import REASONS_HELP, desk_of
from taxi_qa.cli.screen import figures, note, say, table

if TYPE_CHECKING:
    from taxi_qa.review.desk import Desk
    from taxi_qa.score.precision import Label


@click.group(cls=Group)
def desk() -> None:
    """Run the desk, and see how well it works."""


@desk.command()
@click.option("--json", "as_json", is_flag=True, help="Give the figures as JSON.")
@click.pass_context
def gather(ctx: click.Context, as_json: bool) -> None:
    """Bring the cases in step with the findings.

    Findings of one act become one case; withdrawn ones leave; what an approved excuse covers is excused; what
    rests on a road or device on which many different drivers are found waits, with one ticket for each. To be
    run after every check.
    """
    _show(gathered_at(desk_of(ctx)), as_json=as_json)


def gathered_at(works: "Desk") -> dict[str, int]:
    """Bring the cases in step with the findings of this moment; see `gather`."""
    from taxi_qa.law.read import read_law
    from taxi_qa.review.charges import weights_on
    from taxi_qa.review.gather import gather as gathered
    from taxi_qa.review.quarantine import quarantine
    from taxi_qa.review.zones import place_cases
    from taxi_qa.runs.traffic import traffic_between

    now = now_ms()
    law = read_law(works.home.city)
    today = city_today(works.home.timezone)
    looks_back = round(law.number("house.review.suspect_days", now))
    traffic = traffic_between(works.home, today - looks_back, today)
    counted = {**gathered(works, now, weights_on(law, now)), **quarantine(works, now, law, traffic)}
    place_cases(works.home)
    return counted


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
@click.option("--json", "as_json", is_flag=True, help="Give the labels as JSON.")
@click.pass_context
def precision(ctx: click.Context, as_json: bool) -> None:
    """Say how often what each rule found was true.

    Confirmed of reviewed, with a 90 % interval. A stable rule that is wrong too often has fallen back: its
    findings are leads and cost nothing, until `desk recount` counts it anew.
    """
    from taxi_qa.law.read import read_law
    from taxi_qa.review.precision import labels

    home = opened(ctx)
    told = labels(home, read_law(home.city)).values()
    rows = [
        {**asdict(one), "has_fallen": one.has_fallen, "fell_on": _fell_on(one, home.timezone)} for one in told
    ]
    if as_json:
        figures(rows)
        return
    headers = ("rule", "reviewed", "confirmed", "share", "low", "high", "fell_on")
    table(headers, [[_rounded(row[name]) for name in headers] for row in rows])
    if not rows:
        note("nobody has decided over a finding of a stable rule yet")


def _fell_on(label: "Label", zone: str) -> str:
    from taxi_qa.values.clock import moment_of

    return "" if label.fell is None else f"{moment_of(label.fell.at_ms, zone):%Y-%m-%d}"


@desk.command()
@click.argument("rule", metavar="RULE")
@click.option("--by", "actor", required=True, metavar="NAME", help="Who says it.")
@click.option("--reason", default="cause_mended", show_default=True, metavar="CODE", help=REASONS_HELP)
@click.option("--note", "words", required=True, metavar="TEXT", help="What was done about it.")
@click.pass_context
def recount(ctx: click.Context, rule: str, actor: str, reason: str, words: str) -> None:
    """Count a rule's precision anew from now on.

    For a rule that had fallen back, when its cause was mended: what was decided before counts no more.
    """
    from taxi_qa.review.precision import count_anew

    count_anew(opened(ctx), rule, now_ms(), actor, reason, words)
    say(f"{rule}: counted anew")


@desk.command()
@click.option("--all", "every", is_flag=True, help="Also closed ones.")
@click.option("--json", "as_json", is_flag=True, help="Give them as JSON.")
@click.pass_context
def tickets(ctx: click.Context, every: bool, as_json: bool) -> None:
    """List suspect roads and devices.

    Their cases wait in quarantine until somebody has looked and closes the ticket.
    """
    from taxi_qa.store.tickets import tickets as kept_tickets

    home = opened(ctx)
    with home.engine.connect() as connection:
        rows = [asdict(one) for one in kept_tickets(connection, open_only=not every)]
    if as_json:
        figures(rows)
        return
    headers = ("ticket_id", "kind", "rule", "title", "drivers", "findings", "actor", "reason")
    table(headers, [[row[name] for name in headers] for row in rows])
    if not rows:
        note("no ticket is open" if not every else "there is no ticket")


@desk.command()
@click.argument("ticket_id", metavar="TICKET")
@click.option("--by", "actor", required=True, metavar="NAME", help="Who looked.")
@click.option("--company", default="", metavar="ID", help="The taxi company he belongs to, if any.")
@click.option("--reason", required=True, metavar="CODE", help=REASONS_HELP)
@click.option("--note", "words", default="", metavar="TEXT", help="What was found.")
@click.pass_context
def close(ctx: click.Context, ticket_id: str, actor: str, company: str, reason: str, words: str) -> None:
    """Close a ticket; its cases wait for review again.

    Dismiss those that were the road's or the device's fault; only later findings can open it again.
    """
    from taxi_qa.review.quarantine import close as closed
    from taxi_qa.review.states import Actor

    released = closed(desk_of(ctx), ticket_id, Actor(actor, "reviewer", company), now_ms(), reason, words)
    say(f"{ticket_id}: closed, {released:,} cases wait again")


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
