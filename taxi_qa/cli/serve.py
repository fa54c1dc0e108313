"""`taxi-qa serve`: the web, by a production WSGI server."""

import gc
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taxi_qa.cli.command import Command, Place, now_ms, opened, place_of
from taxi_qa.cli.screen import note

if TYPE_CHECKING:
    from flask import Flask


_METRICS = "PROMETHEUS_MULTIPROC_DIR"
_THREADS = 4
# New objects between two looks of the collector; a page of a hundred rows makes some ten thousand.
_COLLECTED_AT = 50_000


@click.command(cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where it listens.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8000,
    show_default=True,
    metavar="N",
    help="0: any free one.",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, metavar="N", help="Processes."
)
@click.option(
    "--proxies",
    type=click.IntRange(0, 5),
    default=0,
    show_default=True,
    metavar="N",
    help="How many reverse proxies of yours stand before it; their headers are believed.",
)
@click.option(
    "--https", is_flag=True, help="A proxy speaks HTTPS to browsers: cookies travel by nothing else."
)
@click.option(
    "--tiles",
    default="",
    metavar="URL",
    help="Map tiles with {z}, {x} and {y}.  [default: none, roads of the home]",
)
@click.option(
    "--tiles-datum",
    type=click.Choice(["wgs84", "gcj02"]),
    default="wgs84",
    show_default=True,
    help="In which datum they are drawn.",
)
@click.pass_context
def serve(
    ctx: click.Context,
    host: str,
    port: int,
    workers: int,
    proxies: int,
    https: bool,
    tiles: str,
    tiles_datum: str,
) -> None:
    """Serve the web.

    Make accounts first: `taxi-qa users add`.
    """
    from taxi_qa.store.accounts import all_accounts

    home = opened(ctx)
    if not all_accounts(home):
        note("nobody may sign in yet: taxi-qa users add NAME --role administrator")
    home.engine.dispose()
    told = {"proxies": proxies, "secure_cookies": https, "tiles": tiles, "tiles_datum": tiles_datum}
    run(place_of(ctx), told, host=host, port=port, workers=workers)


def run(place: Place, told: dict[str, Any], *, host: str, port: int, workers: int) -> None:
    """Serve a home until somebody ends it.

    Args:
        place: the home; each worker process opens it for itself.
        told: fields of `web.settings.Settings`.
        host, port: where to listen.
        workers: processes (ignored where the system cannot fork: threads then).
    """
    _log_to_stderr()
    folder = place.home / "derived" / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[_METRICS] = str(folder)
    note(f"http://{host}:{port}/  (Ctrl-C ends it)")
    if sys.platform == "win32":
        del os.environ[_METRICS]
        import waitress

        waitress.serve(application(place, told), host=host, port=port, threads=_THREADS)
        return
    _gunicorn(place, told, f"{host}:{port}", workers)


def _gunicorn(place: Place, told: dict[str, Any], address: str, workers: int) -> None:
    from gunicorn.app.base import BaseApplication

    class Served(BaseApplication):  # type: ignore[misc] # gunicorn has no types
        def load_config(self) -> None:
            options = {
                "bind": address, "workers": workers, "preload_app": False, "worker_class": "sync",
                "timeout": 120, "graceful_timeout": 20, "accesslog": None, "errorlog": "-",
                "loglevel": "warning", "child_exit": _forget_figures,
                # Heartbeats only, in memory: a slow disk must not look like a dead worker.
                "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108 - as said
            }  # fmt: skip
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> "Flask":
            return application(place, told)

    Served().run()


def _forget_figures(_server: object, worker: Any) -> None:  # noqa: ANN401 - gunicorn's
    """A worker that ended has no open requests any more."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call] # untyped there


def application(place: Place, told: dict[str, Any]) -> "Flask":
    """The web of a home, opened in this process."""
    from taxi_qa.store.home import open_home
    from taxi_qa.web.api.couriers import Courier
    from taxi_qa.web.app import create_app, warm_up
    from taxi_qa.web.settings import Settings

    home = open_home(place.home, place.database)
    app = create_app(home, Settings(now_ms=now_ms, **told))
    warm_up(app)
    Courier(home, now_ms).start()
    # What was loaded stays for good: the collector need not walk over it again with every few pages.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECTED_AT)
    return app


def _log_to_stderr() -> None:
    """One line of JSON a request, without anything of a person."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    logging.getLogger("taxi_qa.web").setLevel(logging.INFO)
