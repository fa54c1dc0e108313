"""The application: one home, its pages, and what holds for all of them."""

from flask import Flask, Response, g, render_template, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from taxi_qa.paths import shipped
from taxi_qa.store.accounts import secret_key
from taxi_qa.store.home import Home
from taxi_qa.web import (
    admin,
    case_page,
    cases,
    coaching,
    company,
    complaint_page,
    complaints,
    drivers,
    health,
    hub_luck,
    inspections,
    lookup,
    menu,
    permits,
    queue,
    sign_in,
    sla,
    start,
    texts,
    trips,
    vehicles,
    words,
    zones,
)
from taxi_qa.web.api import described, hooks, problems, reads, records
from taxi_qa.web.settings import Settings
from taxi_qa.web.viewer import law, live_labels

# Pages of a fleet, for its manager and for the city.
_FLEET = (company, coaching, vehicles, complaints, complaint_page, sla)
# Pages of the street, for inspectors.
_STREET = (lookup, trips, inspections, zones)
# What machines ask for, with a token.
API = (records.blueprint, reads.blueprint, hooks.blueprint)
PAGES = (start, cases, case_page, queue, drivers, hub_luck, *_FLEET, *_STREET, texts, admin, health)


def create_app(home: Home, settings: Settings) -> Flask:
    """The web of a home, as a WSGI application.

    Args:
        home: opened in this process: after a fork each worker opens its own.
        settings: how it is set up.
    """
    app = Flask("taxi_qa.web", template_folder=str(shipped("templates")), static_folder="static")
    app.config.update(
        SECRET_KEY=secret_key(home),
        SESSION_COOKIE_NAME="taxi_qa",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        MAX_CONTENT_LENGTH=settings.upload_bytes,
        MAX_FORM_MEMORY_SIZE=500_000,
        MAX_FORM_PARTS=200,
        # A form that was open all day is refused with its session, not before.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=settings.secure_cookies,
    )
    app.extensions["taxi_qa.home"] = home
    app.extensions["taxi_qa.settings"] = settings
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.proxies:
        trusted = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=trusted)  # type: ignore[method-assign] # Flask's own way
    health.install(app)
    words.install(app)
    forgery = CSRFProtect(app)
    sign_in.install(app)
    for page in PAGES:
        app.register_blueprint(page.blueprint)
    described.install(app, API)
    for blueprint in API:
        # A token is shown on purpose; no browser sends one along by itself.
        forgery.exempt(blueprint)
    app.context_processor(menu.shown)
    permits.guard(app)
    app.after_request(_head)
    app.register_error_handler(HTTPException, _failed)
    return app


def warm_up(app: Flask) -> None:
    """Read and compile what the first readers would else wait for: pages, the law, the rules' labels."""
    for name in app.jinja_env.list_templates(extensions=["html"]):
        app.jinja_env.get_template(name)
    with app.app_context():
        law()
        live_labels()


def _head(answer: Response) -> Response:
    """Headers of every answer: nothing from elsewhere, nothing inline, kept by no cache but assets."""
    tiles = getattr(g, "tile_host", "")
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src 'self' data: blob: {tiles}; media-src 'self'; connect-src 'self'; font-src 'self'; "
        "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ).replace(" ;", ";")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["X-Frame-Options"] = "DENY"
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["Permissions-Policy"] = "geolocation=(self), camera=(self), microphone=()"
    answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if request.is_secure:
        answer.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint != "static":
        answer.headers["Cache-Control"] = "no-store"
    return answer


def _failed(error: HTTPException) -> tuple[str, int] | HTTPException | Response:
    """What went wrong in words of the reader, with a way on."""
    if problems.is_api():
        return problems.answer(error)
    if error.response is not None or error.code is None:
        return error
    said = error.description if isinstance(error, CSRFError) or error.code == 400 else ""  # noqa: PLR2004
    return render_template("web/error.html", code=error.code, said=said), error.code
