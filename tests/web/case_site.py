"""The page of one case and its track, served as the web serves them: same template, files and CSP."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import jinja2

from taxi_qa.paths import shipped
from taxi_qa.reports.case_view import CaseView
from taxi_qa.reports.track_shape import TrackView

STATIC: Final = Path(__file__).resolve().parents[2] / "taxi_qa" / "web" / "static"
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'"
)
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".png": "image/png"}
_PAGE: Final = """<!doctype html>
<html lang="{{ 'en' if english else 'zh-Hans' }}">
<head><meta charset="utf-8"><title>case</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1">
{% include "web/case_head.html" %}<link rel="stylesheet" href="/page.css"></head>
<body><main>{% include "web/case_body.html" %}</main></body></html>"""
_PAGE_CSS: Final = (
    "body{background:#f4f6f9;font-family:system-ui,'Noto Sans CJK SC',sans-serif;margin:0}"
    "main{margin:0 auto;max-width:72rem;padding:.6rem}"
)


def page(view: CaseView, *, english: bool = False, track_url: str = "/track.json", tiles: str = "") -> str:
    """The page of a case as HTML; messages stay Chinese, what comes with the data follows the language."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(shipped("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.update(_=lambda message: message, url_for=lambda _, filename: f"/static/{filename}")
    template = environment.from_string(_PAGE)
    return template.render(
        view=view, english=english, track_url=track_url, tiles=tiles, tiles_attribution="a map service"
    )


@contextmanager
def served(pages: dict[str, str], tracks: dict[str, TrackView | dict[str, Any]]) -> Iterator[str]:
    """A server on the loopback network for these pages and tracks by path; gives its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path in pages:
                self._send(pages[path].encode(), "text/html; charset=utf-8")
            elif path in tracks:
                told = tracks[path]
                plain = told.as_json() if isinstance(told, TrackView) else told
                self._send(json.dumps(plain).encode(), "application/json")
            elif path == "/page.css":
                self._send(_PAGE_CSS.encode(), "text/css")
            elif path.startswith("/static/") and (file := STATIC / path.removeprefix("/static/")).is_file():
                self._send(file.read_bytes(), _TYPES[file.suffix])
            else:
                self.send_error(404)

        def _send(self, body: bytes, media_type: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", CSP)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
