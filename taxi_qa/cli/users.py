"""`taxi-qa users`: accounts of the web and their roles."""

import sys
from typing import TYPE_CHECKING

import click

from taxi_qa.cli.command import Group, now_ms, opened
from taxi_qa.cli.screen import figures, note, say, table
from taxi_qa.cli.user_tokens import token

if TYPE_CHECKING:
    from taxi_qa.store.accounts import Account


@click.group(cls=Group)
def users() -> None:
    """Accounts of the web and their roles."""


users.add_command(token)


@users.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--role",
    required=True,
    metavar="ROLE",
    help="driver, manager, inspector, reviewer, appeal_reviewer, administrator or auditor.",
)
@click.option("--shown", default="", metavar="TEXT", help="What others see.  [default: NAME]")
@click.option("--driver", default="", metavar="ID", help="Of a driver: his licence number.")
@click.option("--company", default="", metavar="ID", help="Of a fleet manager: his company.")
@click.option(
    "--zone",
    "zones",
    multiple=True,
    metavar="ID",
    help="Of an inspector; may be repeated.  [default: the whole city]",
)
@click.option("--password-stdin", is_flag=True, help="Read the first password from standard input.")
@click.pass_context
def add(
    ctx: click.Context,
    name: str,
    role: str,
    shown: str,
    driver: str,
    company: str,
    zones: tuple[str, ...],
    password_stdin: bool,
) -> None:
    """Make an account.

    Prints its first password, which must be changed on first use.
    """
    from taxi_qa.store import accounts

    home = opened(ctx)
    made = accounts.NewAccount(name, accounts.role_of(role), shown, driver, company, zones)
    given, told = _first_password(name, from_stdin=password_stdin)
    accounts.add(home, made, given, now_ms())
    note(f"{name}: {role}; the password has to be changed on first use")
    if told:
        say(told)


@users.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Give it as JSON.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """Say who may sign in, and as what."""
    from taxi_qa.store.accounts import all_accounts

    known = all_accounts(opened(ctx))
    rows = [
        {"name": one.name, "role": one.role, "of": one.driver_id or one.company_id or ";".join(one.zone_ids),
         "state": _state(one)}
        for one in known
    ]  # fmt: skip
    if as_json:
        figures(rows)
        return
    table(("name", "role", "of", "state"), [list(row.values()) for row in rows])
    note(f"{len(rows):,} accounts")


def _state(account: "Account") -> str:
    if account.disabled_ms is not None:
        return "disabled"
    return "first password" if account.must_change else "ok"


@users.command()
@click.argument("name", metavar="NAME")
@click.option("--undo", is_flag=True, help="Let it sign in again.")
@click.pass_context
def disable(ctx: click.Context, name: str, undo: bool) -> None:
    """Let an account sign in no more.

    Its sessions end at once.
    """
    from taxi_qa.store import accounts

    home = opened(ctx)
    found = accounts.named(home, name)
    accounts.disable(home, found.account_id, None if undo else now_ms())
    say(f"{name}: {'may sign in again' if undo else 'disabled'}")


@users.command()
@click.argument("name", metavar="NAME")
@click.option("--password-stdin", is_flag=True, help="Read it from standard input.")
@click.pass_context
def password(ctx: click.Context, name: str, password_stdin: bool) -> None:
    """Give an account another first password.

    Its sessions end at once.
    """
    from taxi_qa.store import accounts

    home = opened(ctx)
    found = accounts.named(home, name)
    given, told = _first_password(name, from_stdin=password_stdin)
    accounts.set_password(home, found.account_id, given, must_change=True)
    note(f"{name}: the password has to be changed on first use")
    if told:
        say(told)


def _first_password(name: str, *, from_stdin: bool) -> tuple[str, str]:
    """The hash of a first password, and the password itself where we made it up."""
    from taxi_qa.web import passwords

    if not from_stdin:
        made = passwords.made_up()
        return passwords.hashed(made), made
    given = sys.stdin.readline().rstrip("\r\n")
    try:
        passwords.check(given, name)
    except passwords.PasswordError as error:
        raise click.UsageError(
            f"the password is too {error}: at least {passwords.LEAST} characters, without the name"
        ) from None
    return passwords.hashed(given), ""
