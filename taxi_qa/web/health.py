"""For machines: whether the web works, and its figures for Prometheus; and a line a request for the log.

Neither holds anything of a person: addresses of pages are told by their pattern, not by what was asked.
"""

import json
import logging
import time
from typing import Final

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from taxi_qa import __version__
from taxi_qa.web.permits import public
from taxi_qa.web.viewer import home

blueprint: Final = Blueprint("health", __name__)
log: Final = logging.getLogger("taxi_qa.web")
REQUESTS: Final = Counter(
    "taxi_qa_requests", "Requests by page, method and status.", ("page", "method", "status")
)
SECONDS: Final = Histogram("taxi_qa_request_seconds", "How long requests took, by page.", ("page",))


def install(app: Flask) -> None:
    """Measure every request."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.began_s = time.perf_counter()


def _end(answer: Response) -> Response:
    took_s = time.perf_counter() - getattr(g, "began_s", time.perf_counter())
    page = request.endpoint or "none"
    REQUESTS.labels(page, request.method, answer.status_code).inc()
    SECONDS.labels(page).observe(took_s)
    told = {
        "page": page,
        "method": request.method,
        "status": answer.status_code,
        "ms": round(took_s * 1000, 1),
    }
    log.info("%s", json.dumps(told))
    return answer


@blueprint.get("/health")
@public
def health() -> tuple[dict[str, str], int]:
    """Whether the database answers."""
    try:
        with home().engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return {"status": "the database does not answer", "version": __version__}, 503
    return {"status": "ok", "version": __version__}, 200


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """Figures for Prometheus, of all workers together where they share a folder."""
    registry = CollectorRegistry()
    try:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # untyped there
    except ValueError:  # one process alone
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
