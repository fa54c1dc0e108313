"""Errors in one line: what is wrong and how to mend it; tracebacks go to a file, without data."""

import re
import sys
import traceback
from pathlib import Path
from typing import Final

import click

from taxi_qa.cli.command import now_ms

WRONG: Final = 2
INTERRUPTED: Final = 130  # 128 + SIGINT, as the shell counts it
PIPE_CLOSED: Final = 141  # 128 + SIGPIPE

ERRORS_FOLDER: Final = "errors"

# One frame in the text of a traceback. The file must be there: a message that looks like a frame stays out.
_FRAME: Final = re.compile(
    r'^ +File "(?P<file>[^"\n]+)", line (?P<line>\d+), in (?P<name>[\w<>]+)$', re.MULTILINE
)


def wrong_call(error: click.ClickException) -> str:
    """A mistake in the call: what click says, then where to read on."""
    text = _line(error.format_message())
    ctx = getattr(error, "ctx", None)
    if isinstance(error, click.UsageError) and ctx is not None:
        return f"{text} (see `{ctx.command_path} --help`)"
    return text


def known_words(error: BaseException) -> str | None:
    """The words of an error that is meant for people; None where it is unexpected.

    The package's own exceptions are written for people. Of others, those of the file system and of
    the connection to the database are put into words here.
    """
    module = type(error).__module__
    if module.partition(".")[0] == "taxi_qa":
        return _line(str(error)) or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return _line(f"{where}{error.strerror}")
    if isinstance(error, MemoryError):
        return "out of memory: give --workers 1, or fewer days at a time"
    if module.startswith("sqlalchemy.") and type(error).__name__ in {"OperationalError", "ArgumentError"}:
        reason = _line(str(getattr(error, "orig", None) or error))
        return f"the database can't be used: {reason} (see --database and `taxi-qa doctor`)"
    if isinstance(error, ModuleNotFoundError) and error.name in {"psycopg", "psycopg2"}:
        return "PostgreSQL needs its driver: pip install 'taxi-qa[postgresql]'"
    return None


def unexpected_words(error: BaseException, command: str, home: Path) -> str:
    """The line for an error nobody foresaw, after its traceback was kept."""
    kept = _keep_traceback(error, command, home)
    where = f"the traceback is in {kept}" if kept else "run again with --debug for the traceback"
    return f"unexpected {type(error).__name__}; nothing half-done was kept; {where}"


def _keep_traceback(error: BaseException, command: str, home: Path) -> Path | None:
    """Write places and types of the error under the home; its message may hold data and stays out."""
    if not home.is_dir():
        return None
    folder = home / ERRORS_FOLDER
    path = folder / f"{now_ms()}-{command.replace(' ', '-')}.txt"
    try:
        folder.mkdir(exist_ok=True)
        path.write_text(scrubbed(error), encoding="utf-8")
    except OSError:
        return None
    return path


def scrubbed(error: BaseException) -> str:
    """The traceback of an error and of those that caused it, without any message."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = "".join(traceback.format_tb(current.__traceback__)) + _frames_of_a_worker(current)
        parts.append(f"{type(current).__module__}.{type(current).__qualname__} (message left out)\n{frames}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "caused by:\n".join(parts)


def _frames_of_a_worker(error: BaseException) -> str:
    """The frames in a worker process, which come as text with messages in it; "" for any other error."""
    text = getattr(error, "tb", None)
    if type(error).__name__ != "_RemoteTraceback" or not isinstance(text, str):
        return ""
    frames = [
        traceback.FrameSummary(match["file"], int(match["line"]), match["name"])
        for match in _FRAME.finditer(text)
        if Path(match["file"]).is_file()
    ]
    return "".join(traceback.format_list(frames))


def show_traceback(error: BaseException) -> None:
    """The whole traceback on standard error, for --debug."""
    traceback.print_exception(error, file=sys.stderr)


def _line(text: str) -> str:
    return " ".join(text.split())
