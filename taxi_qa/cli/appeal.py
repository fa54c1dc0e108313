"""`taxi-qa appeal`: a driver appeals a confirmed case, and another person decides."""

from typing import Any

import click

from taxi_qa.cli.command import Group
from taxi_qa.cli.desk_call import driver_options, said_by_driver, step_options, take_step


@click.group(cls=Group)
def appeal() -> None:
    """Appeal a confirmed case, and decide the appeal."""


@appeal.command()
@driver_options()
def file(ctx: click.Context, **told: Any) -> None:  # noqa: ANN401 - a step's own options
    """Keep a driver's appeal."""
    take_step(ctx, "appeal", told, role="driver", words=said_by_driver(told))


@appeal.command()
@step_options()
def uphold(ctx: click.Context, **told: Any) -> None:  # noqa: ANN401
    """Decide for the driver: what the case cost comes back.

    A new entry restores exactly its points, in the cycle they were taken from.
    """
    take_step(ctx, "uphold", told)


@appeal.command()
@step_options(reason="evidence_holds")
def reject(ctx: click.Context, **told: Any) -> None:  # noqa: ANN401
    """Decide that the confirmed case stands."""
    take_step(ctx, "reject", told)
