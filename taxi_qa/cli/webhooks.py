"""`taxi-qa webhooks`: who is told of what happens to cases."""

import click

from taxi_qa.cli.command import Group, now_ms, opened
from taxi_qa.cli.screen import figures, note, say, table


@click.group(cls=Group)
def webhooks() -> None:
    """Who is told of what happens to cases."""


@webhooks.command()
@click.argument("name", metavar="NAME")
@click.argument("url", metavar="URL")
@click.option("--account", required=True, metavar="NAME", help="As whom it sees: no other case is told of.")
@click.option(
    "--event", "events", multiple=True, metavar="EVENT", help="Such as case.proposed.  [default: all]"
)
@click.option("--allow-private", is_flag=True, help="It is in the own network; http is allowed then.")
@click.pass_context
def add(
    ctx: click.Context, name: str, url: str, account: str, events: tuple[str, ...], allow_private: bool
) -> None:
    """Make a webhook and print the secret of its signatures.

    `taxi-qa serve` delivers to it; without a server, `taxi-qa webhooks deliver` does.
    """
    from taxi_qa.store import accounts
    from taxi_qa.store import webhooks as kept

    home = opened(ctx)
    who = accounts.named(home, account)
    made = kept.add_hook(home, name, url, who, events, allow_private=allow_private, now_ms=now_ms())
    note(f"{name}: told of what {account} sees; whoever has the secret can sign in our name")
    say(made.secret)


@webhooks.command(name="list")
@click.option("--dead", is_flag=True, help="The deliveries nobody took, the newest first.")
@click.option("--json", "as_json", is_flag=True, help="Give it as JSON.")
@click.pass_context
def list_(ctx: click.Context, dead: bool, as_json: bool) -> None:
    """Say which webhooks there are and what became of deliveries."""
    from taxi_qa.store import webhooks as kept
    from taxi_qa.values.clock import iso_of

    home = opened(ctx)
    if dead:
        rows = [{**row, "ended": iso_of(row.pop("ended_ms"), home.timezone)} for row in kept.dead_ones(home)]
        headers: tuple[str, ...] = ("webhook", "event", "case_id", "version", "tries", "said", "ended")
    else:
        counted = kept.outbox_counted(home)
        nothing = {"waiting": 0, "sent": 0, "dead": 0}
        rows = [
            {"name": one.name, "url": one.url, "events": " ".join(one.events) or "all",
             **counted.get(one.webhook_id, nothing)}
            for one in kept.all_hooks(home)
        ]  # fmt: skip
        headers = ("name", "url", "events", "waiting", "sent", "dead")
    if as_json:
        figures(rows)
        return
    table(headers, [[row[name] for name in headers] for row in rows])
    note(f"{len(rows):,} {'dead deliveries' if dead else 'webhooks'}")


@webhooks.command()
@click.argument("name", metavar="NAME")
@click.pass_context
def remove(ctx: click.Context, name: str) -> None:
    """Tell a webhook nothing any more, not even what waits."""
    from taxi_qa.store.webhooks import remove_hook

    remove_hook(opened(ctx), name)
    say(f"{name}: removed")


@webhooks.command()
@click.argument("name", metavar="NAME")
@click.pass_context
def test(ctx: click.Context, name: str) -> None:
    """Send a webhook a message of type `test`, now."""
    from taxi_qa.store.webhooks import hook_named
    from taxi_qa.values.clock import iso_of
    from taxi_qa.web.api.couriers import body_of, send

    home = opened(ctx)
    hook, at_ms = hook_named(home, name), now_ms()
    body = body_of("test", iso_of(at_ms, home.timezone), {})
    went = send(hook, f"msg_{hook.webhook_id}_test_{at_ms}", body, at_ms)
    say(f"{name}: {went.said}")
    ctx.exit(0 if went.taken else 1)


@webhooks.command()
@click.option("--dead", is_flag=True, help="Begin anew with the deliveries nobody took, too.")
@click.pass_context
def deliver(ctx: click.Context, dead: bool) -> None:
    """Deliver what is due, once; for a timer where no server runs."""
    from taxi_qa.store.webhooks import forget_old, revive_dead
    from taxi_qa.web.api.couriers import deliver_due

    home = opened(ctx)
    if dead:
        note(f"{revive_dead(home, now_ms()):,} deliveries begin anew")
    taken = failed = 0
    more = True
    while more:
        went = deliver_due(home, now_ms)
        taken, failed = taken + went[0], failed + went[1]
        # A receiver that fails is not tried again in this call; its other deliveries wait with it.
        more = went[0] > 0
    forget_old(home, now_ms())
    say(f"{taken:,} taken, {failed:,} not")
    ctx.exit(1 if failed else 0)
