"""Connections: SQLite in write-ahead mode by default, PostgreSQL by URL; bulk rows through the driver.

SQLite runs with `synchronous=FULL`: with NORMAL the last committed transactions may vanish in a power
cut, and a source file reported as taken in would be gone. A commit is one a file or one a job, so the
extra sync costs nothing that can be measured.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

BUSY_TIMEOUT_S: Final = 60
# How many rows go to the driver in one call.
BULK_ROWS: Final = 50_000

# How many pages of 4 kB SQLite's log gathers before they are copied into the file itself: 32 MB. Findings
# come in the order of no index, so a job touches most pages of each; at the usual 4 MB every commit copied
# them all and waited for the disk again. What is committed is safe in the log either way.
_LOG_PAGES: Final = 8_000
_WRITES: Final = "taxi_qa_writes"
_POSTGRESQL_NAMES: Final = ("postgresql", "postgres", "postgresql+psycopg")


class HomeError(Exception):
    """The home or its database cannot be used; the message is one line and names the way out."""


def database_url(text: str) -> URL:
    """The URL with the driver this product uses.

    Raises:
        HomeError: not a URL, or of a database that is neither SQLite nor PostgreSQL.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise HomeError(
            "the database URL cannot be read; expected sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from None
    if url.drivername in _POSTGRESQL_NAMES:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        if not url.database or url.database == ":memory:":
            raise HomeError("a SQLite database must be a file; expected sqlite:///FILE")
        return url.set(drivername="sqlite")
    raise HomeError(
        f"the database {url.drivername!r} is not supported; expected sqlite:///FILE or postgresql://USER@HOST/NAME"
    )


def make_engine(url: URL, *, foreign_keys: bool = True) -> Engine:
    """An engine whose errors never print rows.

    Args:
        url: as `database_url` gives it.
        foreign_keys: False only while tables are rebuilt by a migration.

    Raises:
        HomeError: the driver of PostgreSQL is not installed.
    """
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_S})
        _prepare_sqlite(engine, foreign_keys=foreign_keys)
        return engine
    try:
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True)
    except (ModuleNotFoundError, NoSuchModuleError):
        raise HomeError("PostgreSQL needs its driver: pip install taxi-qa[postgresql]") from None

    @event.listens_for(engine, "handle_error")
    def _shorten(context: ExceptionContext) -> None:
        if context.sqlalchemy_exception is not None and _cut_to_first_line(context.original_exception):
            context.sqlalchemy_exception.args = context.original_exception.args

    return engine


def _cut_to_first_line(error: BaseException) -> bool:
    """Cut a complaint of PostgreSQL to its first line: the others quote the row, names and plates in it."""
    said = getattr(getattr(error, "diag", None), "message_primary", None)
    if said:
        error.args = (str(said),)
    return bool(said)


def _prepare_sqlite(engine: Engine, *, foreign_keys: bool) -> None:
    """Pragmas on every connection, and transactions that begin when we say so.

    The driver by itself begins a transaction only before the first change and commits before DDL;
    then a migration killed half-way would stay half-done.
    """

    @event.listens_for(engine, "connect")
    def _connect(raw: sqlite3.Connection, _record: object) -> None:
        raw.isolation_level = None
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_S * 1000}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
        cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes its lock at once: one that first reads would fail when another came between.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def for_writing(engine: Engine) -> Connection:
    """A connection whose transactions are going to write."""
    return engine.connect().execution_options(**{_WRITES: True})


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One writing transaction: committed at the end, rolled back on any exception."""
    with for_writing(engine) as connection, connection.begin():
        yield connection


def is_postgresql(connection: Connection) -> bool:
    """Whether the other end is PostgreSQL."""
    return connection.dialect.name == "postgresql"


def bulk_insert(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows of plain values inside the connection's transaction.

    Args:
        connection: in a transaction.
        table: name of the table they go to.
        columns: names of the columns given; the others stay NULL.
        rows: one tuple a row, in the order of `columns`.
    """
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(c) for c in columns)
    name = quote(table)
    if not rows:
        return
    if is_postgresql(connection):
        raw: Any = connection.connection.driver_connection
        try:
            with raw.cursor() as cursor, cursor.copy(f"COPY {name} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        except Exception as error:
            _cut_to_first_line(error)
            raise
        return
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {name} ({names}) VALUES ({marks})"
    for start in range(0, len(rows), BULK_ROWS):
        connection.exec_driver_sql(statement, list(rows[start : start + BULK_ROWS]))


def first_line(error: DBAPIError | OperationalError) -> str:
    """What the database says, in one line, without the statement and its values."""
    return str(error.orig).strip().splitlines()[0] if error.orig is not None else "no reason given"
