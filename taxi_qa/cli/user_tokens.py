"""`taxi-qa users token`: what machines show to the HTTP API instead of a password."""

import click

from taxi_qa.cli.command import Group, now_ms, opened
from taxi_qa.cli.screen import figures, note, say, table


@click.group(cls=Group, name="token")
def token() -> None:
    """Tokens of the HTTP API."""


@token.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--account",
    required=True,
    metavar="NAME",
    help="As whom it reads: its company, zones or driver bound it.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    metavar="SCOPE",
    help="ingest, read:findings, read:cases, read:scores or webhooks; may be repeated.",
)
@click.option(
    "--days", type=int, default=90, show_default=True, metavar="N", help="How long it counts, 730 at most."
)
@click.pass_context
def add(ctx: click.Context, name: str, account: str, scopes: tuple[str, ...], days: int) -> None:
    """Make a token and print it, once.

    Only a digest of it is kept: who loses it makes another one. Records are taken in by tokens of an
    administrator only.
    """
    from taxi_qa.store import accounts, api_tokens

    home = opened(ctx)
    made = api_tokens.make_token(
        home, name, accounts.named(home, account), scopes, days=days, now_ms=now_ms()
    )
    note(f"{name}: {', '.join(scopes)} as {account}, for {days} days; it is shown this once")
    say(made)


@token.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Give it as JSON.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """Say which tokens there are and when they were used last."""
    from taxi_qa.store.accounts import all_accounts
    from taxi_qa.store.api_tokens import all_tokens
    from taxi_qa.values.clock import iso_of

    home = opened(ctx)
    names = {one.account_id: one.name for one in all_accounts(home)}

    def moment(at_ms: int | None) -> str:
        return "" if at_ms is None else iso_of(at_ms, home.timezone)

    rows = [
        {"name": one.name, "account": names[one.account_id], "scopes": " ".join(one.scopes),
         "expires": moment(one.expires_ms), "used": moment(one.used_ms), "state": one.state(now_ms())}
        for one in all_tokens(home)
    ]  # fmt: skip
    if as_json:
        figures(rows)
        return
    table(("name", "account", "scopes", "expires", "used", "state"), [list(row.values()) for row in rows])
    note(f"{len(rows):,} tokens")


@token.command()
@click.argument("name", metavar="NAME")
@click.pass_context
def revoke(ctx: click.Context, name: str) -> None:
    """Let a token count no more, from this moment on."""
    from taxi_qa.store import api_tokens

    api_tokens.revoke(opened(ctx), name, now_ms())
    say(f"{name}: revoked")
