"""`taxi-qa review`: cases, and every step people take with them."""

from typing import TYPE_CHECKING, Any

import click

from taxi_qa.cli.command import Group, now_ms, opened
from taxi_qa.cli.desk_call import desk_of, driver_options, said_by_driver, step_options, take_step
from taxi_qa.cli.screen import figures, note, say, table

if TYPE_CHECKING:
    import pandas as pd

    from taxi_qa.review.looks import Verdict


@click.group(cls=Group)
def review() -> None:
    """Decide cases, and answer them."""


@review.command(name="list")
@click.option(
    "--state", "states", multiple=True, metavar="STATE", help="Only in this state; may be repeated."
)
@click.option("--driver", metavar="ID", help="Only of this driver.")
@click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, metavar="N", help="The first so many."
)
@click.option("--json", "as_json", is_flag=True, help="Give it as JSON.")
@click.pass_context
def list_(ctx: click.Context, states: tuple[str, ...], driver: str | None, limit: int, as_json: bool) -> None:
    """Say which cases there are.

    Those whose time runs out first come first. `taxi-qa desk gather` makes cases of findings.
    """
    from taxi_qa.store.desk import cases

    home = opened(ctx)
    frame = cases(home, states=states, driver_id=driver)
    rows = [_told(row, home.timezone) for row in _rows(frame.head(limit))]
    if as_json:
        figures(rows)
        return
    names = ("case_id", "state", "version", "rule", "driver_id", "start", "sources", "sufficiency", "due")
    table(names, [[row[name] for name in names] for row in rows])
    note(f"{len(rows):,} of {len(frame):,} cases")


@review.command()
@click.argument("case_id", metavar="CASE")
@click.option("--blind", is_flag=True, help="Without its history: for a blind second look.")
@click.option("--json", "as_json", is_flag=True, help="Give it as JSON.")
@click.pass_context
def show(ctx: click.Context, case_id: str, blind: bool, as_json: bool) -> None:
    """Show one case.

    What it rests on, what is missing, its findings, its history and what the driver said.
    """
    from taxi_qa.store.desk import answers, case_frame, events, kept_case

    home = opened(ctx)
    with home.engine.connect() as connection:
        one = kept_case(connection, case_id)
        [row] = _rows(case_frame(connection, case_id))
        history = [] if blind else _rows(events(connection, case_id))
        said = [] if blind else answers(connection, case_id)
    told = _told(row, home.timezone)
    told["finding_ids"] = list(one.case.finding_ids)
    if blind:
        for name in ("state", "version", "due"):
            del told[name]
    else:
        told |= {"history": [_event(event, home.timezone) for event in history], "answers": said}
    if as_json:
        figures(told)
        return
    for name, value in told.items():
        if name not in ("history", "answers"):
            say(f"{name:12} {'; '.join(value) if isinstance(value, list) else value}")
    for event in told.get("history", []):
        words = f" · {event['note']}" if event["note"] else ""
        led = f"{event['action']} -> {event['state']} ({event['reason']})"
        say(f"  {event['at']}  {event['actor']}  {led}{words}")
    for answer in said:
        files = f"[{len(answer['files'])} files]"
        say(f"  {answer['kind']} of version {answer['version']}: {answer['text']} {files}")


@review.command()
@step_options(reason="evidence_holds")
def propose(ctx: click.Context, **told: Any) -> None:  # noqa: ANN401 - a step's own options
    """Propose that a case counts; the driver is asked first."""
    take_step(ctx, "propose", told)


@review.command()
@step_options()
def dismiss(ctx: click.Context, **told: Any) -> None:  # noqa: ANN401
    """Dismiss a case, with the reason."""
    take_step(ctx, "dismiss", told)


@review.command()
@driver_options()
@click.option("--accept", "accepts", is_flag=True, help="He says it was so.")
def answer(ctx: click.Context, accepts: bool, **told: Any) -> None:  # noqa: ANN401
    """Keep what the driver answers.

    Unless he admits it with --accept, and it costs little, a second person has to review the case.
    """
    take_step(ctx, "answer", told, role="driver", accepts=accepts, words=said_by_driver(told))


@review.command()
@step_options(reason="evidence_holds")
def confirm(ctx: click.Context, **told: Any) -> None:  # noqa: ANN401
    """Confirm a case: it goes to the ledger.

    By another person than the one who proposed it.
    """
    take_step(ctx, "confirm", told)


@review.command()
@step_options()
def extend(ctx: click.Context, **told: Any) -> None:  # noqa: ANN401
    """Give a case more time, with the reason."""
    take_step(ctx, "extend", told)


@review.command()
@step_options()
def quarantine(ctx: click.Context, **told: Any) -> None:  # noqa: ANN401
    """Put a case aside until its upstream cause is mended."""
    take_step(ctx, "quarantine", told)


@review.command()
@step_options(reason="cause_mended")
def release(ctx: click.Context, **told: Any) -> None:  # noqa: ANN401
    """Put a case from quarantine back in the queue."""
    take_step(ctx, "release", told)


@review.command()
@click.argument("case_id", metavar="[CASE]", required=False)
@click.option("--by", "actor", required=True, metavar="NAME", help="Who looks.")
@click.option("--company", default="", metavar="ID", help="The taxi company he belongs to, if any.")
@click.option(
    "--verdict", type=click.Choice(["propose", "dismiss"]), help="What he would have done; needed with CASE."
)
@click.option("--json", "as_json", is_flag=True, help="Give it as JSON.")
@click.pass_context
def look(
    ctx: click.Context, case_id: str | None, actor: str, company: str, verdict: str | None, as_json: bool
) -> None:
    """Look at a case a second time, blindly.

    Without CASE: which wait for this person. `review show CASE --blind` shows one without its history.
    """
    from taxi_qa.review.looks import look as looked
    from taxi_qa.review.looks import waiting
    from taxi_qa.review.states import Actor

    desk = desk_of(ctx)
    if case_id is None:
        found = waiting(desk, actor)
        if as_json:
            figures(found)
        else:
            for one in found:
                say(one)
        return
    if verdict is None:
        raise click.UsageError("give --verdict propose or dismiss with CASE")
    kind: Verdict = "propose" if verdict == "propose" else "dismiss"
    looked(desk, case_id, Actor(actor, "reviewer", company), now_ms(), kind)
    if as_json:
        figures({"case_id": case_id, "verdict": verdict})
    else:
        say(f"{case_id}: kept")


def _rows(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def _told(row: dict[str, Any], zone: str) -> dict[str, Any]:
    from taxi_qa.values.clock import iso_of

    told = {name: value for name, value in row.items() if not name.endswith("_ms")}
    told["start"], told["end"] = (iso_of(row[f"{name}_ms"], zone) for name in ("start", "end"))
    told["opened"] = iso_of(row["opened_ms"], zone)
    told["due"] = None if row["deadline_ms"] is None else iso_of(row["deadline_ms"], zone)
    return told


def _event(row: dict[str, Any], zone: str) -> dict[str, Any]:
    from taxi_qa.values.clock import iso_of

    kept = {name: row[name] for name in ("version", "actor", "role", "action", "reason", "note")}
    return {**kept, "at": iso_of(row["at_ms"], zone), "state": row["to_state"]}
