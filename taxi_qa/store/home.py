"""A home: one folder with its database, its track files and what may be thrown away.

The folder and its database carry the same `home_id`, so that neither is ever used with another one's
partner: sweeping the tracks of one home by the manifest of another would delete them all.
"""

import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from sqlalchemy import Connection, Engine, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import col

from taxi_qa.store import migrate
from taxi_qa.store.engine import HomeError, bulk_insert, database_url, first_line, make_engine, transaction
from taxi_qa.store.tables import Segment, Setting
from taxi_qa.values.clock import zone_of

__all__ = ["Home", "HomeError", "make_home", "open_home", "writing"]

DATABASE_NAME: Final = "taxi_qa.db"
FOLDERS: Final = ("tracks", "staging", "derived", "reports")

_MARK_NAME: Final = "home.json"
_LOCK_NAME: Final = "lock"
_DEFAULTS: Final = {"city": "zhongshan", "timezone": "Asia/Shanghai", "buckets": "32"}
_MAX_BUCKETS: Final = 1024


@dataclass(frozen=True)
class Home:
    """An opened home.

    Attributes:
        path: its folder.
        url: URL of its database, with the password: never print it. Worker processes open the home
            again by `open_home(path, url)`.
        engine: connections of this process.
        city: the place whose law binds.
        timezone: the zone of its city days.
        buckets: into how many parts the vehicles are divided.
    """

    path: Path
    url: str = field(repr=False)
    engine: Engine = field(repr=False, compare=False)
    city: str
    timezone: str
    buckets: int

    def __reduce__(self) -> tuple[Callable[[str, str], "Home"], tuple[str, str]]:
        """Another process opens the home again: connections do not travel."""
        return open_home, (str(self.path), self.url)

    @property
    def tracks(self) -> Path:
        """Track files: `day=YYYY-MM-DD/bucket=NN/*.parquet`."""
        return self.path / "tracks"

    @property
    def staging(self) -> Path:
        """Unfinished work; emptied whenever writing begins."""
        return self.path / "staging"

    @property
    def derived(self) -> Path:
        """Caches that prove their own freshness."""
        return self.path / "derived"

    @property
    def reports(self) -> Path:
        """Reports written for people."""
        return self.path / "reports"


def make_home(
    path: str | Path,
    url: str | None = None,
    *,
    city: str | None = None,
    timezone: str | None = None,
    buckets: int | None = None,
) -> Home:
    """Make a home, or bring an existing one to the newest migration; safe to repeat and to kill.

    Args:
        path: the folder; made where it does not exist.
        url: the database; None for a SQLite file in the folder.
        city: the place whose law binds; None keeps what is set (a new home: zhongshan).
        timezone: the zone of the city's days; None keeps what is set (a new home: Asia/Shanghai).
        buckets: 1 to 1024; None keeps what is set (a new home: 32).

    Raises:
        HomeError: the folder or the database cannot be used, or the home is set up otherwise.
    """
    asked = {"city": city, "timezone": timezone, "buckets": None if buckets is None else str(buckets)}
    _check_settings(timezone, buckets)
    folder = _folder(path)
    address = _address(folder, url)
    try:
        for name in FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            home_id = _mark(folder, address)
            with _passing_engine(address, foreign_keys=False) as engine, transaction(engine) as connection:
                settings = _migrate(connection, folder, home_id, asked)
    except OSError as error:
        raise HomeError(f"the home {folder} cannot be made: {error.strerror or error}") from None
    return _home(folder, address, settings)


def open_home(path: str | Path, url: str | None = None) -> Home:
    """Open a home that was made.

    Raises:
        HomeError: there is none, its database cannot be reached, or it stands at another migration.
    """
    folder = _folder(path)
    address = _address(folder, url)
    way_out = f"make one with: taxi-qa init --home {_quoted(folder)}"
    mark = _read_mark(folder)
    if mark is None:
        raise HomeError(f"{folder} is no home of taxi-qa; {way_out}")
    if url is None and not (folder / DATABASE_NAME).is_file():
        raise HomeError(_other_database(folder, mark) or f"the home {folder} has no database; {way_out}")
    with _passing_engine(address, foreign_keys=True) as engine, engine.connect() as connection:
        _check_revision(connection, folder)
        settings = _settings(connection)
    if settings.get("home_id") != mark["home_id"]:
        raise HomeError(_strangers(folder))
    return _home(folder, address, settings)


