"""What every command of the tree has: where the home is, how it is told, and how a day is written."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from taxi_qa.store.home import Home

HOME_VARIABLE: Final = "TAXI_QA_HOME"
DATABASE_VARIABLE: Final = "TAXI_QA_DATABASE_URL"
DEFAULT_HOME: Final = "var"

_HOME_KEY: Final = "taxi_qa.home"
_DATABASE_KEY: Final = "taxi_qa.database"
_DEBUG_KEY: Final = "taxi_qa.debug"


@dataclass(frozen=True)
class Place:
    """Where the call says the data are: the home folder, and the database if not the home's own."""

    home: Path
    database: str | None


def _kept(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep what a command was told for the whole call, so that before and after a subcommand are one."""
    if value is not None and value is not False:
        ctx.meta[f"taxi_qa.{parameter.name}"] = value


def _common_options() -> list[click.Option]:
    return [
        click.Option(
            ["--home"],
            metavar="DIR",
            type=click.Path(file_okay=False, path_type=Path),
            help=f"The home folder.  [default: ${HOME_VARIABLE}, else ./{DEFAULT_HOME}]",
            expose_value=False,
            callback=_kept,
        ),
        click.Option(
            ["--database"],
            metavar="URL",
            help=f"The database.  [default: ${DATABASE_VARIABLE}, else a SQLite file in the home]",
            expose_value=False,
            callback=_kept,
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            help="Show the traceback of an unexpected error.",
            expose_value=False,
            callback=_kept,
        ),
    ]


class Command(click.Command):
    """A command that takes the common options."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own parameters, then the common ones, then --help."""
        *own, last = super().get_params(ctx)
        return [*own, *_common_options(), last]


class Group(click.Group):
    """A group that takes the common options, and passes them on by the call's context."""

    command_class = Command
    group_class = type

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own parameters, then the common ones, then --help."""
        *own, last = super().get_params(ctx)
        return [*own, *_common_options(), last]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which they are used, not of the alphabet."""
        del ctx
        return list(self.commands)


class DefaultGroup(Group):
    """A group whose first command is meant where none is named: `law PATH` is `law show PATH`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - click's own arguments, passed on
        """Made by click; without arguments the first command runs."""
        kwargs.setdefault("no_args_is_help", False)
        super().__init__(*args, **kwargs)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the first command's name in front where no command of the group is named."""
        named = any(arg in self.commands for arg in args)
        if not named and not set(args) & set(ctx.help_option_names):
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of the command that is meant where none is named, then the commands."""
        name, command = next(iter(self.commands.items()))
        inner = click.Context(command, info_name=name, parent=ctx)
        own = [record for p in command.params if (record := p.get_help_record(inner)) is not None]
        if own:
            with formatter.section(f"Options of {name!r}, meant where no command is named"):
                formatter.write_dl(own)
        super().format_options(ctx, formatter)


class DayType(click.ParamType[int]):
    """A city day, written 2026-10-20; its value is the day number of `values.clock`."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The day number."""
        from taxi_qa.values.clock import day_from_text

        if isinstance(value, int):
            return value
        try:
            return day_from_text(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


DAY: Final = DayType()


def place_of(ctx: click.Context) -> Place:
    """Where the home and the database are: the call, else the environment, else ./var."""
    home = ctx.meta.get(_HOME_KEY) or os.environ.get(HOME_VARIABLE) or DEFAULT_HOME
    database = ctx.meta.get(_DATABASE_KEY) or os.environ.get(DATABASE_VARIABLE)
    return Place(Path(home), str(database) if database else None)


def wants_traceback(ctx: click.Context) -> bool:
    """Whether --debug was given anywhere in the call."""
    return bool(ctx.meta.get(_DEBUG_KEY))


def opened(ctx: click.Context) -> "Home":
    """The home of the call, which must have been made by `init`."""
    from taxi_qa.store.home import open_home

    place = place_of(ctx)
    return open_home(place.home, place.database)


def now_ms() -> int:
    """The present instant (ms since 1970 UTC); the only place of the package that reads the clock."""
    return time.time_ns() // 1_000_000


def city_today(zone: str) -> int:
    """The city's present day."""
    import numpy as np

    from taxi_qa.values.clock import city_day

    return int(city_day(np.array([now_ms()], dtype=np.int64), zone)[0])
