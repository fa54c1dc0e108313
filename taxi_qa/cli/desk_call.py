"""What the commands of the desk share: how a step is told, taken and shown."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taxi_qa.cli.command import now_ms, opened
from taxi_qa.cli.screen import figures, say

if TYPE_CHECKING:
    from taxi_qa.review.desk import Desk, Words
    from taxi_qa.review.states import Role
    from taxi_qa.store.home import Home

Function = Callable[..., Any]

REASONS_HELP = "Why: a code such as road_closed or evidence_holds; `other` needs --note."

_JSON = click.option("--json", "as_json", is_flag=True, help="Give it as JSON.")
_SEEN = click.option(
    "--seen",
    type=click.IntRange(1),
    required=True,
    metavar="VERSION",
    help="The version of the case you looked at (`review show`).",
)


def step_options(*, reason: str | None = None) -> Callable[[Function], Function]:
    """The options every step of a reviewer has: who, why, what else, and what he has seen."""
    parts = (
        click.argument("case_id", metavar="CASE"),
        click.option("--by", "actor", required=True, metavar="NAME", help="Who decides."),
        click.option("--company", default="", metavar="ID", help="The taxi company he belongs to, if any."),
        click.option(
            "--reason", default=reason, required=reason is None, show_default=True, metavar="CODE",
            help=REASONS_HELP,
        ),
        click.option("--note", default="", metavar="TEXT", help="Free words."),
        _SEEN,
        _JSON,
        click.pass_context,
    )  # fmt: skip
    return _all(parts)


def driver_options() -> Callable[[Function], Function]:
    """The options of what a driver says."""
    parts = (
        click.argument("case_id", metavar="CASE"),
        click.option("--driver", "actor", required=True, metavar="ID", help="The driver who says it."),
        click.option("--reason", required=True, metavar="CODE", help=REASONS_HELP),
        click.option("--text", default="", metavar="TEXT", help="What he says."),
        click.option(
            "--file", "files", multiple=True, metavar="FILE",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="JPEG, PNG, PDF or MP4; may be repeated.",
        ),
        _SEEN,
        _JSON,
        click.pass_context,
    )  # fmt: skip
    return _all(parts)


def _all(parts: Sequence[Callable[[Function], Function]]) -> Callable[[Function], Function]:
    def dressed(function: Function) -> Function:
        for part in reversed(parts):
            function = part(function)
        return function

    return dressed


def desk_of(ctx: click.Context) -> "Desk":
    """The desk of the call's home, by the terms and the law of this moment."""
    return desk_at(opened(ctx))


def desk_at(home: "Home") -> "Desk":
    """The desk of a home, by the terms and the law of this moment."""
    from taxi_qa.law.read import read_law
    from taxi_qa.review.charges import charge_by
    from taxi_qa.review.desk import Desk
    from taxi_qa.review.precision import fallen
    from taxi_qa.review.terms import terms_on

    now = now_ms()
    law = read_law(home.city)
    return Desk(home, terms_on(law, now), charge_by(law), fallen(home, law))


def take_step(
    ctx: click.Context,
    action: str,
    told: Mapping[str, Any],
    *,
    role: "Role" = "reviewer",
    accepts: bool = False,
    words: "Words | None" = None,
) -> None:
    """Take a step and say where the case stands now."""
    from taxi_qa.review.desk import step
    from taxi_qa.review.states import Actor, Ask

    actor = Actor(told["actor"], role, told.get("company", ""))
    ask = Ask(action, actor, now_ms(), told["reason"], told.get("note", ""), accepts)
    event = step(desk_of(ctx), told["case_id"], ask, told["seen"], words)
    if told["as_json"]:
        figures({"case_id": told["case_id"], "state": event.to_state, "version": event.version})
    else:
        say(f"{told['case_id']}: {event.from_state} -> {event.to_state} (version {event.version})")


def said_by_driver(told: Mapping[str, Any]) -> "Words":
    """The words and files of a driver's call."""
    from taxi_qa.review.desk import Words

    return Words(told["text"], tuple(told["files"]))
