"""The command tree, and how a call ends: 0 done, 1 some input refused, 2 the call or the set-up is wrong."""

import errno
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

import click

from taxi_qa import __version__
from taxi_qa.cli import failure
from taxi_qa.cli.appeal import appeal
from taxi_qa.cli.check import check
from taxi_qa.cli.coaching import coaching
from taxi_qa.cli.command import Group, place_of, wants_traceback
from taxi_qa.cli.compare_rules import compare_rules
from taxi_qa.cli.complaint import complaint
from taxi_qa.cli.coverage import coverage
from taxi_qa.cli.demo import demo
from taxi_qa.cli.desk import desk
from taxi_qa.cli.doctor import doctor
from taxi_qa.cli.facts import facts
from taxi_qa.cli.findings import findings
from taxi_qa.cli.gateway import gateway
from taxi_qa.cli.ingest import ingest
from taxi_qa.cli.init import init
from taxi_qa.cli.lab import lab
from taxi_qa.cli.law import law
from taxi_qa.cli.quarantine import quarantine
from taxi_qa.cli.records import records
from taxi_qa.cli.report import report
from taxi_qa.cli.review import review
from taxi_qa.cli.roads import roads
from taxi_qa.cli.rules import rules
from taxi_qa.cli.score import score
from taxi_qa.cli.screen import note
from taxi_qa.cli.serve import serve
from taxi_qa.cli.users import users
from taxi_qa.cli.webhooks import webhooks

PROGRAM: Final = "taxi-qa"


@click.group(
    cls=Group,
    epilog="Exit status: 0 done; 1 done, and some input was refused; 2 the call or the set-up is wrong.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def root() -> None:
    """Every taxi trip checked against the drivers' service pledge: found, clean, or cannot tell."""


for _command in (
    init, demo, ingest, quarantine, roads, check, findings, facts, records, complaint, desk, review, appeal,
    score, coaching, report, rules, coverage, law, compare_rules, serve, gateway, users, webhooks, lab,
    doctor,
):  # fmt: skip
    root.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Run one call and give its exit status; no exception comes out."""
    ctx: click.Context | None = None
    try:
        ctx = root.make_context(PROGRAM, list(arguments))
        with ctx:
            root.invoke(ctx)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return int(end.exit_code)
    except (KeyboardInterrupt, click.Abort):
        note(f"{PROGRAM}: interrupted; what was finished is kept, the same command goes on from there")
        return failure.INTERRUPTED
    except click.ClickException as error:
        note(f"{PROGRAM}: {failure.wrong_call(error)}")
        return failure.WRONG
    except Exception as error:  # noqa: BLE001 - the last place: one line instead of a traceback
        return _ended_by(error, ctx)
    return 0


def _ended_by(error: Exception, ctx: click.Context | None) -> int:
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        _forget_output()
        return failure.PIPE_CLOSED
    debug = ctx is not None and wants_traceback(ctx)
    if debug:
        failure.show_traceback(error)
    words = failure.known_words(error)
    if words is None and ctx is not None:
        words = failure.unexpected_words(error, ctx.invoked_subcommand or PROGRAM, place_of(ctx).home)
    note(f"{PROGRAM}: {words}")
    return failure.WRONG


def _forget_output() -> None:
    """The reader has gone: what is still buffered must not raise again at the end of the process."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())


def main() -> NoReturn:
    """The program `taxi-qa`."""
    if "_TAXI_QA_COMPLETE" in os.environ:
        root.main(prog_name=PROGRAM)
    for stream in (sys.stdout, sys.stderr):
        # Plates are Chinese: a terminal that can't show them gets marks, not a crash.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))