def _home(folder: Path, address: URL, settings: dict[str, str]) -> Home:
    return Home(
        path=folder,
        url=address.render_as_string(hide_password=False),
        engine=make_engine(address),
        city=settings["city"],
        timezone=settings["timezone"],
        buckets=int(settings["buckets"]),
    )


def _check_settings(timezone: str | None, buckets: int | None) -> None:
    if timezone is not None:
        try:
            zone_of(timezone)
        except ValueError as error:
            raise HomeError(str(error)) from None
    if buckets is not None and not 1 <= buckets <= _MAX_BUCKETS:
        raise HomeError(f"{buckets} buckets cannot be; expected 1 to {_MAX_BUCKETS}")


def _folder(path: str | Path) -> Path:
    folder = Path(path).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise HomeError(f"{folder} is a file; a home is a folder: give another --home")
    return folder


def _address(folder: Path, url: str | None) -> URL:
    if url is None:
        return URL.create("sqlite", database=str(folder / DATABASE_NAME))
    return database_url(url)


def _quoted(path: Path) -> str:
    text = str(path)
    return f'"{text}"' if any(c.isspace() for c in text) else text


# --- the folder's mark ------------------------------------------------------------------------------


def _read_mark(folder: Path) -> dict[str, str] | None:
    try:
        mark = json.loads((folder / _MARK_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise HomeError(
            f"{folder / _MARK_NAME} cannot be read; expected the JSON that init wrote: restore it"
        ) from None
    if not isinstance(mark, dict) or not isinstance(mark.get("home_id"), str):
        raise HomeError(f"{folder / _MARK_NAME} names no home_id; restore the file that init wrote")
    return mark


def _mark(folder: Path, address: URL) -> str:
    """The folder's id; written before anything of the database, so a killed init can be repeated."""
    mark = _read_mark(folder)
    backend = address.get_backend_name()
    if mark is None:
        mark = {"home_id": uuid.uuid4().hex, "database": backend}
        written = folder / f"{_MARK_NAME}.new"
        written.write_text(json.dumps(mark) + "\n", encoding="utf-8")
        written.replace(folder / _MARK_NAME)
    elif backend == "sqlite" and not Path(str(address.database)).exists():
        refusal = _other_database(folder, mark)
        if refusal:
            raise HomeError(refusal)
    return mark["home_id"]


def _other_database(folder: Path, mark: dict[str, str]) -> str | None:
    if mark.get("database") == "postgresql":
        return f"the home {folder} keeps its tables in PostgreSQL; give its --database URL"
    return None


def _strangers(folder: Path) -> str:
    return f"the folder {folder} and the database belong to different homes; give the --database of this home"


# --- settings and migrations ------------------------------------------------------------------------


def _settings(connection: Connection) -> dict[str, str]:
    rows = connection.execute(select(col(Setting.name), col(Setting.value)))
    return {str(name): str(value) for name, value in rows}


def _check_revision(connection: Connection, folder: Path) -> None:
    revision = migrate.revision_of(connection)
    if revision == migrate.HEAD:
        return
    command = f"taxi-qa init --home {_quoted(folder)}"
    if revision is None:
        raise HomeError(f"the database of {folder} was never set up; run: {command}")
    if not migrate.is_known(revision):
        raise HomeError(_newer(folder, revision))
    raise HomeError(
        f"the database of {folder} stands at migration {revision}, this version needs {migrate.HEAD};"
        f" run: {command}"
    )


def _newer(folder: Path, revision: str) -> str:
    return (
        f"the home {folder} was written by a newer version of taxi-qa (migration {revision},"
        f" this version knows up to {migrate.HEAD}); install the newer version"
    )


def _migrate(
    connection: Connection, folder: Path, home_id: str, asked: dict[str, str | None]
) -> dict[str, str]:
    """Bring the database to the newest migration and settle the settings, in one transaction."""
    revision = migrate.revision_of(connection)
    if revision is not None and not migrate.is_known(revision):
        raise HomeError(_newer(folder, revision))
    if revision != migrate.HEAD:
        migrate.upgrade(connection)
    settings = _settings(connection)
    if settings.get("home_id", home_id) != home_id:
        raise HomeError(_strangers(folder))
    for name, wanted in asked.items():
        if wanted is not None and settings.get(name, wanted) != wanted:
            raise HomeError(
                f"the home {folder} is set up with {name} {settings[name]}, not {wanted};"
                f" leave the option out, or give another --home"
            )
    fresh = {name: asked[name] or default for name, default in _DEFAULTS.items()} | {"home_id": home_id}
    missing = [(name, value) for name, value in fresh.items() if name not in settings]
    bulk_insert(connection, Setting.__tablename__, ["name", "value"], missing)
    return fresh | settings


@contextmanager
def _passing_engine(address: URL, *, foreign_keys: bool) -> Iterator[Engine]:
    """An engine for one look; what the database complains of becomes one line without the password."""
    engine = make_engine(address, foreign_keys=foreign_keys)
    try:
        yield engine
    except DBAPIError as error:
        shown = address.render_as_string(hide_password=True)
        raise HomeError(f"the database {shown} cannot be used: {first_line(error)}") from None
    except SQLAlchemyError as error:
        shown = address.render_as_string(hide_password=True)
        raise HomeError(f"the database {shown} cannot be used: {type(error).__name__}") from None
    finally:
        engine.dispose()


# --- the lock ---------------------------------------------------------------------------------------

# Lock files this process holds, and how often: record locks belong to the process, so a second opening
# in the same process would not wait, and closing it would let the lock go.
_held: dict[Path, int] = {}


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock; yields whether it was taken just now (False: held already).

    Record locks end with the process however it ends, and forked workers do not inherit them.
    """
    path = (folder / _LOCK_NAME).resolve()
    if path in _held:
        _held[path] += 1
        try:
            yield False
        finally:
            _held[path] -= 1
        return
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise HomeError(
                f"another taxi-qa{_holder(file)} is writing to {folder}; wait until it has ended"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        _held[path] = 1
        try:
            yield True
        finally:
            del _held[path]


def _holder(file: IO[str]) -> str:
    file.seek(0)
    pid = file.read().strip()
    return f" (process {pid})" if pid.isdigit() else ""


@contextmanager
def writing(home: Home, *, sweep: bool = True) -> Iterator[None]:
    """Be the only process that writes to the home; sweeps what a killed one left behind.

    May be entered again within the same process (nothing is swept then).

    Args:
        home: which.
        sweep: False for who adds a row of a form: a sweep looks at every track file there is.

    Raises:
        HomeError: another process is writing.
    """
    with _locked(home.path) as fresh:
        if fresh and sweep:
            _sweep(home)
        yield


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Be the only process at work in a folder that is no home.

    Raises:
        HomeError: another process is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        yield


def require_writing(home: Home) -> None:
    """Make sure that this process holds the home's lock.

    Raises:
        RuntimeError: it does not; a mistake of the caller.
    """
    if (home.path / _LOCK_NAME).resolve() not in _held:
        raise RuntimeError("enter writing(home) before writing to it")


def _sweep(home: Home) -> None:
    """Empty staging, and delete track files the manifest does not name (never committed, or replaced)."""
    for name in FOLDERS:
        (home.path / name).mkdir(exist_ok=True)
    for leftover in home.staging.iterdir():
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)
    with home.engine.connect() as connection:
        named = set(connection.execute(select(col(Segment.name))).scalars())
    for file in home.tracks.glob("day=*/bucket=*/*.parquet"):
        if file.relative_to(home.tracks).as_posix() not in named:
            file.unlink(missing_ok=True)
